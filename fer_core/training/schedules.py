"""Learning rates over time: the schedule of a recipe as Keras objects."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
from keras import ops

from fer_core.recipes.combinations import begin_after
from fer_core.recipes.recipe import Recipe
from fer_core.recipes.schema import (
    Cosine,
    EarlyStopping,
    OneCycle,
    Plateau,
    Step,
)


def learning_rate(
    recipe: Recipe, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The rate to give the optimizer: a number, or a schedule over batches.

    Keras asks a schedule by the number of batches seen, also where it updates the weights once in several.
    """
    begin = begin_after(recipe) or 0
    found = _whole(recipe, recipe.training.epochs - begin, steps_per_epoch)
    return found if isinstance(found, float) else DelayedSchedule(found, begin * steps_per_epoch)


def _whole(
    recipe: Recipe, epochs: int, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """`learning_rate` over so many epochs, from the first batch on."""
    rate, schedule = recipe.optimizer.learning_rate, recipe.schedule
    if isinstance(schedule, Step):
        return keras.optimizers.schedules.ExponentialDecay(
            rate, schedule.every * steps_per_epoch, schedule.factor, staircase=True
        )
    if isinstance(schedule, OneCycle):
        first, last = rate * schedule.start_fraction, rate * schedule.final_fraction
        return OneCycleRate(epochs * steps_per_epoch, schedule.rising, first, rate, last)
    if not isinstance(schedule, Cosine):
        return rate
    warmup = min(round(schedule.warmup_epochs * steps_per_epoch), epochs * steps_per_epoch - 1)
    steps = epochs * steps_per_epoch - warmup
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(rate, steps, alpha=schedule.final_fraction)
    return keras.optimizers.schedules.CosineDecay(
        rate / warmup, steps, alpha=schedule.final_fraction, warmup_target=rate, warmup_steps=warmup
    )


class DelayedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that begins after some batches; before them it stands at its first value.

    Attributes:
        offset: the batches.
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, offset: int) -> None:
        super().__init__()
        self._schedule, self.offset = schedule, offset

    def __call__(self, step: Any) -> Any:
        return self._schedule(ops.maximum(ops.cast(step, "int32") - self.offset, 0))


class OneCycleRate(keras.optimizers.schedules.LearningRateSchedule):
    """Half a cosine from `start` to `peak`, another down to `end`; the value over batches, as PyTorch's `OneCycleLR` has it.

    Args:
        total: batches in all.
        rising: share of them in which it goes to `peak`.
        start, peak, end: values in the first batch, at the turn and in the last batch.
    """

    def __init__(self, total: int, rising: float, start: float, peak: float, end: float) -> None:
        super().__init__()
        self._last, self._turn = max(total - 1, 1), max(rising * total - 1, 0)
        self._values = (start, peak, end)

    def __call__(self, step: Any) -> Any:
        start, peak, end = self._values
        step = ops.cast(step, "float32")
        up = step / max(self._turn, 1e-6)
        down = ops.minimum((step - self._turn) / max(self._last - self._turn, 1e-6), 1.0)
        return ops.where(step <= self._turn, _half_cosine(start, peak, up), _half_cosine(peak, end, down))


def _half_cosine(first: float, last: float, share: Any) -> Any:
    return last + (first - last) / 2 * (1 + ops.cos(math.pi * share))


def epoch_callbacks(recipe: Recipe) -> list[keras.callbacks.Callback]:
    """Keras's callbacks that act between epochs: plateau and early stopping, where the recipe has them."""
    callbacks: list[keras.callbacks.Callback] = []
    if isinstance(recipe.schedule, Plateau):
        plateau = recipe.schedule
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor=plateau.monitor,
                mode=_better(plateau.monitor),
                factor=plateau.factor,
                patience=plateau.patience,
                min_lr=plateau.min_learning_rate,
            )
        )
    stopping: EarlyStopping = recipe.early_stopping
    if stopping.patience:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor=stopping.monitor, mode=_better(stopping.monitor), patience=stopping.patience
            )
        )
    return callbacks


def _better(monitor: str) -> Literal["min", "max"]:
    return "min" if monitor.endswith("loss") else "max"
