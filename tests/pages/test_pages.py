"""What every page owes: a title and a purpose, no exception and no traceback, with and without data, in good time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core.base.atomic import write_json
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset, open_dataset
from fer_core.data.importing.import_report import left_out_lines
from fer_core.data.sample.make import make_sample
from fer_core.recipes.recipe import load
from fer_core.runs.store import create_run
from fer_core.ui.shell import next_step

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "pages/data/home.py": "Home",
    "pages/data/explore.py": "Explore",
    "pages/data/duplicates.py": "Duplicates and leaks",
    "pages/data/mislabels.py": "Wrong labels",
    "pages/data/stratify.py": "Stratify",
    "pages/models/train.py": "Train",
    "pages/models/compare.py": "Compare",
    "pages/demo/predict.py": "Try it",
    "pages/keep/doctor.py": "Workspace health",
}
Visit = Callable[..., AppTest]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a small sample."""
    workspace = Workspace(tmp_path_factory.mktemp("filled"))
    make_sample(workspace, count=240)
    return workspace


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    def go(home: Path, page: str, **query: str) -> AppTest:
        monkeypatch.setenv("FER_HOME", str(home))
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
        app.switch_page(page)
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return go


def words(app: AppTest) -> str:
    """All text of a page."""
    kinds = (app.title, app.markdown, app.error, app.warning, app.info, app.get("html"))
    return " ".join(
        str(getattr(e, "value", None) or getattr(e.proto, "body", "")) for kind in kinds for e in kind
    )


def check(app: AppTest, title: str) -> None:
    assert not app.exception
    assert f"<h1>{title}</h1>" in words(app)
    assert "fer-purpose" in words(app)
    assert "Traceback" not in words(app)


def test_every_page_is_tested() -> None:
    assert {str(p.relative_to(ROOT)) for p in ROOT.glob("pages/*/*.py")} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_workspace(page: str, visit: Visit, tmp_path: Path) -> None:
    app = visit(tmp_path, page)
    check(app, PAGES[page])
    assert not app.error
    assert not (tmp_path / "data").exists()  # looking makes nothing


@pytest.mark.parametrize("page", PAGES)
def test_the_sample(page: str, visit: Visit, filled: Workspace) -> None:
    app = visit(filled.root, page)
    check(app, PAGES[page])
    assert not app.error


@pytest.mark.parametrize("page", [p for p in PAGES if "demo" not in p and "keep" not in p])
def test_an_address_that_names_nothing(page: str, visit: Visit, filled: Workspace) -> None:
    app = visit(filled.root, page, dataset="nowhere")
    check(app, PAGES[page])
    assert "nowhere" in app.warning[0].value
    app = visit(filled.root, page, dataset="sample", version="ffffffff")
    check(app, PAGES[page])
    assert "ffffffff" in app.warning[0].value


def test_an_import_that_ended_says_a_line_for_each_kind_of_thing_left_out(
    monkeypatch: pytest.MonkeyPatch, filled: Workspace
) -> None:
    monkeypatch.setenv("FER_HOME", str(filled.root))
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    problems = [
        {"path": "README.txt", "reason": "A text", "kind": "other"},
        {"path": "a.png", "reason": "<i>no</i> class", "kind": "unlabelled"},
    ]
    lines = tuple(left_out_lines(problems, "fer describe"))
    head = open_dataset(filled, "sample").head
    app.session_state["fer-made"] = next_step.Made("sample", head, "sample is here", lines, "explore")
    app.switch_page("pages/data/explore.py")
    told = words(app.run())
    assert "sample is here" in told
    assert "unlabelled: 1 picture that no folder or list gives a class (a.png: &lt;i&gt;no" in told
    assert told.index("unlabelled: 1") < told.index("other files: 1 file") < told.index("Next: ")
    app.switch_page("pages/data/stratify.py").run()
    assert "sample is here" not in words(app)


@pytest.mark.parametrize("page", PAGES)
def test_one_class_one_image_and_a_damaged_run(page: str, visit: Visit, tmp_path: Path) -> None:
    source = tmp_path / "source" / "Bored'om <b>"
    source.mkdir(parents=True)
    Image.fromarray(np.full((9, 7), 80, np.uint8)).save(source / 'ein "Bild".png')
    workspace = Workspace(tmp_path / "home")
    dataset = import_dataset(workspace, source.parent, "one")
    run = create_run(workspace, "one", dataset.head, load("compact"))
    (run.folder / "run.json").write_text("{ half")
    write_json(
        create_run(workspace, "gone", "0" * 16, load("compact")).folder / "evaluation.json", {"schema": 99}
    )
    app = visit(workspace.root, page)
    check(app, PAGES[page])
    assert "<b> " not in words(app).replace("<b>", "", 0) or "&lt;b&gt;" in words(app) or "demo" in page


def test_versions_are_switched_by_address(visit: Visit, filled: Workspace) -> None:
    from fer_core.splits.stratify import save_plan, stratify

    dataset = open_dataset(filled, "sample")
    first = dataset.version("v1").id
    save_plan(dataset, stratify(dataset.manifest(first)))
    try:
        assert "v2" in words(visit(filled.root, "pages/data/explore.py"))
        assert "as imported" in words(
            visit(filled.root, "pages/data/explore.py", dataset="sample", version="v1")
        )
    finally:
        dataset.version("v1")


REDRAWN = """
import sys, time
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=60)
app.switch_page("pages/data/explore.py")
app.run()
for _ in range(3):
    began = time.process_time()  # what other programs take does not count
    app.run()
    print("took", time.process_time() - began)
"""


def test_a_second_draw_is_quick(filled: Workspace) -> None:
    # In a process of its own: one that has run thousands of tests draws a page ten times slower.
    environment = {**os.environ, "FER_HOME": str(filled.root)}
    command = [sys.executable, "-c", REDRAWN, str(ROOT / "streamlit_app.py")]
    out = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    ).stdout
    taken = [float(line.split()[1]) for line in out.splitlines() if line.startswith("took ")]
    assert len(taken) == 3
    assert min(taken) < 0.5, taken
