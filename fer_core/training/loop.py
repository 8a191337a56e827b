"""The training loop: a network, batches and callbacks, handed to Keras.

    model = registry.build(recipe.model, len(data.classes))
    outcome = train(model, data, recipe, folder, stop_requested=lambda: False)

Top to bottom: compile, put the callbacks in order, fit, put the best weights back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from fer_core.training import schedules
from fer_core.training.batches import PlainBatches, TrainingBatches
from fer_core.training.callbacks import FollowEpochs, GiveUpOnNaN, KeepBest, StopOnRequest
from fer_core.training.data import TrainingData
from fer_core.training.device import compile_just_in_time
from fer_core.training.recipe import Recipe
from fer_core.training.record import Record


@dataclass(frozen=True)
class Outcome:
    """How training ended.

    Attributes:
        stopped: somebody asked it to end early.
        has_weights: the model now holds the best weights; False when it was stopped before its first batch.
    """

    stopped: bool
    has_weights: bool


def train(
    model: keras.Model,
    data: TrainingData,
    recipe: Recipe,
    folder: Path,
    stop_requested: Callable[[], bool],
) -> Outcome:
    """Train a model and leave the weights of its best epoch in it.

    Args:
        model: freshly built, not compiled.
        data: pixels and splits.
        recipe: all choices.
        folder: the run's; metrics, progress and checkpoints go there.
        stop_requested: asked after every batch; must be cheap.

    Raises:
        RunError: the loss is no longer a number.
    """
    batches = TrainingBatches(data, recipe)
    compile_model(model, recipe, len(batches))
    stop = StopOnRequest(stop_requested)
    best = KeepBest(folder / "checkpoints" / "best.npz", stop)
    if stop_requested():
        return Outcome(stopped=True, has_weights=False)
    model.fit(
        batches,
        epochs=recipe.training.epochs,
        validation_data=PlainBatches(data, data.val),
        shuffle=False,  # the batches shuffle the images themselves
        verbose=0,
        # `stop` last: the others ask it whether the epoch counts, and it counts epochs.
        callbacks=[
            FollowEpochs(batches),
            GiveUpOnNaN(),
            best,
            Record(folder, len(data.train), recipe.training.epochs, stop),
            *schedules.epoch_callbacks(recipe),
            stop,
        ],
    )
    if best.weights is not None:
        model.set_weights(best.weights)
    return Outcome(stopped=stop.stopped, has_weights=best.weights is not None)


def compile_model(model: keras.Model, recipe: Recipe, steps_per_epoch: int) -> None:
    """Give the model its optimizer, loss and metric."""
    model.compile(
        optimizer=schedules.optimizer(recipe, steps_per_epoch),
        loss=schedules.loss(recipe.loss),
        metrics=["accuracy"],
        jit_compile=compile_just_in_time(),
    )
