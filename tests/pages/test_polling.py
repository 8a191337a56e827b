"""A fragment drawn every few seconds opens no dialog and holds no fragment of its own.

Streamlit runs what is asked for at one moment together, and skips a fragment whose ancestor ran: a press in a dialog
that a polling fragment has opened is lost when both are asked for at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).resolve().parents[2] / "fer_core" / "ui"
Name = tuple[str, str]


def _read() -> tuple[dict[Name, ast.FunctionDef], dict[str, dict[str, Name]]]:
    """Functions of `ui` by module and name; what each module imports: local name -> module and name."""
    functions: dict[Name, ast.FunctionDef] = {}
    imports: dict[str, dict[str, Name]] = {}
    for file in UI.rglob("*.py"):
        module = ".".join(file.relative_to(UI.parents[1]).with_suffix("").parts)
        imports[module] = {}
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                functions[module, node.name] = node
            elif isinstance(node, ast.ImportFrom) and node.module:
                imports[module] |= {alias.name: (node.module, alias.name) for alias in node.names}
    return functions, imports


def _called(of: Name, functions: dict[Name, ast.FunctionDef], imports: dict[str, Name]) -> Iterator[Name]:
    for node in ast.walk(functions[of]):
        if isinstance(node, ast.Name):
            yield imports.get(node.id, (of[0], node.id))
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imports
        ):
            yield ".".join(imports[node.value.id]), node.attr


def test_polling_fragments_hold_neither_dialogs_nor_fragments() -> None:
    functions, imports = _read()
    decorated = {name: [ast.unparse(d) for d in node.decorator_list] for name, node in functions.items()}
    polling = [name for name, by in decorated.items() if any("run_every" in one for one in by)]
    nested = {name for name, node in functions.items() if "st.dialog(" in ast.unparse(node)}
    nested |= {name for name, by in decorated.items() if any("st.fragment" in one for one in by)}
    assert len(polling) >= 7
    assert len(nested) > len(polling)
    for start in polling:
        reached, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            new = set(_called(here, functions, imports[here[0]])) & functions.keys() - reached
            assert not new & nested, (start, here, new & nested)
            reached |= new
            waiting += new
