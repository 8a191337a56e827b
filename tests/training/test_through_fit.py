"""What techniques do in a whole training, against formulas written here anew."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from test_loop import Fit
from tiny_faces import pictures, table, tiny_data, tiny_recipe

from fer_core.base.errors import RunError
from fer_core.models import registry
from fer_core.recipes.schema import Augmentation
from fer_core.training import loop
from fer_core.training.augmentation.mixing import mix
from fer_core.training.batches import TrainingBatches, weighted
from fer_core.training.checkpoint import save_network
from fer_core.training.data import from_manifest

STEPS = 6  # batches of 16 in 96 images


def copied(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable.value))


def cosine(step: int, steps: int, rate: float) -> float:
    return rate * 0.5 * (1 + np.cos(np.pi * step / steps))


@pytest.mark.parametrize("accumulation", [1, 2, 4])
def test_accumulation_leaves_the_schedule_where_the_epochs_put_it(accumulation: int, tmp_path: Path) -> None:
    recipe = tiny_recipe(
        training__epochs=4, schedule__name="cosine", schedule__warmup_epochs=0, schedule__final_fraction=0.0,
        optimizer__accumulation=accumulation,
    )  # fmt: skip
    told = [row["learning_rate"] for row in Fit(tmp_path, recipe).rows]
    np.testing.assert_allclose(told, [cosine(e * STEPS, 4 * STEPS, 0.01) for e in (1, 2, 3, 4)], atol=1e-8)
    assert told[0] > 0.008, "not at its end after the first epoch"


@pytest.mark.parametrize("settings", [{}, {"progressive__dropout": 1.0, "progressive__steps": 3}])
def test_an_average_of_the_weights_does_not_touch_the_training(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    model = [*tiny_recipe().model.model_dump()["blocks"], {"kind": "dense", "units": 8, "dropout": 0.3}]
    shared = {"training__epochs": 4, "model__blocks": model} | settings
    plain = Fit(tmp_path / "plain", tiny_recipe(**shared))
    averaged = Fit(tmp_path / "averaged", tiny_recipe(**shared, optimizer__ema=0.9))
    assert [row["loss"] for row in plain.rows] == [row["loss"] for row in averaged.rows]
    assert [row["val_loss"] for row in plain.rows] != [row["val_loss"] for row in averaged.rows]


def test_an_average_has_the_momentum_of_the_recipe_per_update(tmp_path: Path) -> None:
    recipe = tiny_recipe(optimizer__name="sgd", optimizer__accumulation=4, optimizer__ema=0.9)
    model = registry.build(recipe.model, 3)
    loop.compile_model(model, recipe, 8)
    variables = model.trainable_variables
    model.optimizer.build(variables)
    updates: list[np.ndarray] = []
    rng = np.random.default_rng(0)
    for _ in range(12):
        model.optimizer.apply([rng.normal(size=v.shape).astype(np.float32) for v in variables], variables)
        updates.append(copied(variables[0]))
        if (
            len(updates) <= 4
        ):  # an epoch may end before there was an update: what is validated then is the weights
            average = copied(model.optimizer._model_variables_moving_average[0])
            np.testing.assert_array_equal(average, updates[-1])
    average = updates[3]  # it begins with the weights of the first update
    for t, weights in enumerate((updates[7], updates[11]), start=2):
        momentum = min(0.9, (1 + t) / (10 + t))
        average = momentum * average + (1 - momentum) * weights
    np.testing.assert_allclose(model.optimizer._model_variables_moving_average[0], average, rtol=2e-5)
    assert np.array_equal(updates[3], updates[6]), "one update in four batches"


def test_clipping_holds_the_norm_of_all_gradients_together(tmp_path: Path) -> None:
    recipe = tiny_recipe(
        training__epochs=1, training__batch_size=96, optimizer__name="sgd", optimizer__momentum=0.0,
        optimizer__learning_rate=1.0, optimizer__clipnorm=0.01,
    )  # fmt: skip
    keras.utils.set_random_seed(recipe.training.seed)
    model = registry.build(recipe.model, 3)
    before = [copied(v) for v in model.trainable_variables]
    loop.train(model, tiny_data(), recipe, tmp_path, lambda: False)
    moved = [copied(v) - old for v, old in zip(model.trainable_variables, before, strict=True)]
    assert np.sqrt(sum((part**2).sum() for part in moved)) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_classes_count_equally_also_in_mixed_images(kind: str) -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.60, 0.25, 0.10, 0.05])
    labels = rng.permutation(np.repeat(np.arange(4), (shares * 20_000).astype(int)))
    images = np.zeros((len(labels), 8, 8, 1), np.uint8)
    _, targets = mix(images, np.eye(4, dtype=np.float32)[labels], Augmentation(**{kind: 0.4}), rng)
    found, weights = weighted(targets, (1 / (4 * shares)).astype(np.float32))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    mass = (weights[:, None] * found).sum(axis=0)
    np.testing.assert_allclose(mass / mass.sum(), 0.25, atol=0.005)


def test_the_loss_of_mixed_images_is_the_weighted_sum_over_classes() -> None:
    counts, classes = {"train": 48, "val": 6}, ("happy", "neutral", "sad")
    recipe = tiny_recipe(training__class_weight="balanced", augmentation__mixup=0.4, training__batch_size=48)
    plain = recipe.model_copy(
        update={"training": recipe.training.model_copy(update={"class_weight": "none"})}
    )
    manifest = table(counts, classes)
    manifest.loc[::6, "label"] = classes[1]  # the classes are not equally many
    data = from_manifest(manifest, pictures(manifest)[..., np.newaxis])
    images, targets, weights = TrainingBatches(data, recipe)[0]
    _, shares = TrainingBatches(data, plain)[0]
    model = registry.build(recipe.model, 3)
    loop.compile_model(model, recipe, 1)
    told = model.evaluate(images, targets, sample_weight=weights, batch_size=48, verbose=0)[0]
    counted = np.bincount(data.train.labels, minlength=3)
    factor = len(data.train.labels) / (3 * counted)
    probabilities = np.array(model.predict(images, verbose=0), dtype=np.float64)
    by_hand = -(shares * factor * np.log(probabilities)).sum(axis=1)
    # Keras 3 divides a weighted batch by its number of images.
    assert told == pytest.approx(by_hand.mean(), rel=1e-4)


def test_a_single_batch_that_diverges_fails_in_words_and_leaves_no_epoch(tmp_path: Path) -> None:
    recipe = tiny_recipe(
        training__epochs=3, training__batch_size=96, optimizer__name="sgd", optimizer__learning_rate=1e30
    )
    with pytest.raises(RunError, match=r"no longer a finite number. Received: val_loss=.* at epoch 1"):
        Fit(tmp_path, recipe)
    assert not (tmp_path / "metrics.jsonl").exists()


@pytest.mark.parametrize("schedule", ["constant", "cosine", "step", "one_cycle", "plateau"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "muon"])
def test_the_file_of_a_trained_network_opens_with_keras_alone(
    schedule: str, optimizer: str, tmp_path: Path
) -> None:
    recipe = tiny_recipe(schedule__name=schedule, optimizer__name=optimizer)
    model = registry.build(recipe.model, 3)
    loop.compile_model(model, recipe, 6)
    save_network(tmp_path / "best.keras", model)
    with zipfile.ZipFile(tmp_path / "best.keras") as file:
        config = file.read("config.json").decode()
    assert "fer_core" not in config
    opened = keras.saving.load_model(tmp_path / "best.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (4, *model.input_shape[1:]))
    np.testing.assert_array_equal(opened.predict(pixels, verbose=0), model.predict(pixels, verbose=0))
