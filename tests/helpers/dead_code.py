"""Code that nobody uses: vulture, which reads names, told of the keys that are read as texts.

`python tests/helpers/dead_code.py` prints it, and ends with status 1 where there is any. A key of a TypedDict, or a field of
what a report's template is given, is used where its name stands as a text that is read, or in a template.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from vulture import Vulture
from vulture.config import make_config

ROOT = Path(__file__).resolve().parents[2]


def unused() -> list[str]:
    """A line for each piece of dead code: file, line, what."""
    options = make_config(["--config", str(ROOT / "pyproject.toml")])
    found = Vulture(ignore_names=options["ignore_names"], ignore_decorators=options["ignore_decorators"])
    found.scavenge([ROOT / path for path in options["paths"]])
    read, drawn = read_texts(), template_words()
    return [
        f"{item.filename}:{item.first_lineno}: {item.message}"
        for item in found.get_unused_code(options["min_confidence"])
        if not (_is_field(item.filename, item.first_lineno) and item.name in read | drawn)
    ]


def read_texts() -> set[str]:
    """Texts of the product that are not merely written: as `row["name"]` or in a list of columns, not as `{"name": 1}`."""
    read: set[str] = set()
    for tree in _trees():
        nodes = list(ast.walk(tree))
        written = {id(key) for node in nodes if isinstance(node, ast.Dict) for key in node.keys}
        written |= {
            id(node.slice)
            for node in nodes
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
        }
        texts = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in written]
        read |= {node.value for node in texts if isinstance(node.value, str)}
    return read


def template_words() -> set[str]:
    """Names in the templates of the reports."""
    files = (ROOT / "fer_core" / "reports" / "templates").glob("*")
    return {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


def _trees() -> Iterator[ast.Module]:
    for folder in ("fer_core", "pages", "bench"):
        for path in (ROOT / folder).rglob("*.py"):
            yield ast.parse(path.read_text(encoding="utf-8"))


def _is_field(path: Path, line: int) -> bool:
    """Whether a class declares a field there."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    fields = [each for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body]
    return any(isinstance(each, ast.AnnAssign) and each.lineno == line for each in fields)


if __name__ == "__main__":
    sys.exit("\n".join(unused()) or 0)
