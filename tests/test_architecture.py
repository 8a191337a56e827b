"""The rules of the house, read from the code itself. They are written down in docs/architecture.md."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import dead_code
import pytest
from house import (
    BROWSER_TEXT,
    FILES,
    MODULES,
    ROOT,
    browser_strings,
    exists,
    floor,
    gone,
    imported,
    limits,
    room,
    tree,
)  # fmt: skip

from fer_core.recipes.schema import Training

LAZY_FRONT_DOOR = "fer_core"  # its names are imported when they are asked for
SHARED_UI = {"components", "shell"}
UI_PAIRS = {("stratify", "duplicates"), ("train", "explore"), ("train", "predict"), ("explore", "versions")}
"""Screens that show a part of another one; every other screen imports `components` and `shell` alone."""
MAX_FUNCTION, MAX_FILE, MAX_FOLDER = 60, 300, 24  # lines, lines, files
HEAVY = {"tensorflow", "keras", "tf2onnx", "jax", "torch"}
FILES_AND_PROCESSES = {"fer_core.base", "fer_core.jobs"}
"""The only rooms that move files into place, lock, and start processes; everybody else asks them."""
MAY_BE_HEAVY = ("fer_core.models", "fer_core.training", "fer_core.workers")


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downward(module: str) -> None:
    for name in imported(MODULES[module]):
        if name not in MODULES or module == LAZY_FRONT_DOOR:
            continue
        assert not (module.startswith("pages") and name.startswith("pages")), f"{module} imports a page"
        if room(name) != room(module):
            assert floor(name) < floor(module), f"{module} imports {name}, which is no floor below"


def test_screens_share_only_components_and_the_shell() -> None:
    used = set()
    for module, path in MODULES.items():
        if module.startswith("fer_core.ui."):
            mine = module.split(".")[2]
            for name in imported(path):
                if name in MODULES and name.startswith("fer_core.ui.") and name.split(".")[2] != mine:
                    used.add((mine, name.split(".")[2]))
    assert {pair for pair in used if pair[1] not in SHARED_UI} == UI_PAIRS
    assert not {pair for pair in used if pair[0] == "components"}, "components know no other room of the ui"
    assert {pair[1] for pair in used if pair[0] == "shell"} <= {"components"}


def test_sizes() -> None:
    big = []
    for path in sorted({*FILES, *ROOT.glob("bench/*.py"), *ROOT.glob("tests/**/*.py")}):
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE:
            big.append(f"{path.relative_to(ROOT)} has {lines} lines")
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MAX_FUNCTION:
                    big.append(f"{path.relative_to(ROOT)}:{node.name} has {lines} lines")
    for folder in {path.parent for path in FILES}:
        count = sum(path.is_file() for path in folder.iterdir())
        if count > MAX_FOLDER:
            big.append(f"{folder.relative_to(ROOT)} has {count} files")
    assert not big, "\n".join(big)


def test_no_rule_of_the_domain_stands_in_a_screen_or_verb() -> None:
    """A limit is a named, documented, tested constant of the library, which page, verb and report ask."""
    found = [
        f"{module}: {rule}"
        for module, path in MODULES.items()
        if module.startswith(("fer_core.ui", "fer_core.cli", "pages"))
        for rule in limits(tree(path))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("share > 0.02", 1),
        ("_FEW = 0.01\nword = 'look' if share < _FEW else 'bad'", 1),
        ("SMALL, LARGE = 0.05, 0.1\nv < SMALL < LARGE", 1),
        ("0.1 <= x and found['load'] > -0.5", 2),
        ("x > 0 and y >= 1.0 and len(names) > 14", 0),  # whole numbers: layout, counts
        ("EVERY = 1.5\nrun(every=EVERY)", 0),
    ],
)
def test_a_limit_in_a_screen_is_seen(text: str, count: int) -> None:
    assert len(limits(ast.parse(text))) == count


def test_streamlit_stays_upstairs() -> None:
    for module, path in MODULES.items():
        if room(module) not in {"pages", "streamlit_app", "fer_core.ui"}:
            assert "streamlit" not in {name.split(".")[0] for name in imported(path)}, module


def test_tensorflow_and_keras_stay_in_their_rooms() -> None:
    for module, path in MODULES.items():
        if not module.startswith(MAY_BE_HEAVY):
            assert not HEAVY & {name.split(".")[0] for name in imported(path)}, module


def test_files_are_moved_into_place_by_base_alone() -> None:
    """`os.replace` and its like, by whatever name; `str.replace` takes two arguments, `Path.replace` one."""
    for module, path in MODULES.items():
        if room(module) in FILES_AND_PROCESSES:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module in {"os", "shutil"}:
                assert not {a.name for a in node.names} & {"replace", "rename", "renames", "move"}, module
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            called = f"{ast.unparse(node.func.value)}.{node.func.attr}"
            here = f"{module}:{node.lineno}: {called}; use fer_core.base.atomic"
            assert called not in {"os.replace", "os.rename", "os.renames", "shutil.move"}, here
            only_one = len(node.args) == 1 and not node.keywords
            column = isinstance(node.func.value, ast.Subscript)  # of a table: its `replace` takes a mapping
            assert not (only_one and node.func.attr == "replace" and not column), here


def test_locks_are_held_by_base_alone() -> None:
    for module, path in MODULES.items():
        if room(module) not in FILES_AND_PROCESSES:
            assert not {"fcntl", "msvcrt", "portalocker", "filelock"} & set(imported(path)), module


def test_processes_are_started_by_jobs_alone() -> None:
    for module, path in MODULES.items():
        if room(module) in FILES_AND_PROCESSES:
            continue
        assert not {"subprocess", "multiprocessing", "pty"} & {n.split(".")[0] for n in imported(path)}, (
            module
        )
        calls = {ast.unparse(n.func) for n in ast.walk(tree(path)) if isinstance(n, ast.Call)}
        started = {
            name for name in calls if name.startswith(("os.exec", "os.spawn", "os.posix_spawn", "os.fork"))
        }
        assert not started | calls & {"os.system", "os.popen"}, module


def test_files_of_predictions_are_known_to_runs_alone() -> None:
    for module, path in MODULES.items():
        if room(module) != "fer_core.runs":
            assert "predictions-" not in path.read_text(encoding="utf-8"), f"{module}: use runs.predictions"


def test_nothing_reads_pickle() -> None:
    for module, path in MODULES.items():
        names = {name.split(".")[0] for name in imported(path)}
        assert not names & {"pickle", "dill", "joblib", "cloudpickle"}, module
        assert "allow_pickle=True" not in path.read_text(encoding="utf-8"), module


def test_there_is_no_circle() -> None:
    edges = {
        m: {n for n in imported(p) if n in MODULES and n not in (m, LAZY_FRONT_DOOR)}
        for m, p in MODULES.items()
    }
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


def test_pages_load_neither_tensorflow_nor_what_only_a_search_needs() -> None:
    """Import everything the pages import, in a fresh process, and look at what came along."""
    screens = [path for module, path in MODULES.items() if room(module) in {"pages", "fer_core.ui"}]
    wanted = sorted({name for path in screens for name in imported(path) if name in MODULES})
    code = f"import sys, importlib\nfor m in {wanted!r}: importlib.import_module(m)\n" + (
        f"heavy = {sorted({*HEAVY, 'optuna'})!r}\nprint([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stderr[-2000:]
    assert out.stdout.strip().splitlines()[-1] == "[]"


def test_style_sheets_and_scripts_are_files_of_their_own() -> None:
    assert not [place for path in FILES for place in browser_strings(path)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<style>p {}</style>", True),
        ("a\n.face { color: red; }\n", True),
        ("export default function () {}", True),
        ('<p style="color:red">', False),
        ("{name}: {count:,} of {total};", False),
    ],
)
def test_a_style_sheet_in_a_string_is_seen(text: str, found: bool) -> None:
    assert bool(BROWSER_TEXT.search(text)) is found


def test_imports_keep_their_names() -> None:
    """A module or function that has to be renamed where it is used has the wrong name."""
    renamed = []
    for path in [*FILES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/*.py")]:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                source = getattr(node, "module", None) or ""
                for alias in node.names:
                    renames = alias.asname not in (None, alias.name)  # `as` itself exports a name
                    if renames and f"{source}.{alias.name}".lstrip(".").startswith("fer_core."):
                        renamed.append(f"{path.relative_to(ROOT)}: {alias.name} as {alias.asname}")
    assert not renamed, "\n".join(renamed)


def test_a_type_has_a_name_of_its_own() -> None:
    """One name, one meaning: no two modules define a class, or name a type, alike."""
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in tree(path).body:
            name = getattr(node, "name", "") or "".join(map(ast.unparse, getattr(node, "targets", [])))
            if name[:1].isupper() and not name.isupper():  # constants are in capitals
                places.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert len(places) > 300
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_every_public_function_is_used_outside_tests() -> None:
    """As `make lint` says it; what libraries call is listed in pyproject.toml."""
    dead = dead_code.unused()
    assert not dead, "\n".join(dead)


def test_benchmarks_import_what_exists() -> None:
    assert not [name for path in sorted(ROOT.glob("bench/*.py")) for name in gone(path)]


DOTTED = re.compile(r"`(?:fer_core\.)?([a-z_]+(?:\.[a-z_]+)+)`")
PAGES_OF_HISTORY = {"adr", "CHANGELOG.md"}  # they tell what was


def test_modules_named_in_docstrings_and_pages_exist() -> None:
    """A backticked `room.module` or `room.module.name` is one of ours where its first word is a room."""
    rooms = {path.name for path in (ROOT / "fer_core").iterdir() if path.is_dir()}
    fields = Training.model_fields
    texts = [*FILES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.md"), ROOT / "README.md"]
    wrong = []
    for path in texts:
        if not PAGES_OF_HISTORY & set(path.parts):
            for name in DOTTED.findall(path.read_text(encoding="utf-8")):
                head, *rest = name.split(".")
                of_a_recipe = head == "training" and rest[0] in fields
                if (
                    head in rooms
                    and not of_a_recipe
                    and rest[-1] != "json"
                    and not exists(["fer_core", head, *rest])
                ):
                    wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong, "\n".join(wrong)


MOST_OPEN_DICTIONARIES = 79
"""Lines with `dict[str, Any]`: TOML trees, rows of any table, keyword arguments, JSON of others. It may only shrink."""


def test_dictionaries_of_anything_are_rare() -> None:
    """A record with known keys is a frozen dataclass, or a TypedDict where it is JSON."""
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted(ROOT.glob("fer_core/**/*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "dict[str, Any]" in line
    ]
    assert len(lines) <= MOST_OPEN_DICTIONARIES, "\n".join(lines)
