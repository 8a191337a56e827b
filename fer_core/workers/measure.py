"""What a training would take, measured by a few steps of each part of its plan; the worker behind `scheduling.estimate`.

Asked for root, dataset, version and recipe (TOML).
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from statistics import median

import keras
import numpy as np

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import serve
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe, override, parse
from fer_core.scheduling.estimate import Measured, MeasureRequest
from fer_core.training import device, loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.data import TrainingData, load
from fer_core.training.failures import failure_message
from fer_core.training.parts import Parts
from fer_core.training.stages import plan

WARM, TIMED = 3, 10
"""Steps of each part before the clock runs, in which the graph is built, and steps it counts."""
_VALIDATED = 256


def work(folder: Path, asked: MeasureRequest, report: ProgressFn) -> Measured:
    """Measure what is asked for."""
    recipe = override(parse(asked["recipe"]), {"distillation.teacher": ""})  # asking it is no part of a step
    dataset = open_dataset(Workspace(Path(asked["root"])), asked["dataset"])
    device.take_memory_as_needed()
    keras.config.set_dtype_policy(recipe.training.precision)
    data = load(dataset, asked["version"], recipe.model, recipe.training.soft_labels)
    return measure(data, recipe, report)


def measure(data: TrainingData, recipe: Recipe, report: ProgressFn) -> Measured:
    """Train a few steps and extrapolate."""
    keras.utils.set_random_seed(recipe.training.seed)
    model = loop.build(recipe, len(data.classes))
    batches = TrainingBatches(data, recipe)
    planned = len(plan(recipe)) * (WARM + TIMED)
    done, training = 0, 0.0
    for begin, end in Parts(model, recipe, batches, 0):
        steps = []
        for number in range(WARM + TIMED):
            report(done, planned, "steps")
            began = time.perf_counter()
            model.train_on_batch(*batches[number % len(batches)])
            steps.append(time.perf_counter() - began)
            done += 1
        training += median(steps[WARM:]) * (end - begin)
    step = training / recipe.training.epochs
    images = np.asarray(data.pixels[data.val.rows[:_VALIDATED]])
    model.predict_on_batch(images)
    began = time.perf_counter()
    model.predict_on_batch(images)
    validating = (time.perf_counter() - began) / len(images) * len(data.val)
    size = registry.parameters_of(model)
    epoch = step * len(batches) + validating
    return {
        "parameters": size.parameters,
        "trainable_parameters": size.trainable_parameters,
        "step_seconds": round(step, 5),
        "epoch_seconds": round(epoch, 3),
        "total_seconds": round(epoch * recipe.training.epochs, 1),
        "images_per_second": round(len(data.train) / (step * len(batches)), 1),
        "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "device": device.describe(),
    }


if __name__ == "__main__":
    sys.exit(serve(work, failure_message))
