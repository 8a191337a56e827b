"""What a training would take, measured by a few steps of it: `python -m fer_core.training.probe FILE`.

FILE is JSON with root, dataset, version and recipe (TOML); the answer is written to FILE with the suffix `.out`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import keras
import numpy as np

from fer_core.data.datasets import open_dataset
from fer_core.models import registry
from fer_core.training import device, loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.data import TrainingData, load
from fer_core.training.failures import explain
from fer_core.training.recipe import Recipe, parse
from fer_core.workspace import Workspace, write_json

WARM, TIMED = 3, 10
"""Steps before the clock runs, in which the graph is built, and steps it counts."""
_VALIDATED = 256


def main(arguments: list[str]) -> int:
    """Measure what the file asks for; 1 where it cannot be trained, with the reason in the answer."""
    asked = Path(arguments[0])
    about = json.loads(asked.read_text(encoding="utf-8"))
    try:
        recipe = parse(about["recipe"])
        dataset = open_dataset(Workspace(Path(about["root"])), about["dataset"])
        device.set_precision(recipe.training.precision)
        data = load(dataset, about["version"], recipe.model, recipe.training.soft_labels)
        answer = measure(data, recipe)
    except Exception as error:
        write_json(asked.with_suffix(".out"), {"error": explain(error)})
        return 1
    write_json(asked.with_suffix(".out"), answer)
    return 0


def measure(data: TrainingData, recipe: Recipe) -> dict[str, Any]:
    """Train a few steps and extrapolate.

    Returns:
        parameters, trainable_parameters, step_seconds, epoch_seconds (with validation), total_seconds (all epochs;
        early stopping may end sooner), images_per_second, memory_bytes (peak of this process), device.
    """
    keras.utils.set_random_seed(recipe.training.seed)
    model = registry.build(recipe.model, len(data.classes))
    batches = TrainingBatches(data, recipe)
    loop.compile_model(model, recipe, len(batches))
    steps = []
    for number in range(WARM + TIMED):
        began = time.perf_counter()
        model.train_on_batch(*batches[number % len(batches)])
        steps.append(time.perf_counter() - began)
    step = median(steps[WARM:])
    images = np.asarray(data.pixels[data.val.rows[:_VALIDATED]])
    model.predict_on_batch(images)
    began = time.perf_counter()
    model.predict_on_batch(images)
    validating = (time.perf_counter() - began) / len(images) * len(data.val)
    size = registry.size(model)
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
    sys.exit(main(sys.argv[1:]))
