"""The files of a training run, and what can be read from them while it trains and after.

A run is a folder, `models/runs/<id>/`:

    recipe.toml                    the complete recipe
    run.json                       what it is and which state it is in; replaced whole
    process.json                   which process works on it, see `jobs.process`
    worker.lock                    held by that process for as long as it works
    metrics.jsonl                  one line per finished epoch, appended
    progress.json                  where in the epoch it is; replaced whole, at most twice a second
    worst.json                     images of val got most confidently wrong in the last epoch
    noise.csv                      image_id, label, given: wrong labels of a recipe with `noise`, for its training alone
    events/                        the epochs once more, as TensorBoard reads them
    log.txt                        all the worker prints
    stop, pause                    present once somebody asked it to stop, or to pause
    layers.json                    its network layer by layer, see `models.summary`
    checkpoints/                   best weights, and what a resumed or forked run goes on from
    best.keras, model.onnx         the model with those weights
    predictions-<split>.parquet    image_id, label, p_<class>: probabilities for every image
    evaluation.json                scores computed from the predictions

Files may be half-written or missing at any moment: reading never fails for that. Nothing here imports Keras.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

import pandas as pd

from fer_core.base.checksums import write_checked
from fer_core.base.errors import RunError
from fer_core.base.jsonl import read_lines, read_object, read_tail
from fer_core.base.locks import locked
from fer_core.base.workspace import Workspace
from fer_core.jobs import progress
from fer_core.jobs.process import is_running
from fer_core.jobs.progress import Progress
from fer_core.recipes.recipe import Recipe, parse
from fer_core.runs.predictions import read
from fer_core.runs.records import Epoch, Evaluation, RunInfo, RunState, RunSummary, WrongImage

ACTIVE: frozenset[RunState] = frozenset({"queued", "starting", "running", "stopping", "pausing"})
"""States that end by themselves or when stopped."""
TABLE_COLUMNS = (
    "run", "state", "recipe", "dataset", "version", "epochs", "best_epoch", "val_accuracy", "train_accuracy", "seconds",
)  # fmt: skip
"""What a table of runs shows of `Run.summary`."""
EPOCH_COLUMNS = (
    "epoch",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "learning_rate",
    "seconds",
    "images_per_second",
    "eta_seconds",
)
"""What `metrics.jsonl` says of each epoch; `seconds` count its validation, `eta_seconds` all that is left.

