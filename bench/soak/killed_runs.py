"""A training, and a search with its trials, killed with everything they started and gone on with: they end with the bits of
one that was left in peace."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx

from bench.soak.figures import Figures
from bench.soak.killed import ROOT, environment, made
from fer_core.base.jsonl import read_object
from fer_core.base.workspace import Workspace
from fer_core.runs import store
from fer_core.runs.run import Run

_FER = [sys.executable, "-m", "fer_core"]
_SETTINGS = (
    "training.epochs=4",
    "training.batch_size=16",
    "training.deterministic=true",
    "model.input_size=16",
    "training.seed=7",
)


def training(figures: Figures, folder: Path, until: float) -> None:
    """A run killed with its whole group at any moment and resumed, until it ends."""
    name, workspace, chance = "killed while training", made(folder / "home"), random.Random(int(time.time()))
    words = [*_FER, "train", "--dataset", "faces", "--recipe", "compact"]
    words += [part for setting in _SETTINGS for part in ("--set", setting)]
    peace = folder / "peace.json"
    if not peace.is_file():
        subprocess.run(words, env=environment(workspace.root), capture_output=True, timeout=1200, check=True)
        peace.write_text(json.dumps(_bits(store.list_runs(workspace)[0])))
    while figures.goes_on(name, until):
        left = len(store.list_runs(workspace))
        begun = _begin(words, workspace)
        while len(store.list_runs(workspace)) == left:  # a run that was never made cannot be gone on with
            time.sleep(0.1)
        for _ in range(3):
            time.sleep(chance.uniform(0, 40))
            if store.list_runs(workspace)[0].state == "finished":
                break
            _kill(begun, workspace)
            figures.add(name, kills=1)
            begun = _resumed([*_FER, "train", "--resume", store.list_runs(workspace)[0].id], workspace)
            if not figures.goes_on(name, until):
                break
        begun.wait(1200)
        run = store.list_runs(workspace)[0]
        same = run.state == "finished" and _bits(run) == json.loads(peace.read_text())
        if not same:
            figures.broke(
                name, f"run {run.id} is {run.state}: {_bits(run) if run.state == 'finished' else ''}"
            )
        figures.add(name, ended=1, not_repeatable=int(not same))
        if same:
            shutil.rmtree(run.folder)


def _bits(run: Run) -> dict[str, str]:
    """Sums of all that the run has learned and says."""
    sums = {}
    for name in ("best.npz", "last.npz"):
        with np.load(run.folder / "checkpoints" / name, allow_pickle=False) as arrays:
            kept = [arrays[each].tobytes() for each in sorted(arrays.files) if not each.startswith("about")]
        sums[name] = hashlib.sha256(b"".join(kept)).hexdigest()
    graph = onnx.load(run.folder / "model.onnx").graph
    sums["model.onnx"] = hashlib.sha256(b"".join(each.raw_data for each in graph.initializer)).hexdigest()
    for split in ("val", "test"):
        sums[split] = hashlib.sha256(run.predictions(split).to_csv(index=False).encode()).hexdigest()
    rows = run.epochs_since()[0]
    told = [[float(row[key]) for key in ("loss", "val_loss", "val_accuracy")] for row in rows]
    return sums | {"curve": json.dumps(told)}


def _begin(words: list[str], workspace: Workspace) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        words, env=environment(workspace.root), stdout=quiet, stderr=quiet, start_new_session=True
    )


def _resumed(words: list[str], workspace: Workspace) -> subprocess.Popen[bytes]:
    """Ask until it goes on: a worker that was killed before its first file is missed half a minute later."""
    for _ in range(30):
        begun = _begin(words, workspace)
        try:
            if begun.wait(10) == 0:
                return begun
        except subprocess.TimeoutExpired:
            return begun
        time.sleep(3)
    return begun


def _kill(begun: subprocess.Popen[bytes], workspace: Workspace) -> None:
    """The verb, and the workers of its runs, which have groups of their own."""
    begun.kill()
    for run in store.list_runs(workspace):
        if pid := read_object(run.folder / "process.json").get("pid") if run.active else None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(pid), signal.SIGKILL)
    begun.wait()


_TUNE = (
    "faces", "--recipe", "compact", "--set", "epochs=3", "--vary", "optimizer.learning_rate=1e-4..1e-1",
    "--vary", "training.batch_size=16,32", "--trials", "9", "--name", "s",
)  # fmt: skip
_ALIKE = ("phase", "best", "best_score", "fresh_mean", "fresh_sd", "optimism", "importance")


def searching(figures: Figures, folder: Path, until: float) -> None:
    """`fer tune`, whose trials are played in seconds, killed with all of them and resumed until it ends.

    What a trial learns is the part of `training`; here it is which trials are drawn, promoted and judged.
    """
    name, chance = "killed while searching", random.Random(int(time.time()))
    whole = made(folder / "whole")
    peace = folder / "peace.json"
    if not peace.is_file():
        peace.write_text(json.dumps(_ended(whole)))
    while figures.goes_on(name, until):
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(whole.root / "data", home / "data")
        for _ in range(3):
            begun = _begin(_tuning(home), Workspace(home))
            while not (home / "models" / "searches" / "s" / "journal.jsonl").is_file():
                time.sleep(0.05)  # a search that was never made cannot be gone on with
            time.sleep(chance.uniform(0, 12))
            if begun.poll() is not None:
                break
            _kill(begun, Workspace(home))
            figures.add(name, kills=1)
        differs = [
            key
            for key, value in _ended(Workspace(home)).items()
            if json.loads(peace.read_text())[key] != value
        ]
        if differs:
            figures.broke(name, f"the search ended with another {', '.join(differs)}")
        figures.add(name, ended=1, not_repeatable=int(bool(differs)))


def _tuning(home: Path) -> list[str]:
    known = (home / "models" / "searches" / "s").exists()
    verb = ("--resume", "s") if known else _TUNE
    return [sys.executable, str(ROOT / "tests" / "helpers" / "played_search.py"), *verb, "--json"]


def _ended(workspace: Workspace) -> dict[str, object]:
    """How the search ends where nobody kills it any more."""
    done = subprocess.run(
        _tuning(workspace.root),
        env=environment(workspace.root),
        capture_output=True,
        timeout=900,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-500:])
    told = json.loads(done.stdout)
    trials = [
        [each[key] for key in ("values", "epochs", "scores")] for each in told["trials"] + told["fresh"]
    ]
    return {key: told[key] for key in _ALIKE} | {"trials": trials}
