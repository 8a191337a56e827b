"""What happens beside the training steps: the best weights, stopping on request, giving up on NaN.

Each is a Keras callback with one duty. `loop` puts them in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from fer_core.base.errors import RunError
from fer_core.runs.records import Epoch
from fer_core.runs.run import score
from fer_core.training.batches import TrainingBatches
from fer_core.training.checkpoint import load_weights, save_weights

Logs = dict[str, float] | None
"""What Keras tells a callback: loss and metrics by name."""


class SetEpoch(keras.callbacks.Callback):
    """Tells the batches which epoch it is, so that order and augmentation follow from it."""

    def __init__(self, batches: TrainingBatches) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._batches.epoch = epoch


class StopOnRequest(keras.callbacks.Callback):
    """Ends training after the batch in which `requested` turned true.

    The part of an epoch done by then is validated only when no epoch has ended before: something to keep is
    better than nothing. `cut_short` says that the epoch is incomplete.
    """

    def __init__(self, requested: Callable[[], bool]) -> None:
        super().__init__()
        self._requested = requested
        self.stopped = False
        self.cut_short = False
        self.epochs_done = 0

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._requested():
            self.stopped = self.model.stop_training = True
            self.cut_short = batch + 1 < self.params["steps"]

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.epochs_done += 1
        # Between two epochs, and for a stop that came while validating.
        if self._requested():
            self.stopped = self.model.stop_training = True

    @property
    def drop_epoch(self) -> bool:
        """Whether the epoch that just ended is a fragment that must not be recorded."""
        return self.cut_short and self.epochs_done > 0


class PauseOnRequest(keras.callbacks.Callback):
    """Ends training after the epoch in which `requested` turned true; nothing of it is lost.

    Not where training is `over` after so many epochs anyway.
    """

    def __init__(self, requested: Callable[[], bool], over: Callable[[int], bool]) -> None:
        super().__init__()
        self._requested, self._over = requested, over
        self.paused = False

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._requested() and not self._over(epoch + 1):
            self.paused = self.model.stop_training = True


class GiveUpOnNaN(keras.callbacks.Callback):
    """Fails the run as soon as the loss is not a number; no later step can repair that."""

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        check_finite("loss", (logs or {}).get("loss", 0.0), f"batch {batch + 1}")


def check_finite(name: str, loss: float, when: str) -> None:
    """Raise RunError for a loss that is not a number any more."""
    if not math.isfinite(loss):
        raise RunError(
            "The loss is no longer a finite number",
            received=f"{name}={loss} at {when}",
            hint="Try a lower learning_rate, or clipnorm = 1.0",
        )


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the best epoch, in memory and on disk; `by` names what of the logs is highest in it."""

    def __init__(
        self,
        path: Path,
        stop: StopOnRequest,
        weights_of: Callable[[keras.Model], list[np.ndarray]] = keras.Model.get_weights,
        by: str = "val_accuracy",
    ) -> None:
        super().__init__()
        self._by = by
        self._path, self._stop, self._weights_of = path, stop, weights_of
        self.best = -math.inf
        self.weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._stop.drop_epoch:
            return
        reached = (logs or {})[self._by]
        if reached > self.best:
            self.best = reached
            self.weights = self._weights_of(self.model)
            save_weights(self._path, self.weights)

    def restore(self, best: Epoch, epoch: int, model: keras.Model) -> None:
        """What earlier epochs have reached, for a run that goes on.

        Args:
            best: row of the best epoch so far; {} where there is none.
            epoch: the epoch whose weights the model holds.
            model: restored.
        """
        if best:
            self.best = score(best)
            # A run may have ended between writing the state of its best epoch and writing its weights.
            if best["epoch"] == epoch:
                self.weights = self._weights_of(model)
                save_weights(self._path, self.weights)
            else:
                self.weights = load_weights(self._path)

    def apply_best(self, model: keras.Model) -> bool:
        """Give the model its best weights; False where there are none."""
        if self.weights is None:
            return False
        model.set_weights(self.weights)
        return True
