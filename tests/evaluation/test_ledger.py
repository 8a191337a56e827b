"""The ledger: every look is on the disk before its number is seen, and says which choices came after it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made_runs import trained

from fer_core.base.errors import RunError
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import leaderboard, ledger, scores
from fer_core.evaluation.ranking import rank
from fer_core.evaluation.run_pair import compare_runs
from fer_core.reports import document, model_card
from fer_core.runs.run import Run
from fer_core.splits.plan import save_plan
from fer_core.splits.stratify import stratify


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    found = make_sample(Workspace(tmp_path_factory.mktemp("ledger")), count=240)
    plan = stratify(found.manifest(), (60, 20, 20), seed=1)
    save_plan(found, plan)
    return found


def finished(dataset: Dataset, share: float, created: str = "2026-01-01T00:00:00+00:00") -> Run:
    """A run that is right on the first `share` of every split."""
    return trained(dataset, share, created=created)


def row(run: Run) -> leaderboard.LeaderboardRow:
    return next(r for r in leaderboard.rows(run.workspace) if r["run"] == run.id)


def test_a_look_is_recorded_before_the_number_and_later_runs_have_peeked(dataset: Dataset) -> None:
    workspace = dataset.workspace
    before = finished(dataset, 0.8)
    for ask in (
        lambda: scores.stored_scores(before, "test"),
        lambda: scores.correctness(before, "test"),
        lambda: compare_runs(before, before, "test"),
    ):
        with pytest.raises(RunError, match="Nobody has looked"):
            ask()
    assert before.id in rank([[before]], "test", dataset.head).left_out
    assert ledger.standing(workspace, row(before), ledger.reads(workspace)) == ledger.Standing(0, 0)
    assert "Nobody has looked" in document.markdown(model_card.card(before, row(before)))

    found = scores.read_scores(before, "test", via="page")
    assert found["accuracy"] == pytest.approx(0.8, abs=0.05)
    (entry,) = ledger.reads(workspace)
    assert (entry["run"], entry["version"], entry["via"]) == (before.id, dataset.head, "page")
    assert entry["images"] == found["images"]
    assert scores.stored_scores(before, "test")["accuracy"] == found["accuracy"]
    assert "Ledger: clean" in document.markdown(model_card.card(before, row(before)))

    after = finished(dataset, 0.9, created="2099-01-01T00:00:00+00:00")
    log = ledger.reads(workspace)
    assert ledger.standing(workspace, row(before), log) == ledger.Standing(1, 0)
    assert ledger.standing(workspace, row(after), log) == ledger.Standing(0, 1)
    assert ledger.standing(workspace, row(after), log).words == "tuned after test 1×"
    # A run resumed after the look has made a choice after it.
    resumed = {**row(before), "resumed": "2098-01-01T00:00:00+00:00"}
    assert ledger.standing(workspace, resumed, log).peeked == 1


def test_other_pictures_are_another_test(dataset: Dataset) -> None:
    other = make_sample(dataset.workspace, "other", seed=99, count=150)
    assert ledger.same_pictures(dataset.workspace, ("sample", dataset.head), ("sample", dataset.head))
    assert not ledger.same_pictures(dataset.workspace, ("sample", dataset.head), ("other", other.head))
    assert not ledger.same_pictures(dataset.workspace, ("sample", dataset.head), ("gone", "v"))


def test_when_it_cannot_be_written_nothing_is_shown(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(dataset, 0.5)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        scores.read_scores(run, "test", via="cli")
    assert not (run.folder / "evaluation-test.json").exists()


def test_many_at_once_and_a_broken_line_lose_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: ledger.record(workspace, f"r{i}", "d", "v", 1, "cli"), range(60)))
    file = tmp_path / "models" / ledger.FILE
    with open(file, "a") as stream:
        stream.write('{"time": "2026')  # cut off
    ledger.record(workspace, "last", "d", "v", 1, "cli")
    found = ledger.reads(workspace)
    assert {entry["run"] for entry in found} >= {f"r{i}" for i in range(60)} | {"last"}
    assert len(found) == 62  # the damaged line still counts as a look
    assert json.loads(file.read_text().splitlines()[-1])["run"] == "last"
