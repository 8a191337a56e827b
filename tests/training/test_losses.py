"""Losses in a whole training, against formulas written here anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from test_loop import Fit
from test_resume import fit as fit_in
from tiny_faces import pictures, table, tiny_data, tiny_recipe

from fer_core.base.errors import RecipeError, RunError
from fer_core.base.jsonl import read_lines
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe
from fer_core.training import loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.checkpoint import load_state, save_network
from fer_core.training.data import from_manifest

PLAIN = [{"kind": "conv", "filters": 4, "convs": 1, "strides": 4, "batch_norm": "none"}, {"kind": "flatten"}]
ALPHAS = [0.9, 0.2, 0.4]


def standing(**settings: Any) -> Recipe:
    """A recipe whose weights do not move, so that every epoch sees the same answers; one batch an epoch."""
    fields = {"training__batch_size": 96, "optimizer__learning_rate": 1e-12, "model__blocks": PLAIN}
    return tiny_recipe(**fields | settings)


def asked(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Targets and answers float64 (n, classes) of the network before training."""
    keras.utils.set_random_seed(recipe.training.seed)
    model, data = registry.build(recipe.model, 3), tiny_data()
    said = model.predict(np.asarray(data.pixels[data.train.rows]), verbose=0).astype(np.float64)
    return data.train.targets.astype(np.float64), said


def focal(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    return -(truth * np.array(ALPHAS) * (1 - said) ** 2 * np.log(said)).sum(axis=1)


def generalized(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    return (1 - (truth * said).sum(axis=1) ** 0.4) / 0.4


def symmetric(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    forward = -(truth * np.log(said)).sum(axis=1)
    return 0.3 * forward + 2.0 * 4.0 * (1 - (truth * said).sum(axis=1))  # log 0 is -4, log 1 is 0


FORMULAS = {
    "categorical_focal_crossentropy": ({"loss__class_alpha": ALPHAS}, focal),
    "generalized_crossentropy": ({"loss__q": 0.4}, generalized),
    "symmetric_crossentropy": ({"loss__forward": 0.3, "loss__reverse": 2.0}, symmetric),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_loss_is_its_formula(name: str, tmp_path: Path) -> None:
    settings, formula = FORMULAS[name]
    recipe = standing(loss__name=name, **settings)
    truth, said = asked(recipe)
    for row in Fit(tmp_path, recipe).rows:
        assert row["loss"] == pytest.approx(formula(truth, said).mean(), rel=1e-4)


def test_early_learning_pulls_to_what_was_said_so_far(tmp_path: Path) -> None:
    recipe = standing(
        loss__name="early_learning", loss__strength=2.0, loss__target_momentum=0.6, training__epochs=3
    )
    truth, said = asked(recipe)
    fit = Fit(tmp_path, recipe)
    cross = -(truth * np.log(said)).sum(axis=1)
    running = np.zeros_like(said)
    for row in fit.rows:
        running = 0.6 * running + 0.4 * said
        pull = np.log(1 - (running * said).sum(axis=1))
        assert row["loss"] == pytest.approx((cross + 2.0 * pull).mean(), rel=1e-4)
        assert row["accuracy"] == pytest.approx((said.argmax(1) == truth.argmax(1)).mean(), abs=1e-6)
        assert row["doubted"] == pytest.approx((said.argmax(1) != truth.argmax(1)).mean(), abs=1e-6)
    kept = load_state(tmp_path / "checkpoints" / "last.npz").memory[0]
    np.testing.assert_allclose(kept, running, rtol=1e-4)
    save_network(tmp_path / "best.keras", fit.model)
    keras.saving.load_model(tmp_path / "best.keras")


def test_early_learning_remembers_each_image_by_its_place() -> None:
    recipe = tiny_recipe(loss__name="early_learning", training__class_weight="balanced")
    plain = TrainingBatches(tiny_data(), tiny_recipe(training__class_weight="balanced"))
    batches = TrainingBatches(tiny_data(), recipe)
    data, places = tiny_data(), []
    for index in range(len(batches)):
        images, targets, weights = batches[index]
        np.testing.assert_array_equal(targets[:, :-1], plain[index][1])
        np.testing.assert_array_equal(weights, plain[index][2])
        found = targets[:, -1].astype(int)
        np.testing.assert_array_equal(images, data.pixels[data.train.rows[found]])
        places += list(found)
    assert sorted(places) == list(range(96))


def test_early_learning_goes_on_from_a_pause_bit_for_bit(tmp_path: Path) -> None:
    recipe = tiny_recipe(loss__name="early_learning", training__epochs=5, augmentation__translation=0.1)
    fit_in(tmp_path / "whole", recipe)
    looks = iter([False, True])
    fit_in(tmp_path / "parts", recipe, lambda: next(looks))
    fit_in(tmp_path / "parts", recipe)
    states = [load_state(tmp_path / name / "checkpoints" / "last.npz") for name in ("whole", "parts")]
    for one, other in zip(*(s.model + s.optimizer + s.memory for s in states), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(states[0].memory) == 1
    curves = [[r["loss"] for r in read_lines(tmp_path / n / "metrics.jsonl")[0]] for n in ("whole", "parts")]
    assert curves[0] == curves[1]


def test_early_learning_and_mixed_images_are_refused_together() -> None:
    with pytest.raises(RecipeError, match=r"mixed images are of two.*mixup=0\.2"):
        tiny_recipe(loss__name="early_learning", augmentation__mixup=0.2)


def test_weights_for_another_number_of_classes_are_refused(tmp_path: Path) -> None:
    recipe = tiny_recipe(loss__name="categorical_focal_crossentropy", loss__class_alpha=[0.5, 0.5])
    model = registry.build(recipe.model, 3)
    with pytest.raises(RunError, match="2 weights, 3 classes"):
        loop.train(model, tiny_data(), recipe, tmp_path, lambda: False)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_adam_keeps_the_recipes_shares_of_its_means(optimizer: str, tmp_path: Path) -> None:
    """Adam in NumPy, for the last bias of a network whose other weights are 0 and stay so."""
    recipe = tiny_recipe(
        optimizer__name=optimizer, optimizer__beta_1=0.5, optimizer__beta_2=0.7, optimizer__learning_rate=0.1,
        training__epochs=3, training__batch_size=96, model__blocks=PLAIN,
    )  # fmt: skip
    model = registry.build(recipe.model, 3)
    for weight in model.trainable_weights:
        weight.assign(np.zeros(weight.shape))
    manifest = table({"train": 96, "val": 30})
    manifest.loc[:40, "label"] = "happy"  # else the classes are equally many, and there is nothing to learn
    data = from_manifest(manifest, pictures(manifest)[..., np.newaxis])
    loop.train(model, data, recipe, tmp_path, lambda: False)
    shares, bias = data.train.targets.mean(axis=0).astype(np.float64), np.zeros(3)
    mean, square = np.zeros(3), np.zeros(3)
    for t in (1, 2, 3):
        gradient = np.exp(bias) / np.exp(bias).sum() - shares
        mean, square = 0.5 * mean + 0.5 * gradient, 0.7 * square + 0.3 * gradient**2
        bias = bias - 0.1 * (mean / (1 - 0.5**t)) / (np.sqrt(square / (1 - 0.7**t)) + 1e-7)
    found = load_state(tmp_path / "checkpoints" / "last.npz").model[-1]
    np.testing.assert_allclose(found, bias, rtol=1e-4)
