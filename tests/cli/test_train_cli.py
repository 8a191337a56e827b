"""Runs from the shell: one real run, and workers played by a thread where only the waiting matters."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from calling import Fer, Outcome, call
from test_reports import RUN_KEYS, check_keys

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.data.save_version import save_version
from fer_core.jobs import process
from fer_core.runs.run import Run
from fer_core.scheduling import queue
from fer_core.scheduling.readiness import cautions
from fer_core.splits.leaks import leaks_of

CALL = ("train", "--dataset", "faces", "--recipe", "compact", "--set", "training.epochs=3")
Play = Callable[[Run], None]


def epoch(number: int, accuracy: float) -> str:
    names = ("loss", "accuracy", "val_loss", "learning_rate", "seconds", "images_per_second", "eta_seconds")
    return json.dumps(dict.fromkeys(names, 0.5) | {"epoch": number, "val_accuracy": accuracy}) + "\n"


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[Play], None]:
    """Let a function in a thread stand for the training process."""

    def stand_in(play: Play) -> None:
        def launch(run: Run) -> None:
            run.update(state="running")
            process.record_process(run.folder, os.getpid())
            threading.Thread(target=play, args=(run,), daemon=True).start()

        monkeypatch.setattr(queue, "launch", launch)

    return stand_in


def apart(text: str) -> tuple[list[str], list[str]]:
    """The notes on stderr, and its other lines."""
    lines = text.splitlines()
    return [line for line in lines if line.startswith("note: ")], [
        line for line in lines if not line.startswith("note: ")
    ]


def until_stopped(run: Run) -> None:
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write(epoch(1, 0.4) + epoch(2, 0.6))
    while not run.stop_requested:
        time.sleep(0.02)
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write(epoch(3, 0.5))
    run.update(state="stopped")


def test_a_run_from_start_to_predictions(trained: tuple[Path, Outcome], tmp_path: Path) -> None:
    home, outcome = trained
    assert (outcome.status, apart(outcome.err)[1]) == (0, [])
    check_keys("train", outcome, *RUN_KEYS)
    summary = outcome.json
    assert (summary["state"], summary["epochs"], summary["best_epoch"]) == ("finished", 1, 1)
    assert summary["parameters"] > summary["trainable_parameters"] > 1000
    assert 0 <= summary["val_accuracy"] <= 1

    layers = json.loads((home / "models" / "runs" / summary["run"] / "layers.json").read_text())["layers"]
    assert sum(layer["parameters"] for layer in layers) == summary["parameters"]

    listed = call(home, "runs", "--json")
    assert listed.json == [summary]
    ranked = call(home, "compare", summary["run"], "--json")
    check_keys("compare", ranked, *RUN_KEYS, "macro_f1")
    assert ranked.json[0]["macro_f1"] is not None
    faces = home / "data" / "faces" / "source"
    answered = call(home, "predict", next(faces.rglob("test/*/*.png")), "--model", "1", "--json")
    assert (answered.status, answered.err) == (0, "")
    ((face,),) = (document["faces"] for document in answered.json)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    stopped = call(home, "stop", "1", "--json")  # has ended: left as it is
    assert (stopped.status, stopped.json) == (0, summary)
    text = call(home, "runs").out
    assert summary["run"] in text
    assert "finished" in text


@pytest.mark.parametrize("more", [(), ("--json",), ("--detach",)])
def test_what_the_train_page_warns_of_is_noted_on_stderr(
    fer: Fer, home: Path, worker: Callable[[Play], None], more: tuple[str, ...]
) -> None:
    worker(lambda run: run.update(state="finished"))
    data = open_dataset(Workspace(home), "faces")
    shown = cautions(data.manifest(), leaks_of(data, data.head))
    assert {caution.kind for caution in shown} >= {"leak", "drift", "blank"}
    notes, _ = apart(fer(*CALL, *more).err)
    assert notes == [f"note: {caution.text}. {caution.meaning.rstrip('.')}." for caution in shown]


def test_epochs_are_told_on_stderr(fer: Fer, worker: Callable[[Play], None]) -> None:
    def play(run: Run) -> None:
        for number in (1, 2, 3):
            with open(run.folder / "metrics.jsonl", "a") as file:
                file.write(epoch(number, number / 4))
        run.update(state="finished")

    worker(play)
    outcome = fer(*CALL)
    assert outcome.status == 0
    assert [line[:9] for line in apart(outcome.err)[1][1:]] == ["epoch   1", "epoch   2", "epoch   3"]
    assert "finished" in outcome.out
    quiet = fer(*CALL, "--json")
    assert apart(quiet.err)[1] == []
    check_keys("train", quiet, *RUN_KEYS)
    assert quiet.json["val_accuracy"] == 0.75


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_the_run_and_keeps_the_best(
    fer: Fer, worker: Callable[[Play], None], number: signal.Signals
) -> None:
    def play(run: Run) -> None:
        threading.Timer(0.8, signal.raise_signal, (number,)).start()
        until_stopped(run)

    worker(play)
    outcome = fer(*CALL)
    assert outcome.status == 0
    assert "stopped" in outcome.out
    assert [line.split()[1] for line in outcome.err.splitlines() if line.startswith("epoch")] == [
        "1",
        "2",
        "3",
    ]
    (summary,) = fer("runs", "--json").json
    assert (summary["state"], summary["best_epoch"], summary["val_accuracy"]) == ("stopped", 2, 0.6)


def test_a_detached_run_goes_on_until_it_is_stopped(fer: Fer, worker: Callable[[Play], None]) -> None:
    worker(until_stopped)
    started = fer(*CALL, "--detach", "--json")
    assert (started.status, started.json["state"]) == (0, "running")
    assert fer("runs", "--json").json[0]["state"] == "running"
    stopped = fer("stop", started.json["run"], "--json")
    check_keys("stop", stopped, *RUN_KEYS)
    assert (stopped.status, stopped.json["state"], stopped.json["best_epoch"]) == (0, "stopped", 2)
    assert "stop 0002-compact" in fer(*CALL, "--detach").out
    assert fer("stop", "2").status == 0


def test_a_run_that_fails_has_status_1_and_a_reason(fer: Fer, worker: Callable[[Play], None]) -> None:
    worker(
        lambda run: run.update(state="failed", reason="The memory was not enough. Try a smaller batch_size.")
    )
    outcome = fer(*CALL, "--json")
    assert outcome.status == 1
    check_keys("train", outcome, *RUN_KEYS)
    assert outcome.json["state"] == "failed"
    assert len(apart(outcome.err)[1]) == 1
    assert "Try a smaller batch_size" in outcome.err
    problem = fer("compare").out
    assert "The memory was not enough" in problem


def test_a_version_that_cannot_be_trained_on_makes_no_run(fer: Fer, home: Path) -> None:
    dataset = open_dataset(Workspace(home), "faces")
    whole = dataset.manifest()
    save_version(dataset, whole[whole["split"] != "val"], parent=dataset.head, operation="review")
    outcome = fer(*CALL)
    assert outcome.status == 2
    assert "no images in its val split" in outcome.err
    assert "Stratify" in outcome.err
    assert not list((home / "models" / "runs").glob("0*"))


def test_settings_reach_the_run(fer: Fer, home: Path, worker: Callable[[Play], None]) -> None:
    worker(lambda run: run.update(state="finished"))
    fer(*CALL, "--set", "learning_rate=1e-4", "--set", "batch_size = 16", "--version", "v1")
    recipe = next((home / "models" / "runs").glob("*/recipe.toml")).read_text()
    assert "learning_rate = 0.0001" in recipe
    assert "batch_size = 16" in recipe
    assert "epochs = 3" in recipe


def test_what_is_expected_of_a_run_is_kept_and_held_against_what_came(
    fer: Fer, home: Path, worker: Callable[[Play], None]
) -> None:
    def play(run: Run) -> None:
        with open(run.folder / "metrics.jsonl", "a") as file:
            file.write(epoch(1, 0.5))
        run.update(state="finished")

    worker(play)
    refused = fer(*CALL, "--expect", "72")
    assert (refused.status, list((home / "models").glob("runs/*"))) == (1, [])
    assert "An expected accuracy is a share" in refused.err
    told = fer(*CALL, "--hypothesis", "more helps", "--expect", ".7")
    assert "worse than expected, expected .700, came .500: 20.0 points below" in told.out
    (marks,) = (home / "models" / "runs").glob("*/marks.json")
    assert '"hypothesis": "more helps"' in marks.read_text()
