"""The rules of the house, read from the code itself. They are written down in docs/architecture.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*ROOT.glob("fer_core/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "streamlit_app.py"])

# Floors of the house, from the top. A room imports from its own floor or from a floor below, never from above.
FLOORS: list[set[str]] = [
    {"streamlit_app"},
    {"pages", "fer_core.cli", "fer_core.__main__"},
    {"fer_core.ui"},
    {"fer_core.charts", "fer_core.inference", "fer_core.evaluation", "fer_core.runs", "fer_core.training"},
    {"fer_core.quality", "fer_core.splits", "fer_core.review", "fer_core.models"},
    {"fer_core.data"},
    {"fer_core.jobs"},
    {"fer_core.emotions", "fer_core.errors", "fer_core.workspace", "fer_core"},
]
HEAVY = {"tensorflow", "keras", "tf2onnx", "jax", "torch"}
MAY_BE_HEAVY = ("fer_core.models", "fer_core.training", "fer_core.inference.convert")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Every module this file imports when it runs, also inside functions; not what only annotations name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    skip = {id(inner) for block in typing for inner in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in skip:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] != "fer_core" else ".".join(parts[:2])


def floor(module: str) -> int:
    for level, rooms in enumerate(FLOORS):
        if room(module) in rooms:
            return level
    raise AssertionError(f"{module} has no floor: add it to FLOORS and docs/architecture.md")


MODULES = {module_name(path): path for path in FILES}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downward(module: str) -> None:
    for name in imported(MODULES[module]):
        if name.split(".")[0] in {"fer_core", "pages", "streamlit_app"} and name in MODULES:
            assert floor(name) >= floor(module), f"{module} imports {name}, which lies above it"
            assert not (module.startswith("pages") and name.startswith("pages")), (
                f"{module} imports the page {name}"
            )


def test_streamlit_stays_upstairs() -> None:
    for module, path in MODULES.items():
        if room(module) not in {"pages", "streamlit_app", "fer_core.ui"}:
            assert "streamlit" not in {name.split(".")[0] for name in imported(path)}, module


def test_tensorflow_and_keras_stay_in_their_rooms() -> None:
    for module, path in MODULES.items():
        if not module.startswith(MAY_BE_HEAVY):
            assert not HEAVY & {name.split(".")[0] for name in imported(path)}, module


def test_nothing_reads_pickle() -> None:
    for module, path in MODULES.items():
        names = {name.split(".")[0] for name in imported(path)}
        assert not names & {"pickle", "dill", "joblib", "cloudpickle"}, module
        assert "allow_pickle=True" not in path.read_text(encoding="utf-8"), module


def test_there_is_no_circle() -> None:
    edges = {m: {n for n in imported(p) if n in MODULES and n != m} for m, p in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for name in edges[module]:
                visit(name, (*path, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def test_no_page_lies_directly_in_pages() -> None:
    # Streamlit would switch on its legacy routing, and a deep link would skip streamlit_app.py.
    assert not list((ROOT / "pages").glob("*.py"))
    assert len((ROOT / "streamlit_app.py").read_text(encoding="utf-8").splitlines()) < 60


def test_the_ui_process_never_imports_tensorflow() -> None:
    """Import everything the pages import, in a fresh process, and look at what came along."""
    wanted = sorted(
        {
            n
            for m, p in MODULES.items()
            if room(m) in {"pages", "fer_core.ui"}
            for n in imported(p)
            if n in MODULES
        }
    )
    code = f"import sys, importlib\nfor m in {wanted!r}: importlib.import_module(m)\n" + (
        f"heavy = {sorted(HEAVY)!r}\nprint([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stderr[-2000:]
    assert out.stdout.strip().splitlines()[-1] == "[]"
