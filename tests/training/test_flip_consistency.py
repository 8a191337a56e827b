"""Attention maps held together with those of the mirror image, through whole trainings and against the formula written anew."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tiny_faces import tiny_data, tiny_recipe

from fer_core.base.errors import RecipeError
from fer_core.base.jsonl import read_lines
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.training import loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.checkpoint import save_network

BLOCKS = [
    {"kind": "conv", "filters": 6, "convs": 1, "strides": 2, "batch_norm": "none"},
    {"kind": "conv", "filters": 6, "convs": 1, "batch_norm": "none", "pool": "none"},
    {"kind": "global_average"},
]


def recipe_with(**settings: Any) -> Recipe:
    fields = {"loss__name": "flip_consistency", "model__blocks": BLOCKS, "training__batch_size": 96}
    return tiny_recipe(**(fields | settings))


def maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Class activation maps float64 (n, h, w, classes), by NumPy from the last feature map and the softmax layer's weights."""
    last = next(layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
    features = keras.Model(model.inputs, last.input).predict(images, verbose=0).astype(np.float64)
    return np.einsum("nhwc,ck->nhwk", features, model.layers[-1].get_weights()[0].astype(np.float64))


def apart(model: keras.Model, images: np.ndarray) -> float:
    mirrored = maps(model, np.ascontiguousarray(images[:, :, ::-1]))[:, :, ::-1]
    return float(((maps(model, images) - mirrored) ** 2).mean())


def fit(folder: Path, recipe: Recipe) -> tuple[keras.Model, float]:
    """A trained network, and the loss told of its first epoch."""
    folder.mkdir(exist_ok=True)
    keras.utils.set_random_seed(recipe.training.seed)
    model = registry.build(recipe.model, 3)
    loop.train(model, tiny_data(), recipe, folder, lambda: False)
    return model, float(read_lines(folder / "metrics.jsonl")[0][0]["loss"])


@pytest.mark.parametrize("weight", [0.0, 5.0, 40.0])
def test_the_loss_of_a_fit_is_cross_entropy_and_the_difference_of_the_maps(
    weight: float, tmp_path: Path
) -> None:
    recipe = recipe_with(loss__consistency=weight, augmentation__erasing=1.0, training__epochs=1)
    keras.utils.set_random_seed(recipe.training.seed)
    model = registry.build(recipe.model, 3)  # as it is before its one step
    images, targets = TrainingBatches(tiny_data(), recipe)[0]
    said = model.predict(images, verbose=0).astype(np.float64)
    crossed = float(-(targets * np.log(said)).sum(axis=1).mean())
    together = apart(model, images)
    assert together > 0.001, "or nothing is told apart here"
    _, told = fit(tmp_path / "run", recipe)
    assert told == pytest.approx(crossed + weight * together, rel=1e-3)


def test_maps_come_together_in_training_and_the_file_is_plain_keras(tmp_path: Path) -> None:
    shared = {"training__epochs": 6, "training__batch_size": 16}
    images = np.asarray(tiny_data().pixels[:30])
    free, _ = fit(tmp_path / "free", recipe_with(loss__consistency=0.0, **shared))
    held, _ = fit(tmp_path / "held", recipe_with(loss__consistency=50.0, **shared))
    assert apart(held, images) < 0.5 * apart(free, images)
    save_network(tmp_path / "best.keras", held)
    with zipfile.ZipFile(tmp_path / "best.keras") as file:
        assert "fer_core" not in file.read("config.json").decode()
    # Validation tells the cross-entropy alone.
    row = read_lines(tmp_path / "held" / "metrics.jsonl")[0][-1]
    assert row["val_loss"] < row["loss"] + 1


@pytest.mark.parametrize("name", ["model_b", "mobilenetv2_frozen_48"])
def test_a_network_without_such_maps_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="last block is global_average"):
        override(load(name), {"loss.name": "flip_consistency"})
