"""One word for one thing: what `docs/words.md` says we do not write stands in no text that a person can see."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWN = (
    "fer_core/ui",
    "fer_core/cli",
    "fer_core/reports",
    "fer_core/review",
    "fer_core/splits",
    "fer_core/evaluation",
    "pages",
)


def _not_written() -> list[str]:
    rows = [
        line.split("|") for line in (ROOT / "docs/words.md").read_text().splitlines() if line.startswith("| ")
    ]
    found = [word.strip() for row in rows[2:] for word in row[3].split(";") if word.strip()]
    assert len(found) >= 20, "docs/words.md has lost its column of words that are not written"
    return found


@functools.cache
def _shown() -> list[tuple[Path, str]]:
    """Every text of every file, without comments."""
    return [(path, _without_comments(text, path)) for path in _files() for text in _texts(path)]


def _texts(path: Path) -> Iterator[str]:
    """Strings of a Python file that are not docstrings of private things, and everything of templates and scripts."""
    if path.suffix != ".py":
        yield path.read_text()
        return
    tree = ast.parse(path.read_text())
    hidden = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and "cli" not in path.parts  # the docstring of a verb is its help
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
            yield node.value


def _files() -> list[Path]:
    return [
        path
        for folder in SHOWN
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".js", ".html") and path.is_file()
    ]


@pytest.mark.parametrize("word", _not_written())
def test_no_text_on_a_screen_uses_a_word_that_is_not_ours(word: str) -> None:
    plain = re.sub(r"\s*\{\w+\}", "", word)  # `by {method}` is written by an f-string
    pattern = re.compile(rf"(?<![\w-]){re.escape(plain)}(?![\w_])")
    found = [
        f"{path.relative_to(ROOT)}: {text.strip()[:80]}" for path, text in _shown() if pattern.search(text)
    ]
    assert not found, f"docs/words.md says not to write {word!r}:\n" + "\n".join(found)


def _without_comments(text: str, path: Path) -> str:
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE) if path.suffix == ".js" else text
