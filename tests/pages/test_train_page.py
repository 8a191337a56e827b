"""The Train page: runs wait in line, pause, go on and branch off by clicking; the training process is stood in for."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.data.dataset import Dataset
from fer_core.data.sample import make_sample
from fer_core.jobs import identity
from fer_core.runs import queue, store
from fer_core.runs.run import Run
from fer_core.splits.stratify import save_plan, stratify
from fer_core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("FER_HOME", str(tmp_path))

    def launch(run: Run) -> None:
        (run.folder / "process.json").write_text(json.dumps({**identity(), "host": socket.gethostname()}))
        run.update(state="running")

    monkeypatch.setattr(queue, "launch", launch)
    made = make_sample(Workspace(tmp_path), count=240)
    save_plan(made, stratify(made.manifest()))
    return made


def visit() -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/models/train.py")
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def runs(dataset: Dataset) -> list[Run]:
    """Oldest first."""
    return store.list_runs(dataset.workspace)[::-1]


def words(app: AppTest) -> str:
    return " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))


def test_a_second_run_waits_and_can_be_taken_out(dataset: Dataset) -> None:
    app = press(visit(), "Train")
    press(app, "Train")
    assert [run.state for run in runs(dataset)] == ["running", "queued"]
    assert "Waiting" in words(app)
    press(app, "Take out")
    assert [run.state for run in runs(dataset)] == ["running", "stopped"]


def test_the_next_starts_when_one_has_ended_and_somebody_looks(dataset: Dataset) -> None:
    app = press(visit(), "Train")
    press(app, "Train")
    runs(dataset)[0].update(state="finished")
    app.run()
    assert [run.state for run in runs(dataset)] == ["finished", "running"]


def test_pause_and_resume(dataset: Dataset) -> None:
    press(press(visit(), "Train"), "Pause")
    (run,) = runs(dataset)
    assert run.state == "pausing"
    run.update(state="paused")
    press(visit(), "Resume")
    assert run.state == "running"
    assert not run.pause_requested
