"""Going on where training ended: what has to be kept for it, and putting it back.

The order of images and their augmentation follow from seed and epoch alone, so weights, optimizer, random states
of the layers and the counters of callbacks are all there is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from fer_core.base.checksums import checked_file
from fer_core.base.errors import RunError
from fer_core.models.body import refresh_normalization
from fer_core.recipes.recipe import Recipe
from fer_core.runs.records import Epoch
from fer_core.runs.run import score
from fer_core.training.callbacks import Logs
from fer_core.training.checkpoint import TrainingState, load_state, save_state
from fer_core.training.losses import RunningAnswers
from fer_core.training.parts import Parts

_COUNTED = {
    "ReduceLROnPlateau": ("best", "wait", "cooldown_counter"),
    "EarlyStopping": ("best", "wait"),
}
"""What Keras's callbacks count, by class; they forget it when training begins."""


class KeepStates(keras.callbacks.Callback):
    """Writes the state of training after each epoch, and gives its counters back to callbacks that forget them.

    Stands after the callbacks it follows and before `Record`. `keep` is called by `Record`, before the epoch is told to anybody.
    """

    def __init__(
        self,
        folder: Path,
        followed: Sequence[keras.callbacks.Callback],
        state: TrainingState | None,
        recipe: Recipe,
        parts: Parts | None = None,
    ) -> None:
        super().__init__()
        self._folder, self._every = folder, recipe.training.checkpoints == "every"
        self._followed = [callback for callback in followed if type(callback).__name__ in _COUNTED]
        self._counted = state.callbacks if state else {}
        self._best = -np.inf
        self._parts, self._over = parts, False

    def on_train_begin(self, logs: Logs = None) -> None:
        for callback in self._followed:
            for name, value in self._counted.get(type(callback).__name__, {}).items():
                setattr(callback, name, value)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._over = self._stage_is_over(epoch + 1)  # before the epoch is told, with how many are left

    def set_best(self, reached: float) -> None:
        """What the best of the epochs before reached."""
        self._best = reached

    def keep(self, row: Epoch) -> None:
        """Write the state after the epoch of this row."""
        state = snapshot(self.model, row, [] if self._over else self._followed, self._parts)
        self._counted = state.callbacks  # training may begin once more, with another part of its plan
        last = self._folder / "last.npz"
        save_state(last, state)
        names = [f"epoch-{state.epoch:04d}.npz"] if self._every else []
        if score(row) > self._best:
            self._best = score(row)
            names.append("best-state.npz")
        for name in names:
            with checked_file(self._folder / name) as second:
                os.link(last, second)  # keeps the state when `last` is replaced; takes no space

    def _stage_is_over(self, epoch: int) -> bool:
        """Whether a stage of unfreezing ends with this epoch, also by early stopping: counters begin anew after it."""
        if self._parts is None:
            return False
        for stopping in self._followed:
            if (
                isinstance(stopping, keras.callbacks.EarlyStopping)
                and stopping.stopped_epoch == epoch - 1 > 0
            ):
                self._parts.end_stage(epoch)
        return self._parts.at_end_of_stage(epoch)


def snapshot(
    model: keras.Model,
    row: Epoch,
    followed: Sequence[keras.callbacks.Callback],
    parts: Parts | None,
) -> TrainingState:
    """Everything training needs to go on from here."""
    rate, others = _optimizer_variables(model.optimizer)
    callbacks = {}
    for callback in followed:
        name = type(callback).__name__
        counted = {key: getattr(callback, key) for key in _COUNTED[name]}
        callbacks[name] = {k: v if v is None else float(v) for k, v in counted.items()}
    return TrainingState(
        epoch=int(row["epoch"]),
        row=row,
        model=[_array(v) for v in _model_variables(model)],
        optimizer=[_array(v) for v in others],
        learning_rate=None if rate is None else float(_array(rate)),
        callbacks=callbacks,
        stages_ended=list(parts.ended) if parts else [],
        memory=[_array(parts.memory.answers)] if parts and parts.memory else [],
    )


def restore(
    model: keras.Model,
    state: TrainingState,
    *,
    optimizer: bool = True,
    learning_rate: bool = True,
    memory: RunningAnswers | None = None,
) -> None:
    """Put a state back into a compiled model.

    Args:
        model: built and compiled from the recipe the state belongs to, or one that changes only training.
        state: from `load_state`.
        optimizer: also the optimizer's moments and step count; not for an optimizer of another kind.
        learning_rate: also the rate, as far as it came down; not where the recipe now asks for another.
        memory: filled with what the loss remembered; stays empty after a fork from a loss that did not.

    Raises:
        RunError: the state is of another model.
    """
    _assign(_model_variables(model), state.model, "model")
    refresh_normalization(model)
    if memory is not None and state.memory:
        _assign([memory.answers], state.memory, "training part")
    if not optimizer:
        return
    model.optimizer.build(model.trainable_variables)
    rate, others = _optimizer_variables(model.optimizer)
    _assign(others, state.optimizer, "optimizer")
    if learning_rate and rate is not None and state.learning_rate is not None:
        rate.assign(state.learning_rate)


def latest(folder: Path) -> TrainingState | None:
    """The state to go on from; None where no epoch has ended."""
    path = folder / "last.npz"
    return load_state(path) if path.is_file() else None


def _model_variables(model: keras.Model) -> list[keras.Variable]:
    metrics = {id(variable) for variable in model.metrics_variables}
    return [variable for variable in model.variables if id(variable) not in metrics]


def _optimizer_variables(
    optimizer: keras.Optimizer,
) -> tuple[keras.Variable | None, list[keras.Variable]]:
    """The learning rate, where it is a variable, and all others."""
    rate = next((v for v in optimizer.variables if v.path.endswith("/learning_rate")), None)
    return rate, [v for v in optimizer.variables if v is not rate]


def _assign(variables: Sequence[keras.Variable], arrays: Sequence[np.ndarray], what: str) -> None:
    shapes, found = [tuple(v.shape) for v in variables], [a.shape for a in arrays]
    if shapes != found:
        raise RunError(
            f"The checkpoint is of another {what}",
            received=f"{len(found)} arrays for {len(shapes)} variables",
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _array(variable: keras.Variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable.value))
