"""Random combinations of techniques, each trained in one go and with pauses: `python resumed_combinations.py FOLDER COUNT SEED`.

A process of its own, because equal bits are asked of the backend once and for all. Prints a JSON list: per combination its
settings, the epochs it was paused after, and what differs at the end ([] where all bits are the same).
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from small import data_for, reduced, stand_in
from tiny_faces import tiny_recipe

from fer_core.base.errors import RecipeError
from fer_core.base.jsonl import read_lines
from fer_core.models import transfer
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.training import device, loop
from fer_core.training.stages import plan

EPOCHS = 5
BLOCKS = [
    {"kind": "conv", "filters": 6, "convs": 1, "strides": 2, "batch_norm": "before_activation"},
    {"kind": "squeeze_excite", "reduction": 2},
    {"kind": "convnext", "filters": 6},
    {"kind": "global_average", "dropout": 0.3},
]
CHOICES: dict[str, list[dict[str, Any]]] = {
    "average": [{}, {"optimizer__ema": 0.9}, {"optimizer__swa": 0.6}],
    "images": [{}, {"progressive__resizing": 0.8, "progressive__steps": 2}],
    "dropout": [{}, {"progressive__dropout": 0.6, "progressive__steps": 2}],
    "accumulation": [{}, {"optimizer__accumulation": 2}],
    "pictures": [{}, {"augmentation__mixup": 0.3}, {"augmentation__erasing": 1.0, "augmentation__rotation": 0.1}],
    "bits": [{}, {"training__precision": "mixed_bfloat16"}],
    "loss": [{}, {"loss__name": "flip_consistency"}, {"loss__name": "early_learning"}, {"training__class_weight": "balanced"}],
    "optimizer": [{"optimizer__name": name} for name in ("adamw", "sgd", "muon")],
    "schedule": [{"schedule__name": name} for name in ("cosine", "one_cycle", "plateau")],
    "stages": [{}, {"progressive__stages": [
        {"epochs": 2, "trainable": 0.0, "learning_rate": 1e-2}, {"epochs": 2, "trainable": 0.5, "learning_rate": 1e-3},
        {"epochs": 1, "trainable": 1.0, "learning_rate": 1e-4},
    ]}],
}  # fmt: skip


def combination(rng: random.Random) -> dict[str, Any]:
    """One choice of each technique, where they go together."""
    while True:
        settings: dict[str, Any] = {}
        for options in CHOICES.values():
            settings |= rng.choice(options)
        with suppress(RecipeError):
            plan(recipe_with(settings))
            return settings


def recipe_with(settings: dict[str, Any]) -> Recipe:
    """Small; stages are those of a backbone, which is a stand-in."""
    if "progressive__stages" in settings:
        staged = override(reduced(load("progressive"), EPOCHS), {"training.batch_size": 20})
        return override(staged, {key.replace("__", "."): value for key, value in settings.items()})
    return tiny_recipe(model__blocks=BLOCKS, training__epochs=EPOCHS, training__batch_size=20, **settings)


def train(
    folder: Path, recipe: Recipe, pause_after: list[int]
) -> tuple[list[np.ndarray], list[dict[str, Any]]]:
    """Train to the end, anew from the folder after every pause; the weights, and the rows without their times."""
    folder.mkdir(parents=True)
    data = data_for(recipe, {"train": 40, "val": 12})
    told = folder / "metrics.jsonl"

    def due() -> bool:
        done = len(read_lines(told)[0])
        return done in pause_after and done > begun[-1]

    begun: list[int] = []
    for begin in [0, *pause_after]:
        begun.append(begin)
        keras.utils.set_random_seed(
            recipe.training.seed + begin
        )  # a new process has random states of its own
        keras.config.set_dtype_policy(recipe.training.precision)
        model = loop.build(recipe, 3)
        loop.train(model, data, recipe, folder, lambda: False, due)
    rows = [
        {k: row[k] for k in ("loss", "val_loss", "val_macro_f1", "learning_rate")}
        for row in read_lines(told)[0]
    ]
    return model.get_weights(), rows


def compare(folder: Path, settings: dict[str, Any], pauses: list[int]) -> list[str]:
    """What is not the same, bit by bit."""
    recipe = recipe_with(settings)
    (whole, told), (parts, again) = (
        train(folder / "whole", recipe, []),
        train(folder / "parts", recipe, pauses),
    )
    found = [f"epoch {n + 1}: {a} / {b}" for n, (a, b) in enumerate(zip(told, again, strict=True)) if a != b]
    found += [
        f"weights {n}" for n, (a, b) in enumerate(zip(whole, parts, strict=True)) if not np.array_equal(a, b)
    ]
    return found


def main(folder: Path, count: int, seed: int) -> None:
    device.make_deterministic()
    tf.config.run_functions_eagerly(True)
    for name, backbone in transfer._BACKBONES.items():
        transfer._BACKBONES[name] = dataclasses.replace(backbone, build=stand_in)
    rng, told = random.Random(seed), []
    for number in range(count):
        settings = combination(rng)
        pauses = sorted(rng.sample(range(1, EPOCHS), rng.choice((1, 2))))
        apart = compare(folder / str(number), settings, pauses)
        told.append({"settings": settings, "pauses": pauses, "apart": apart})
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
