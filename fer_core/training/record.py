"""Writes what a run does, while it does it: one line per epoch, and where in the epoch it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import keras

from fer_core.base.jsonl import append_line
from fer_core.jobs.progress import Progress, ProgressFile
from fer_core.recipes.recipe import Recipe
from fer_core.runs.records import Epoch
from fer_core.training.callbacks import Logs, StopOnRequest
from fer_core.training.events import EventFile
from fer_core.training.usage import Usage
from fer_core.training.validation import Validate

_SCORES = ("loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1")


class Record(keras.callbacks.Callback):
    """Writes each epoch to `metrics.jsonl` and `events/` at its end, and where in the epoch it is to `progress.json`.

    `keep` gets the row of a whole epoch before anybody can read it: what is told can also be gone on from. `end` is how many
    epochs are planned, by now: stages may end early.
    """

    def __init__(
        self,
        folder: Path,
        images: int,
        recipe: Recipe,
        stop: StopOnRequest,
        keep: Callable[[Epoch], None],
        end: Callable[[], int],
    ) -> None:
        super().__init__()
        self._keep, self._end, self._rate = keep, end, 0.0
        self._folder, self._images, self._stop = folder, images, stop
        self._best_by = recipe.training.best
        self.validation: Validate | None = None
        self._usage = Usage()
        self._events: EventFile | None = None
        self._seconds: list[float] = []
        self._progress = ProgressFile(folder)
        self._epoch = self._step = 0
        self._began = self._trained = 0.0
        self._started = time.time()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch + 1
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._step, self._trained = batch + 1, time.perf_counter()
        if self._progress.due():
            self._report("training", logs or {})

    def validating(self) -> None:
        """The epoch's training is over, its validation begins."""
        # Now, because a plateau may lower it for the next epoch before this one is written.
        self._rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self._report("validating", {})

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._stop.drop_epoch:
            return
        logs = logs or {}
        self._seconds.append(time.perf_counter() - self._began)
        usual = median(self._seconds[-5:])
        # Metrics are float32: 108 of 120 right would read as less than 0.9.
        loss, accuracy, val_loss, val_accuracy, val_f1 = (round(float(logs[key]), 6) for key in _SCORES)
        row: Epoch = {
            "epoch": epoch + 1,
            "loss": loss,
            "accuracy": accuracy,
            "val_loss": val_loss,
            "val_accuracy": val_accuracy,
            "val_macro_f1": val_f1,
            "learning_rate": self._rate,
            "seconds": round(self._seconds[-1], 3),
            "images_per_second": self._images_per_second(),
            "eta_seconds": round(usual * (self._end() - epoch - 1), 1),
        }
        if self.validation:
            row["val_recall"] = self.validation.recall
        if self._best_by != "val_accuracy":
            row["best_by"] = self._best_by
        if "doubted" in logs:
            row["doubted"] = round(float(logs["doubted"]), 6)
        row.update(self._usage.since_last())
        if self._stop.cut_short:
            row["partial"] = True
        else:
            self._keep(row)
        append_line(self._folder / "metrics.jsonl", row, durable=True)
        if self._events is None:
            self._events = EventFile(self._folder / "events", epoch + 1)
        self._events.scalars(epoch + 1, _scalars(row))

    def _images_per_second(self) -> float:
        """Of training in this epoch, without validation; a stopped epoch has not seen all images."""
        seen = self._images * self._step / self.params["steps"]
        return float(round(seen / (self._trained - self._began), 1))

    def _report(self, phase: str, logs: dict[str, float]) -> None:
        seconds, steps = time.perf_counter() - self._began, int(self.params["steps"])
        usual = median(self._seconds[-5:]) if self._seconds else seconds * steps / self._step
        epochs = self._end()
        left = max(usual - seconds, 0.0) + usual * (epochs - self._epoch)
        details: dict[str, int | float] = {
            "epoch": self._epoch,
            "epochs": epochs,
            "step": self._step,
            "steps": steps,
            "images_per_second": self._images_per_second(),
            **{key: round(float(logs[key]), 5) for key in ("loss", "accuracy") if key in logs},
        }
        done, total = (self._epoch - 1) * steps + self._step, epochs * steps
        self._progress.write(Progress(done, total, phase, self._started, round(left, 1), details))


def _scalars(row: Epoch) -> dict[str, float]:
    """An epoch as TensorBoard shows it: training and validation in one chart, a chart for the recall of each class."""
    found = {
        "loss/train": row["loss"],
        "loss/val": row["val_loss"],
        "accuracy/train": row["accuracy"],
        "accuracy/val": row["val_accuracy"],
        "macro_f1/val": row["val_macro_f1"],
        "speed/learning_rate": row["learning_rate"],
        "speed/images_per_second": row["images_per_second"],
    }
    recall = row.get("val_recall", {}).items()
    return found | {f"recall/{name}": value for name, value in recall if value is not None}