Lines of `epochs_since` also hold `val_macro_f1`, `best_by` where that tells the best epoch in place of `val_accuracy`,
`val_recall` (class name -> share recognised, None without images), `doubted` (share of
training labels that early learning does not believe), `cpu_percent` (of one core) and `rss_mb` of the worker, and
`gpu_memory_mb` where there is a GPU. Runs of older versions lack them.
"""
STOPPED_AT_ONCE = "Stopped in its first epoch: it has seen a part of the images, once"
WORST_FILE, NOISE_FILE = "worst.json", "noise.csv"

_LOST = "The training process ended without a word: killed, out of memory, or the machine went down"
_NO_FILE = "The run.json of this run is gone or damaged; `fer doctor` says what can be done"
_NEVER_RAN = "The training process ended before it could begin"
_CHATTER = re.compile(r"^[IW]\d{4} |^WARNING: All log messages before absl|cuda_platform.*cuInit")


@dataclass(frozen=True)
class Run:
    """One run. Cheap to create; every property reads the files anew."""

    folder: Path

    @property
    def id(self) -> str:
        """Such as `0041-compact`."""
        return self.folder.name

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder.parents[2])

    @property
    def info(self) -> RunInfo:
        """`run.json` as it stands; {} while it cannot be read."""
        return cast(RunInfo, read_object(self.folder / "run.json"))

    @property
    def state(self) -> RunState:
        """The true state: a run whose process is gone is never `running`."""
        return self.status()[0]

    @property
    def active(self) -> bool:
        """Whether it waits or works."""
        return self.state in ACTIVE

    def status(self) -> tuple[RunState, str]:
        """State, and the reason for it in one sentence where there is one."""
        info = self.info
        state: RunState = info.get("state", "lost")
        if not info:
            return "lost", _NO_FILE
        if state not in ACTIVE or state == "queued":
            return state, str(info.get("reason", ""))
        if is_running(self.folder, info.get("launched")):
            requested: RunState = "pausing" if self.pause_requested else state
            return ("stopping" if self.stop_requested else requested), ""
        # It may have ended well between the two looks.
        info = self.info
        if (last := info.get("state", "lost")) not in ACTIVE:
            return last, str(info.get("reason", ""))
        return ("failed", _NEVER_RAN) if state == "starting" else ("lost", _LOST)

    @property
    def stop_requested(self) -> bool:
        return (self.folder / "stop").exists()

    @property
    def pause_requested(self) -> bool:
        return (self.folder / "pause").exists()

    @property
    def pause_due(self) -> bool:
        """Whether it is to pause after the epoch that was told last: somebody asked, or `pause_after` says so."""
        after = self.info.get("pause_after")
        return self.pause_requested or (after is not None and len(self.epochs_since()[0]) >= after)

    @property
    def recipe(self) -> Recipe:
        """The complete recipe.

        Raises:
            RunError: the file is not there.
        """
        try:
            return parse((self.folder / "recipe.toml").read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(f"The recipe of run {self.id} cannot be read", received=error) from error

    @property
    def dataset(self) -> str:
        return str(self.info.get("dataset", ""))

    @property
    def version(self) -> str:
        """Id of the dataset version it trains on."""
        return str(self.info.get("version", ""))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in output order; empty until the worker has read the version."""
        return tuple(self.info.get("classes", ()))

    def update(self, **fields: Any) -> None:
        """Change fields of `run.json`; the file is replaced whole, and no change that another process makes is lost.

        Raises:
            FileNotFoundError: the run was deleted.
        """
        os.stat(self.folder)  # the lock would make the folder anew
        with locked(self.folder / ".lock"):
            write_checked(self.folder / "run.json", {**self.info, **fields})

    def metrics(self) -> pd.DataFrame:
        """One row per finished epoch, counted from 1, with the columns `EPOCH_COLUMNS`."""
        return pd.DataFrame(self.epochs_since()[0], columns=list(EPOCH_COLUMNS))

    def epochs_since(self, offset: int = 0) -> tuple[list[Epoch], int]:
        """Epochs written since `offset` (bytes), and the offset to ask with next time."""
        rows, offset = read_lines(self.folder / "metrics.jsonl", offset)
        return [cast(Epoch, row) for row in rows if {"epoch", "val_accuracy"} <= row.keys()], offset

    @property
    def progress(self) -> Progress:
        """Where it is now, in steps; `details` tell epoch, epochs, step, steps, loss, accuracy, images_per_second."""
        return progress.read(self.folder)

    def recall(self) -> pd.DataFrame:
        """Recall of each class on val by epoch: columns epoch, class, recall; empty for runs that did not note it."""
        rows = [
            {"epoch": row["epoch"], "class": name, "recall": value}
            for row in self.epochs_since()[0]
            if isinstance(found := row.get("val_recall"), dict)
            for name, value in found.items()
            if value is not None
        ]
        return pd.DataFrame(rows, columns=["epoch", "class", "recall"])

    def worst(self) -> list[WrongImage]:
        """Images of val got wrong with most confidence in the last epoch: image_id, label, said, probability."""
        return list(read_object(self.folder / WORST_FILE).get("images", []))

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the worker's log, without what TensorFlow says about every start."""
        text = read_tail(self.folder / "log.txt", lines + 40)
        lines_kept = [line for line in text.splitlines() if not _CHATTER.search(line)]
        return "\n".join(lines_kept[-lines:])

    def predictions(self, split: str) -> pd.DataFrame:
        """Table of image_id, label and p_<class> (float32) for every image of a split.

        Raises:
            NotFound: the run has none for that split.
        """
        return read(self.folder, split)

    def evaluation(self) -> Evaluation:
        """`evaluation.json`; {} until it is there."""
        return cast(Evaluation, read_object(self.folder / "evaluation.json"))

    def summary(self) -> RunSummary:
        """One row of the table of runs; values that are not known yet are None."""
        info = self.info
        state, reason = self.status()
        rows = self.epochs_since()[0]
        best = best_epoch(rows)
        seconds = info.get("seconds")
        return {
            "run": self.id,
            "state": state,
            "recipe": info.get("recipe"),
            "dataset": info.get("dataset"),
            "version": info.get("version"),
            "parameters": info.get("parameters"),
            "trainable_parameters": info.get("trainable_parameters"),
            "epochs": len(rows),
            "planned_epochs": info.get("planned_epochs"),
            "best_epoch": best.get("epoch"),
            "val_accuracy": best.get("val_accuracy"),
            "train_accuracy": best.get("accuracy"),
            "seconds": seconds if seconds is not None else round(sum(r.get("seconds", 0.0) for r in rows), 3),
            "images_per_second": _speed(rows),
            "created": info.get("created"),
            "started": info.get("started"),
            "ended": info.get("ended"),
            "device": info.get("device"),
            "backend": info.get("backend"),
            "seed": info.get("seed"),
            "reason": reason or cut_at_once(state, rows),
        }


def cut_at_once(state: RunState, rows: Sequence[Epoch]) -> str:
    """`STOPPED_AT_ONCE` for a run that was stopped in its first epoch and kept what it had by then; else ""."""
    return STOPPED_AT_ONCE if state == "stopped" and len(rows) == 1 and rows[0].get("partial") else ""


def best_epoch(rows: Sequence[Epoch]) -> Epoch:
    """The epoch whose weights are kept: highest by `score`, the earlier of equals; {} of none."""
    none: Epoch = {}
    return max(rows, key=lambda row: (score(row), -row["epoch"]), default=none)


def score(row: Epoch) -> float:
    """What the best epoch is told by: validation accuracy, or what `training.best` of its recipe names."""
    return row["val_macro_f1"] if row.get("best_by") == "val_macro_f1" else row["val_accuracy"]


def _speed(rows: Sequence[Epoch]) -> float | None:
    """Training images per second of a typical epoch; the first is slower and does not count among several."""
    speeds = [row["images_per_second"] for row in rows if "images_per_second" in row]
    return round(median(speeds), 1) if speeds else None
