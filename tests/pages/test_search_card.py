"""The card of searches on Train, and `fer.tune`: training is stood in for by runs that reach their epochs at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opened_pages import COMPARE, TRAIN, html_of, opened
from streamlit.testing.v1 import AppTest
from tiny_faces import tiny_dataset

import fer_core as fer
from fer_core import jobs
from fer_core.base.jsonl import append_line
from fer_core.data.dataset import Dataset
from fer_core.jobs.task import Task
from fer_core.jobs.tasks import Tune
from fer_core.runs.run import Run
from fer_core.scheduling import queue, search

ROOT = Path(__file__).resolve().parents[2]
RATE = "optimizer.learning_rate"


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A tiny dataset; a run is through at once, the better the higher its rate, and luck goes by its seed."""
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    monkeypatch.setenv("FER_SLOTS", "8")
    monkeypatch.setattr("fer_core.scheduling.search.work._EVERY", 0.0)

    def launch(run: Run) -> None:
        recipe, last = run.recipe, run.info.get("pause_after") or run.recipe.training.epochs
        luck = 0.05 if recipe.training.seed < 500 else 0.0
        for epoch in range(len(run.epochs_since()[0]) + 1, last + 1):
            value = min(0.5 + 20 * recipe.optimizer.learning_rate, 0.8) + luck + epoch / 1000
            row = dict.fromkeys(
                ("loss", "val_loss", "learning_rate", "seconds", "images_per_second", "eta_seconds"), 1.0
            )
            row |= {"epoch": epoch, "accuracy": value, "val_accuracy": value}
            append_line(run.folder / "metrics.jsonl", row)
        run.update(state="finished" if last == recipe.training.epochs else "paused")

    monkeypatch.setattr(queue, "launch", launch)
    return tiny_dataset(tmp_path)


def visit() -> AppTest:
    return opened(TRAIN)


def test_a_search_is_started_by_the_page_and_carried_on_by_a_job(
    faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Task] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, task: asked.append(task))
    app = visit()
    app.text_input(key=f"train-search-compact-{RATE}").set_value("1e-3..1e-4").run()
    app.button(key="train-search-start").click().run()
    assert "The end of a range is above its begin" in " ".join(e.value for e in app.error)
    app.text_input(key=f"train-search-compact-{RATE}").set_value("1e-4..1e-2").run()
    app.number_input(key="train-search-trials").set_value(7).run()
    app.switch_page(COMPARE).run()
    app.switch_page(TRAIN).run()  # what stands in the fields is still there
    app.button(key="train-search-start").click().run()
    assert not app.exception
    assert asked == [Tune("compact-search-1")]
    plan = search.read(faces.workspace, "compact-search-1").plan
    assert (plan.trials, plan.varied, plan.sampler) == (7, (f"{RATE}=0.0001..0.01:log",), "tpe")
    text = html_of(app)
    assert "trials left" in text
    assert "best so far" in text
    app.button(key="train-search-resume").click().run()
    assert asked[1:] == asked[:1]


def test_a_search_that_has_ended_is_shown_with_what_its_best_is_worth(faces: Dataset) -> None:
    found = fer.tune("tiny", "compact", [f"{RATE}=1e-4..1e-2", "training.batch_size=16,32"], trials=7)
    result = found.standing.result
    assert result is not None
    assert result.optimism == pytest.approx(0.05)  # the luck that trials had and fresh seeds have not
    best = found.table.sort_values("score").iloc[-1]
    assert found.recipe.optimizer.learning_rate == best[RATE] == found.table[RATE].max()
    assert sorted(found.table["epochs"]) == sorted(
        [found.table["epochs"].min()] * 5 + [found.standing.plan.rungs[1]] + [best["epochs"]]
    )
    assert "Optimism of the best of 7: +0.0500" in repr(found)
    importance = found.standing.importance
    assert importance[RATE] > importance["training.batch_size"]
    app = visit()
    text = html_of(app)
    for told in ("optimism", "+0.050", "Importance", "Curves of those ahead", "Winner: trial"):
        assert told in text, told
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [axis["label"] for axis in figure["data"][0]["dimensions"]] == [
        RATE,
        "training.batch_size",
        "accuracy",
    ]
    assert len(app.get("download_button")) >= 1


def test_what_would_delete_a_search_is_withdrawn_and_asked_of_it_alone(
    faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "start", lambda workspace, task: None)
    for name in ("one", "two"):
        search.begin(faces, None, "compact", [f"{RATE}=1e-4..1e-2"], name=name)

    def asked(app: AppTest) -> bool:
        assert not app.exception
        return "train-search-delete-sure" in {button.key for button in app.button}

    app = visit()
    app.selectbox(key="train-search-name").set_value("one").run()
    app.button(key="train-search-delete").click().run()
    assert asked(app)
    assert "one will be deleted for good; its runs stay." in [each.value for each in app.warning]
    app.button(key="train-search-keep").click().run()
    assert not asked(app)
    app.button(key="train-search-delete").click().run()
    app.selectbox(key="train-search-name").set_value("two").run()
    app.selectbox(key="train-search-name").set_value("one").run()
    assert not asked(app)
    app.button(key="train-search-delete").click().run()
    app.button(key="train-search-delete-sure").click().run()
    assert search.names(faces.workspace) == ["two"]
    search.begin(faces, None, "compact", [f"{RATE}=1e-4..1e-2"], name="one")
    app.run()
    app.selectbox(key="train-search-name").set_value("one").run()
    assert not asked(app)
