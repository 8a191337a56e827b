"""Distillation through a real fit, against the formula of Hinton et al. written anew, and the teacher's answers on disk."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import entropy
from tiny_faces import CLASSES, tiny_data, tiny_dataset, tiny_recipe
from tiny_models import save_light

from fer_core.base.errors import FerError, RunError
from fer_core.inference import recalibrate
from fer_core.inference.predictor import Predictor
from fer_core.recipes.recipe import Recipe
from fer_core.runs.store import create_run
from fer_core.scheduling import crossval, start, teachers
from fer_core.training import data, loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.parts import Parts

BLOCKS = [
    {"kind": "conv", "filters": 4, "convs": 1, "batch_norm": "none", "pool": "max"},
    {"kind": "flatten"},
]
STANDS_STILL = {"optimizer__name": "sgd", "optimizer__learning_rate": 1e-12}


def recipe_of(**settings: Any) -> Recipe:
    return tiny_recipe(model__blocks=BLOCKS, distillation__teacher="t", training__epochs=1, **settings)


def fitted(recipe: Recipe, given: data.TrainingData) -> tuple[float, keras.Model, TrainingBatches]:
    """The loss that a fit tells of its first epoch, and with what."""
    keras.utils.set_random_seed(3)
    model, batches = loop.build(recipe, 3), TrainingBatches(given, recipe)
    ((begin, end),) = Parts(model, recipe, batches, 0)
    told = model.fit(batches, initial_epoch=begin, epochs=end, shuffle=False, verbose=0)
    return told.history["loss"][0], model, batches


def by_hand(recipe: Recipe, model: keras.Model, given: data.TrainingData, teacher: np.ndarray) -> np.ndarray:
    """Loss of each training image."""
    spec = recipe.distillation
    said = np.asarray(model.predict_on_batch(given.pixels[given.train.rows]), dtype=np.float64)
    soft = softmax(np.log(said) / spec.temperature, axis=1)
    taught = softmax(np.log(teacher) / spec.temperature, axis=1)
    hard = -np.log(said[np.arange(len(said)), given.train.labels])
    return (1 - spec.weight) * hard + spec.weight * spec.temperature**2 * entropy(taught, soft, axis=1)


@pytest.mark.parametrize(
    ("temperature", "weight", "more"),
    [
        (1.0, 0.5, {}),
        (4.0, 0.5, {}),
        (2.0, 1.0, {}),
        (2.0, 0.0, {}),
        (3.0, 0.3, {"training__class_weight": "balanced"}),
    ],
)
def test_a_fit_makes_small_what_the_formula_says(
    temperature: float, weight: float, more: dict[str, Any]
) -> None:
    given = tiny_data({"train": 46, "val": 6})
    teacher = np.random.default_rng(1).dirichlet([0.3] * 3, 46)
    given = dataclasses.replace(given, teacher=teacher.astype(np.float32))
    recipe = recipe_of(
        distillation__temperature=temperature, distillation__weight=weight, **STANDS_STILL, **more
    )
    loss, model, _ = fitted(recipe, given)
    each = by_hand(recipe, model, given, teacher)
    counts = np.bincount(given.train.labels)
    if more:  # n / (k n_c)
        each = each * (46 / (3 * counts))[given.train.labels]
    assert loss == pytest.approx(each.mean(), rel=2e-4)


def test_images_that_are_mixed_mix_what_the_teacher_says_of_them() -> None:
    given = tiny_data({"train": 32, "val": 6})
    taught = (
        np.eye(3, dtype=np.float32)[given.train.labels] * 0.7 + 0.1
    )  # says of each image what its label says
    given = dataclasses.replace(given, teacher=taught)
    recipe = recipe_of(augmentation__mixup=0.4, distillation__temperature=1.0)
    images, targets = TrainingBatches(given, recipe)[0]
    assert targets.shape == (len(images), 6)
    assert (np.ptp(targets[:, :3], axis=1) < 0.99).any()  # mixed
    np.testing.assert_allclose(targets[:, 3:], targets[:, :3] * 0.7 + 0.1, atol=1e-5)


def test_a_network_follows_its_teacher_against_the_labels() -> None:
    given = tiny_data()
    right = np.eye(3, dtype=np.float32)[given.train.labels] * 0.97 + 0.01
    wrong = np.roll(given.train.labels, 1)
    splits = given.splits | {
        "train": dataclasses.replace(given.train, labels=wrong, targets=np.eye(3, dtype=np.float32)[wrong])
    }
    given = dataclasses.replace(given, splits=splits, teacher=right)
    keras.utils.set_random_seed(0)
    recipe = tiny_recipe(distillation__teacher="t", distillation__weight=1.0, training__epochs=4)
    model, batches = loop.build(recipe, 3), TrainingBatches(given, recipe)
    ((_, end),) = Parts(model, recipe, batches, 0)
    model.fit(batches, epochs=end, shuffle=False, verbose=0)
    said = np.asarray(model.predict_on_batch(given.pixels[given.val.rows])).argmax(axis=1)
    assert (said == given.val.labels).mean() > 0.9


def test_the_teacher_is_asked_once_and_its_answers_stay_beside_the_run(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    file = save_light(tmp_path / "light.onnx")
    recipe = tiny_recipe(distillation__teacher=str(file))
    teachers.check(dataset, dataset.head, recipe)
    found = data.load(dataset, dataset.head, recipe.model)
    wanted = Predictor.load(file).predict(np.asarray(dataset.pixels()[found.train.rows]))
    recalibrate.apply(file, 4.0)  # for Try it; who learns from it gets its own answers
    run = create_run(dataset.workspace, "tiny", dataset.head, recipe)
    said = teachers.teacher_answers(run, dataset, found)
    columns = [("happy", "sad", "neutral").index(name) for name in CLASSES]
    np.testing.assert_allclose(said, wanted[:, columns], atol=1e-6)
    assert list(pd.read_parquet(run.folder / "teacher.parquet")["image_id"]) == list(found.train.ids)
    file.unlink()
    np.testing.assert_array_equal(teachers.teacher_answers(run, dataset, found), said)


def test_what_cannot_teach_is_refused_before_a_run_is_made(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    other = save_light(tmp_path / "other.onnx", classes=["happy", "sad", "fear"])
    for teacher, words in ((str(other), "answers with other classes"), ("41", "teacher cannot be asked")):
        with pytest.raises(RunError, match=words):
            start.start(dataset.workspace, dataset, None, tiny_recipe(distillation__teacher=teacher))
    assert not list(dataset.workspace.runs.glob("0*"))
    with pytest.raises(RunError, match="Folds cannot learn from a teacher"):
        crossval.prepare(dataset, dataset.head, tiny_recipe(distillation__teacher="41"), 2)
    with pytest.raises(FerError, match="does not go with early_learning"):
        tiny_recipe(distillation__teacher="41", loss__name="early_learning")
