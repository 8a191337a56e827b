"""The worker that trains while the learning rate rises from step to step; see `scheduling.rate_finder`."""

from __future__ import annotations

import sys
from itertools import cycle, islice
from pathlib import Path

import keras
import numpy as np

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import serve
from fer_core.recipes.recipe import Recipe, override, parse
from fer_core.scheduling import starting_points
from fer_core.scheduling.rate_finder import RateRequest, broken
from fer_core.training import device, loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.data import TrainingData, load
from fer_core.training.failures import failure_message
from fer_core.training.parts import Parts
from fer_core.workers import warm_start

_PLAIN = {"schedule.name": "constant", "optimizer.swa": 0.0, "optimizer.ema": 0.0, "distillation.teacher": ""}


def work(folder: Path, asked: RateRequest, report: ProgressFn) -> dict[str, object]:
    """Train by the rates that are asked for."""
    recipe = override(parse(asked["recipe"]), _PLAIN)
    workspace = Workspace(Path(asked["root"]))
    report(0, len(asked["rates"]), "rates")
    device.take_memory_as_needed()
    keras.config.set_dtype_policy(recipe.training.precision)
    dataset = open_dataset(workspace, asked["dataset"])
    data = load(dataset, asked["version"], recipe.model, recipe.training.soft_labels)
    keras.utils.set_random_seed(recipe.training.seed)
    model = loop.build(recipe, len(data.classes))
    recipe, known = starting_points.resolve_start(dataset, asked["version"], recipe)
    warm_start.begin(model, workspace, recipe, known.get("start"), data)
    return {"losses": rise(model, data, recipe, asked["rates"], report)}


def rise(
    model: keras.Model, data: TrainingData, recipe: Recipe, rates: list[float], report: ProgressFn
) -> list[float]:
    """The training loss at each rate, one step each, up to the one at which it breaks away.

    A step is as many batches as the recipe accumulates.
    """
    batches = TrainingBatches(data, recipe)
    parts = iter(Parts(model, recipe, batches, 0))
    next(parts)  # dropout and images as they are in the first epoch
    every = recipe.optimizer.accumulation
    stream = cycle(range(len(batches)))
    losses: list[float] = []
    for number, rate in enumerate(rates):
        model.optimizer.learning_rate = rate
        losses.append(float(np.mean([_step(model, batches, index) for index in islice(stream, every)])))
        report(number + 1, len(rates), "rates")
        if broken(losses):
            break
    return losses


def _step(model: keras.Model, batches: TrainingBatches, index: int) -> float:
    model.reset_metrics()  # else the loss is the mean of all steps so far
    batches.epoch += index == 0
    return float(model.train_on_batch(*batches[index], return_dict=True)["loss"])


if __name__ == "__main__":
    sys.exit(serve(work, failure_message))
