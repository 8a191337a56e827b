"""Compare across versions: every run is on the board with what it earned where, and the data count as a setting."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from made_runs import NAMES, tell_epochs, trained
from opened_pages import COMPARE, html_of, opened
from streamlit.testing.v1 import AppTest

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import scores
from fer_core.evaluation.report import evaluate_run
from fer_core.jobs.task import Task
from fer_core.jobs.tasks import Evaluate
from fer_core.review.apply import apply_journal
from fer_core.review.journal import Journal
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.runs.store import list_runs
from fer_core.scheduling import queue

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW, THERE = 0.5, 0.9, 0.6
"""What the old run is worth on v1, the new one on v2, and the old one there."""


def run_on(dataset: Dataset, share: float, number: int) -> Run:
    run = trained(dataset, share, ("train", "val"), version_number=number)
    val = len(readable(dataset.manifest()).query("split == 'val'"))
    tell_epochs(run, [round(share * val) / val])
    evaluate_run(run)
    (run.folder / "model.onnx").write_bytes(b"")
    return run


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Dataset, Run, Run]:
    """The same recipe on v1, and on v2, where one copy was dropped."""
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = make_sample(Workspace(tmp_path), count=120)
    old = run_on(dataset, OLD, 1)
    gone, stays = readable(dataset.manifest()).query("split == 'train'").head(2).to_dict("records")
    Journal(dataset.journal_path).add(
        "delete", image_id=gone["image_id"], pixel_hash=gone["pixel_hash"], path=gone["path"],
        other=stays["pixel_hash"],
    )  # fmt: skip
    apply_journal(dataset)
    return dataset, old, run_on(dataset, NEW, 2)


def visit(**state: object) -> AppTest:
    return opened(COMPARE, **state)


def words(app: AppTest) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html_of(app)))


def board(app: AppTest) -> dict[str, dict[str, str]]:
    """Words of every row's cells."""
    for element in app.get("bidi_component"):
        data = json.loads(element.proto.mixed.json) if element.proto.WhichOneof("data") == "mixed" else None
        data = data or json.loads(element.proto.json or "{}")
        if "domain" in data:
            rows = json.loads(data["rows"])
            return {
                row["id"]: {key: cell.get("text", "") for key, cell in row["cells"].items()} for row in rows
            }
    raise AssertionError("there is no leaderboard")


def test_every_run_keeps_its_own_figure_and_one_button_judges_all(
    story: tuple[Dataset, Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, old, new = story
    val = readable(dataset.manifest()).query("split == 'val'")
    count = len(val)
    asked: list[Task] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, task, title="": asked.append(task))
    app = visit()
    rows = board(app)
    assert (rows[old.id]["rank"], rows[new.id]["rank"]) == ("–", "1")
    assert (
        rows[old.id]["own"] == f"{round(OLD * count) / count:.3f} · v1, n {count}"
    )  # val was not touched: as many images there
    assert "own" not in rows[new.id]
    button = app.button(key="cmp-evaluate")
    assert button.label == "Judge all on a common clean validation part"
    button.click().run()
    assert not app.exception
    assert asked == [Evaluate(old.id, dataset.head)]
    assert app.session_state["cmp-common"] is True

    # Its answers there: it has learned from the first ten.
    right = np.arange(count) < round(THERE * count)
    table = val[["image_id", "label"]].reset_index(drop=True)
    following = dict(zip(NAMES, [*NAMES[1:], NAMES[0]], strict=True))
    said = table["label"].where(right, table["label"].map(following))
    for name in NAMES:
        table[f"p_{name}"] = np.where(said == name, 0.7, 0.1).astype(np.float32)
    table["seen"] = np.arange(count) < 10
    predictions.write(scores.predictions_folder(old, dataset.head), "val", table)

    alone = board(visit())
    assert alone[new.id]["accuracy"] == f"{round(NEW * count) / count:.3f}"  # nobody else's images are fewer
    assert alone[old.id]["accuracy"] == f"{right[10:].mean():.3f} (n {count - 10})"
    together = board(visit(cmp_common=True))
    new_right = np.arange(count) < round(NEW * count)
    assert together[new.id]["accuracy"] == f"{new_right[10:].mean():.3f}"
    assert together[old.id]["accuracy"] == f"{right[10:].mean():.3f}"
    assert together[old.id]["own"] == rows[old.id]["own"]

    pair = visit(cmp_picked=[old.id, new.id])
    assert "Training data v1 → v2 (1 copy dropped)" in (text := words(pair))
    assert "Nothing: the same" not in text
    gain = 100 * (new_right[10:].mean() - right[10:].mean())
    assert f"{gain:+.1f} points" in text
    assert f"copies settled v1 → v2 (1 copy dropped) {gain:+.1f}" in words(visit(look="Settings"))
    journey = words(visit(look="Journey"))
    assert "data v1 → v2 (1 copy dropped)" in journey
    assert f"n {count - 10}" in journey


def test_two_runs_that_differ_in_their_data_alone_are_attributed(
    story: tuple[Dataset, Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, old, new = story
    new.update(state="failed")  # it would be the very run that is to be queued
    monkeypatch.setattr(queue, "launch", lambda run: None)
    twin = trained(dataset, 0.8, ("val",), version_number=2, settings={"training.seed": 7})
    app = visit(cmp_picked=[old.id, twin.id])
    app.button(key="cmp-ablate").click().run()
    assert not app.exception
    (queued,) = [run for run in list_runs(dataset.workspace) if run.info.get("ablation")]
    assert (queued.version, queued.recipe.training.seed) == (twin.version, old.recipe.training.seed)
