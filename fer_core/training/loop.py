"""The training loop: a network, batches and callbacks, handed to Keras.

    model = build(recipe, len(data.classes))
    outcome = train(model, data, recipe, folder, stop_requested=lambda: False)

Top to bottom: put the callbacks in order, fit part after part of the plan, put the best weights back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import keras

from fer_core.base.atomic import write_atomic
from fer_core.base.jsonl import read_lines
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe
from fer_core.runs.records import Epoch
from fer_core.runs.run import best_epoch
from fer_core.training import averaging, optimizers, resume, schedules
from fer_core.training.batches import TrainingBatches
from fer_core.training.callbacks import GiveUpOnNaN, KeepBest, PauseOnRequest, SetEpoch, StopOnRequest
from fer_core.training.checkpoint import TrainingState
from fer_core.training.data import TrainingData
from fer_core.training.parts import Parts, compile_model
from fer_core.training.record import Record
from fer_core.training.validation import Validate

__all__ = ["TrainingResult", "build", "compile_model", "keep_rows", "train"]


@dataclass(frozen=True)
class TrainingResult:
    """How training ended.

    Attributes:
        stopped: somebody asked it to end early.
        paused: somebody asked it to pause; the model holds the weights of the last epoch.
        has_weights: the model now holds the best weights; False when it was stopped before its first batch.
    """

    stopped: bool
    has_weights: bool
    paused: bool = False


def train(
    model: keras.Model,
    data: TrainingData,
    recipe: Recipe,
    folder: Path,
    stop_requested: Callable[[], bool],
    pause_requested: Callable[[], bool] = lambda: False,
    changed: Callable[[str], bool] = lambda table: False,
) -> TrainingResult:
    """Train a model and leave the weights of its best epoch in it; go on where the folder's checkpoint ends.

    Args:
        model: freshly built, not compiled.
        data: pixels and splits.
        recipe: all choices.
        folder: the run's; metrics, progress and checkpoints go there.
        stop_requested: asked after every batch; must be cheap.
        pause_requested: asked after every epoch.
        changed: whether a table of the recipe, such as "optimizer", differs from that of the checkpoint: a fork.

    Raises:
        RunError: the loss is no longer a number, or the checkpoint is of another model.
    """
    batches = TrainingBatches(data, recipe)
    checkpoints = folder / "checkpoints"
    state, stop = resume.latest(checkpoints), StopOnRequest(stop_requested)
    kept_as = partial(averaging.validated_weights, batches=batches)
    best = KeepBest(checkpoints / "best.npz", stop, kept_as, recipe.training.best)
    between = schedules.epoch_callbacks(recipe)
    rows = keep_rows(folder / "metrics.jsonl", state)
    done = state.epoch if state else 0
    parts = Parts(model, recipe, batches, done, state.stages_ended if state else ())
    pause = PauseOnRequest(pause_requested, parts.over_after)
    keeper = resume.KeepStates(checkpoints, between, state, recipe, parts)
    if state:
        _restore(model, state, parts, changed)
        optimizers.begin_schedule(model.optimizer, recipe, done, len(batches))
        stop.epochs_done = done
        with parts.conditions_of_last_epoch():
            best.restore(best_epoch(rows), done, model)
        keeper.set_best(best.best)
    if stop_requested():
        return TrainingResult(stopped=True, has_weights=best.apply_best(model))
    record = Record(folder, len(data.train), recipe, stop, keeper.keep, parts.end)
    validate = record.validation = Validate(data, batches, recipe, folder, stop, record.validating)
    # `validate` first: the others go by what it finds. `record` after what changes the next epoch, whose
    # state it keeps. `stop` last: the others ask it whether the epoch counts, and it counts epochs.
    callbacks = [SetEpoch(batches), GiveUpOnNaN(), validate, *between, keeper, record, best, pause, stop]
    for begin, end in parts:
        # Keras does not shuffle: the batches shuffle the images themselves.
        model.fit(batches, epochs=end, initial_epoch=begin, shuffle=False, verbose=0, callbacks=callbacks)
        if stop.stopped or pause.paused or (model.stop_training and not parts.moved_on):
            break
    if pause.paused and not stop.stopped:
        return TrainingResult(stopped=False, has_weights=True, paused=True)
    return TrainingResult(stopped=stop.stopped, has_weights=best.apply_best(model))


def _restore(model: keras.Model, state: TrainingState, parts: Parts, changed: Callable[[str], bool]) -> None:
    resume.restore(
        model,
        state,
        optimizer=parts.goes_on and not (changed("optimizer.name") or changed("progressive")),
        learning_rate=not (changed("optimizer.learning_rate") or changed("schedule")),
        memory=parts.memory,
    )


def build(recipe: Recipe, classes: int) -> keras.Model:
    """The network a recipe is trained with: any size of image goes in where images grow, else `registry.build`'s."""
    shape = (None, None, recipe.model.input_shape[-1]) if recipe.progressive.resizing else None
    return registry.build(recipe.model, classes, shape)


def keep_rows(path: Path, state: TrainingState | None) -> list[Epoch]:
    """The epochs told so far that a checkpoint stands for; what was told after it is taken out of the file."""
    lines, _ = read_lines(path)
    told = [cast(Epoch, row) for row in lines]
    done = state.epoch if state else 0
    rows = {
        row["epoch"]: row for row in told if row.get("epoch", done + 1) <= done and not row.get("partial")
    }
    if state:
        rows[state.epoch] = state.row
    kept = [rows[epoch] for epoch in sorted(rows)]
    if kept != told:
        write_atomic(path, "".join(json.dumps(row) + "\n" for row in kept))
    return kept
