"""What Train says of a run beside its numbers: chance, a stop at once, splits that are apart; and whose runs it opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_runs import NAMES, tell_epochs
from opened_pages import TRAIN, html_of, opened
from streamlit.testing.v1 import AppTest

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.reach import DISTANCE
from fer_core.evaluation import leaderboard
from fer_core.evaluation.report import DISTRUST, HARD
from fer_core.recipes.recipe import load
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.splits.certificate import certify
from fer_core.splits.separate import separate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    return Workspace(tmp_path)


def visit(**query: str) -> AppTest:
    return opened(TRAIN, query)


def run_of(dataset: Dataset, accuracies: list[float], train: float, **info: Any) -> Run:
    known = {"state": "finished", "version_number": 1, "classes": list(NAMES), "images": {"val": 400}, **info}
    more = known.pop("row", {})
    run = create_run(dataset.workspace, dataset.name, dataset.head, load("model_0"), **known)
    usual = {"val_loss": 1.0, "loss": 1.0, "accuracy": train, **more}
    tell_epochs(run, accuracies, **usual)
    return run


def test_a_run_that_guesses_and_one_that_was_stopped_at_once_are_marked(home: Workspace) -> None:
    dataset = make_sample(home, count=120)
    run_of(dataset, [0.225] * 8, 0.23)
    said = html_of(visit())
    assert "at chance level" in said
    assert "healthy gap" not in said
    run_of(dataset, [0.6], 0.6, state="stopped", row={"partial": True})
    app = visit()
    assert any("Stopped in its first epoch" in note.value for note in app.info)


def test_train_opens_the_runs_of_the_chosen_dataset(home: Workspace) -> None:
    first, second = (make_sample(home, count=120, name=name) for name in ("faces", "other"))
    mine = run_of(first, [0.7] * 6, 0.72)
    theirs = run_of(second, [0.6] * 6, 0.62)  # the newest of all
    app = visit(dataset="faces")
    assert app.session_state["train-runs-current"] == mine.id
    assert "faces, version 1" in html_of(app)
    app.query_params["dataset"] = "other"
    app.session_state["fer-dataset"] = "other"
    app.run()
    assert app.session_state["train-runs-current"] == theirs.id
    named = visit(dataset="other", run="1")  # what the address names is shown
    assert named.session_state["train-runs-current"] == mine.id


def test_nobody_looks_for_leaks_where_the_splits_are_certified(home: Workspace) -> None:
    dataset = make_sample(home, count=120)
    run_of(dataset, [0.8] * 8, 0.68)
    assert "do not trust: leaks" in html_of(visit())
    assert [row["verdict"] for row in leaderboard.rows(home)] == [DISTRUST]
    separate(dataset, distance=DISTANCE)
    assert certify(dataset).holds
    run_of(dataset, [0.8] * 8, 0.68)
    said = html_of(visit())
    assert "hard augmentation, gap -12.0" in said
    assert "leaks or" not in said
    board = {
        row["run"][:4]: row["verdict"] for row in leaderboard.rows(home)
    }  # read before it was certified, too
    assert board == {"0001": DISTRUST, "0002": HARD}
    run_of(dataset, [0.8] * 2, 0.68)  # in its first epochs validation leads in any case
    assert "hard augmentation" not in html_of(visit())
