"""Runs that wait, pause, go on and branch off, from the shell; the training process is stood in for."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from calling import Fer

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.jobs.process import this_process
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import queue
from fer_core.splits.stratify import save_folds, stratify_folds

TRAIN = ("train", "--dataset", "faces", "--recipe", "compact", "--detach")


@pytest.fixture(autouse=True)
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    ids: list[str] = []

    def launch(run: Run) -> None:
        ids.append(run.id)
        (run.folder / "process.json").write_text(json.dumps({**this_process(), "host": socket.gethostname()}))
        run.update(state="running")

    monkeypatch.setattr(queue, "launch", launch)
    return ids


def test_runs_wait_for_each_other_and_can_be_moved_and_cancelled(
    fer: Fer, home: Path, launched: list[str]
) -> None:
    names = [fer(*TRAIN, "--json").json["run"] for _ in range(4)]
    assert launched == names[:1]
    assert [row["run"] for row in fer("queue", "--json").json] == names[1:]
    moved = fer("queue", "--move", names[3], "--to", 1, "--json").json
    assert [(row["place"], row["run"]) for row in moved] == [(1, names[3]), (2, names[1]), (3, names[2])]
    assert fer("cancel", names[1], "--json").json == {"run": names[1], "state": "stopped"}
    assert fer("cancel", names[0]).status == 1  # it works already
    store.get(Workspace(home), names[0]).update(state="finished")
    assert names[2] in fer("queue").out
    assert launched == [names[0], names[3]]


def test_seeds_are_runs_of_one_experiment(fer: Fer, home: Path, launched: list[str]) -> None:
    found = fer(*TRAIN, "--seeds", 3, "--set", "seed=7", "--json").json
    runs = [store.get(Workspace(home), row["run"]) for row in found]
    assert [run.recipe.training.seed for run in runs] == [7, 8, 9]
    assert {run.info["experiment"] for run in runs} == {runs[0].id}
    assert [run.info["member"] for run in runs] == ["seed 7", "seed 8", "seed 9"]
    assert launched == [runs[0].id]


def test_folds_need_folds_and_then_each_is_a_run(fer: Fer, home: Path) -> None:
    refused = fer(*TRAIN, "--folds", 3)
    assert refused.status == 2
    assert "stratify faces --folds 3" in refused.err
    dataset = open_dataset(Workspace(home), "faces")
    save_folds(dataset, stratify_folds(dataset.manifest(), 3))
    found = fer(*TRAIN, "--folds", 3, "--json").json
    runs = [store.get(Workspace(home), row["run"]) for row in found]
    assert [run.info["member"] for run in runs] == ["fold-1", "fold-2", "fold-3"]
    assert len({run.version for run in runs}) == 3


def test_a_paused_run_is_resumed_and_a_finished_one_forked(fer: Fer, home: Path, launched: list[str]) -> None:
    run = store.get(Workspace(home), fer(*TRAIN, "--json").json["run"])
    run.update(state="paused")
    assert fer("train", "--resume", run.id, "--detach", "--json").json["state"] == "running"
    run.update(state="finished")
    refused = fer("train", "--resume", run.id, "--detach")
    assert refused.status == 1
    assert "--fork" in refused.err
    assert "no checkpoint" in fer("train", "--fork", f"{run.id}@2", "--detach").err
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "last.npz").write_bytes(b"state")
    (run.folder / "metrics.jsonl").write_text(
        '{"epoch": 1, "val_accuracy": 0.5}\n{"epoch": 2, "val_accuracy": 0.6}\n'
    )
    made = fer("train", "--fork", run.id, "--set", "learning_rate=1e-4", "--detach", "--json").json
    assert (made["epochs"], launched) == (2, [run.id, run.id, made["run"]])


@pytest.mark.parametrize(
    "wrong",
    [
        ("train",),
        ("train", "--dataset", "faces"),
        ("train", "--resume", "1", "--fork", "1"),
        ("train", "--resume", "1", "--set", "epochs=3"),
        ("train", "--fork", "1@first"),
        (*TRAIN, "--seeds", "1"),
        (*TRAIN, "--folds", "3", "--version", "v1"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    fer: Fer, wrong: tuple[str, ...], launched: list[str]
) -> None:
    outcome = fer(*wrong)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
    assert launched == []


def test_logs_are_the_last_lines(fer: Fer, home: Path) -> None:
    run = store.get(Workspace(home), fer(*TRAIN, "--json").json["run"])
    (run.folder / "log.txt").write_text("".join(f"line {n}\n" for n in range(100)))
    assert fer("logs", run.id, "--lines", 2, "--json").json["lines"] == ["line 98", "line 99"]
    run.update(state="finished")
    assert fer("logs", run.id, "-f", "--lines", 1).out.strip() == "line 99"


def test_pausing_what_has_ended_changes_nothing(fer: Fer, home: Path) -> None:
    run = store.get(Workspace(home), fer(*TRAIN, "--json").json["run"])
    run.update(state="finished")
    assert fer("pause", run.id, "--json").json == {"run": run.id, "state": "finished"}
    assert not (run.folder / "pause").exists()
