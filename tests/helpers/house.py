"""The house as its rules see it: files, modules, rooms and floors, read from the code itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = sorted([*ROOT.glob("fer_core/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "streamlit_app.py"])

# Floors of the house, from the ground. A room imports from itself and from floors below, never from its own floor or above.
FLOORS: list[set[str]] = [
    {"fer_core", "fer_core.base"},
    {"fer_core.charts", "fer_core.jobs", "fer_core.recipes"},
    {"fer_core.models", "fer_core.runs"},
    {"fer_core.data"},
    {
        "fer_core.checks",
        "fer_core.duplicates",
        "fer_core.inference",
        "fer_core.provenance",
        "fer_core.review",
    },
    {"fer_core.explore", "fer_core.splits", "fer_core.training"},
    {"fer_core.scheduling"},
    {"fer_core.evaluation", "fer_core.mislabels"},
    {"fer_core.reports", "fer_core.upkeep", "fer_core.workers"},
    {"fer_core.api"},
    {"fer_core.cli", "fer_core.ui"},
    {"fer_core.__main__", "pages"},
    {"streamlit_app"},
]


@cache
def tree(path: Path) -> ast.Module:
    """A file as Python reads it; most rules look at every file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Every module this file imports, also inside functions and for annotations."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] != "fer_core" else ".".join(parts[:2])


def floor(module: str) -> int:
    for level, rooms in enumerate(FLOORS):
        if room(module) in rooms:
            return level
    raise AssertionError(f"{module} has no floor: add it to FLOORS and docs/architecture.md")


MODULES = {module_name(path): path for path in FILES}


BROWSER_TEXT = re.compile(
    r"<style|<script|export default|addEventListener|=>\s*\{|^[ \t]*[.#:\w][^{}\n]*\{\s*[\w-]+\s*:[^{}]*;",
    re.MULTILINE,
)


def browser_strings(path: Path) -> list[str]:
    """Places where a string holds a style sheet or a script."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and BROWSER_TEXT.search(node.value)
    ]


def exists(parts: list[str]) -> bool:
    """Whether this is a module, or a name that stands in one."""
    module = next(
        (".".join(parts[:end]) for end in range(len(parts), 1, -1) if ".".join(parts[:end]) in MODULES), None
    )
    if module is None:
        return False
    name = parts[len(module.split(".")) :]
    return not name or bool(
        re.search(rf"\b{re.escape(name[0])}\b", MODULES[module].read_text(encoding="utf-8"))
    )


IMPORTED = re.compile(r"^\s*from (fer_core[\w.]*) import ([\w, ]+)$", re.MULTILINE)


def gone(path: Path) -> list[str]:
    """What a file imports of ours and is not there, also in programs that it holds as text."""
    names = [
        f"{module}.{name}"
        for module, names in IMPORTED.findall(path.read_text(encoding="utf-8"))
        for name in names.replace(" ", "").split(",")
    ]
    return [f"{path.relative_to(ROOT)}: {name}" for name in names if not exists(name.split("."))]


def limits(module: ast.Module) -> list[str]:
    """Comparisons with a fraction, or with a name this module gives to one; whole numbers are no limits."""

    def fraction(node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value % 1 != 0

    named = {
        name.id
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and any(map(fraction, ast.walk(node)))
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    return [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(module)
        if isinstance(node, ast.Compare)
        and any(
            fraction(part) or (isinstance(part, ast.Name) and part.id in named) for part in ast.walk(node)
        )
    ]
