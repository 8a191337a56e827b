"""Recipes at a size that trains in a second: few channels, small images, and stand-ins for the published backbones."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from tiny_faces import pictures, table

from fer_core.recipes.model_spec import CnnSpec
from fer_core.recipes.recipe import Recipe, fields, override
from fer_core.training.data import TrainingData, from_manifest

SIDE = 16
COUNTS = {"train": 12, "val": 6, "test": 3}


def data_for(recipe: Recipe, counts: dict[str, int] = COUNTS) -> TrainingData:
    """Stripes as `tiny_faces` has them, at the size and colour that the recipe takes."""
    manifest = table(counts)
    size = recipe.model.input_size
    pixels = pictures(manifest)[:, :: 48 // size, :: 48 // size, np.newaxis]
    channels = recipe.model.input_shape[-1]
    return from_manifest(manifest, np.ascontiguousarray(np.repeat(pixels, channels, axis=-1)))


def reduced(recipe: Recipe, epochs: int = 2) -> Recipe:
    """The recipe with everything that is large made small, and nothing else changed."""
    settings: dict[str, Any] = {"training.epochs": epochs, "training.batch_size": 12}
    full: dict[str, Any] = dict(fields(recipe))
    if isinstance(recipe.model, CnnSpec):
        blocks = [dict(block) for block in full["model.blocks"]]
        for block in blocks:
            block |= {key: max(block[key] // 32, 4) for key in ("filters", "units") if key in block}
            block |= {"repeats": 1} if "repeats" in block else {}
        settings |= {"model.blocks": blocks, "model.input_size": SIDE}
    else:
        head = [{**block, "units": 8} for block in full["model.head"]]
        settings |= {"model.head": head, "model.weights": "none", "model.backbone_size": 32}
        stages = [dict(stage) | {"epochs": 1} for stage in full["progressive.stages"]]
        settings |= {"progressive.stages": stages}
    return override(recipe, settings)


def stand_in(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Built as keras.applications builds: a few convolutions with their normalisation."""
    assert not include_top
    x = inputs = keras.Input(input_shape)
    for filters in (4, 4, 8):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    return keras.Model(inputs, x, name="stand_in")
