from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.metrics import recall_score
from tiny_faces import CLASSES, tiny_data, tiny_recipe

from fer_core.base.errors import RunError
from fer_core.base.jsonl import read_lines, read_object
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe
from fer_core.training import loop, validation
from fer_core.training.batches import TrainingBatches
from fer_core.training.callbacks import KeepBest, StopOnRequest
from fer_core.training.checkpoint import load_weights
from fer_core.training.predictions import predict


class Fit:
    """One training in a folder, and what it wrote."""

    def __init__(self, folder: Path, recipe: Recipe, stop: Callable[[], bool] = lambda: False) -> None:
        folder.mkdir(exist_ok=True)
        keras.utils.set_random_seed(recipe.training.seed)
        self.data = tiny_data()
        self.model = registry.build(recipe.model, len(CLASSES))
        self.outcome = loop.train(self.model, self.data, recipe, folder, stop)
        self.rows: list[dict[str, Any]] = read_lines(folder / "metrics.jsonl")[0]

    def val_accuracy(self) -> float:
        table = predict(self.model, self.data, self.data.val)
        guess = table[[f"p_{name}" for name in CLASSES]].to_numpy().argmax(axis=1)
        return float((np.array(CLASSES)[guess] == table["label"].to_numpy()).mean())


def after(batches: int) -> Callable[[], bool]:
    """A request to stop that comes after so many looks; the first look is before training."""
    looks = iter(range(10**6))
    return lambda: next(looks) > batches


def test_it_learns_and_leaves_the_weights_of_the_best_epoch(tmp_path: Path) -> None:
    fit = Fit(tmp_path, tiny_recipe(training__epochs=4))
    assert [row["epoch"] for row in fit.rows] == [1, 2, 3, 4]
    best = max(row["val_accuracy"] for row in fit.rows)
    assert best > 0.9
    assert fit.val_accuracy() == pytest.approx(best, abs=1e-6)
    assert fit.outcome == loop.TrainingResult(stopped=False, has_weights=True)
    for kept, weight in zip(
        load_weights(tmp_path / "checkpoints" / "best.npz"), fit.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(kept, weight)


def test_a_row_says_all_about_its_epoch(tmp_path: Path) -> None:
    fit = Fit(tmp_path, tiny_recipe(training__epochs=2))
    for row in fit.rows:
        assert set(row) == {
            "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "learning_rate", "seconds",
            "images_per_second", "eta_seconds", "val_recall", "cpu_percent", "rss_mb",
        }  # fmt: skip
        assert set(row["val_recall"]) == set(CLASSES)
        # Each class has ten images in val.
        assert np.mean(list(row["val_recall"].values())) == pytest.approx(row["val_accuracy"], abs=1e-5)
        assert 50 < row["rss_mb"] < 20_000
        assert row["cpu_percent"] > 0
        assert row["learning_rate"] == pytest.approx(0.01)
        assert 0 < row["seconds"] < 60
        assert row["images_per_second"] > 96 / row["seconds"] * 0.99
    assert fit.rows[0]["eta_seconds"] == pytest.approx(fit.rows[0]["seconds"], rel=0.1)
    assert fit.rows[1]["eta_seconds"] == 0
    progress = read_object(tmp_path / "progress.json")
    assert {"epoch", "epochs", "step", "steps"} <= progress["details"].keys()
    steps = progress["details"]["steps"]
    assert (progress["done"], progress["total"], progress["what"]) == (2 * steps, 2 * steps, "validating")


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "categorical_focal_crossentropy"])
def test_validation_is_that_of_keras_and_names_what_is_got_wrong(loss: str, tmp_path: Path) -> None:
    recipe = tiny_recipe(training__epochs=1, loss__name=loss, loss__label_smoothing=0.2, model__l2__conv=0.01)
    fit = Fit(tmp_path, recipe)
    (row,) = fit.rows
    val, truth = fit.data.val, np.eye(len(CLASSES), dtype=np.float32)[fit.data.val.labels]
    loop.compile_model(fit.model, recipe, 1)
    loss, accuracy = fit.model.evaluate(fit.data.pixels[val.rows], truth, verbose=0)
    assert (row["val_loss"], row["val_accuracy"]) == pytest.approx((loss, accuracy), rel=1e-4)
    said = fit.model.predict(fit.data.pixels[val.rows], verbose=0)
    found = read_object(tmp_path / "worst.json")
    assert found["epoch"] == 1
    wrong = {val.ids[n]: n for n in np.flatnonzero(said.argmax(axis=1) != val.labels)}
    assert {image["image_id"] for image in found["images"]} == set(wrong)
    for image in found["images"]:
        place = wrong[image["image_id"]]
        assert image["label"] == CLASSES[val.labels[place]]
        assert image["said"] == CLASSES[said[place].argmax()]
        assert image["probability"] == pytest.approx(said[place].max(), abs=1e-5)
    sure = [image["probability"] for image in found["images"]]
    assert sure == sorted(sure, reverse=True)


def test_recall_is_that_of_scikit_learn_and_of_an_absent_class_is_unknown() -> None:
    random = np.random.default_rng(0)
    said, labels = random.random((200, 3)), random.integers(0, 2, 200)
    wanted = recall_score(labels, said.argmax(axis=1), labels=[0, 1], average=None)
    found = validation.recall(said, labels, ("happy", "sad", "fear"))
    assert (found["happy"], found["sad"]) == pytest.approx(tuple(wanted), abs=1e-6)
    assert found["fear"] is None


def test_the_same_seed_gives_the_same_curve(tmp_path: Path) -> None:
    curves = []
    for name in ("a", "b"):
        fit = Fit(tmp_path / name, tiny_recipe(augmentation__translation=0.05))
        curves.append([row["loss"] for row in fit.rows])
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-4)


def test_a_stop_in_the_first_epoch_keeps_what_was_learned(tmp_path: Path) -> None:
    fit = Fit(tmp_path, tiny_recipe(training__epochs=50), after(2))
    assert fit.outcome == loop.TrainingResult(stopped=True, has_weights=True)
    (row,) = fit.rows
    assert row["partial"] is True
    assert fit.val_accuracy() == pytest.approx(row["val_accuracy"], abs=1e-6)


def test_a_stop_in_a_later_epoch_leaves_only_whole_epochs(tmp_path: Path) -> None:
    # 6 batches an epoch, one more look at the end of it.
    fit = Fit(tmp_path, tiny_recipe(training__epochs=50), after(9))
    assert fit.outcome == loop.TrainingResult(stopped=True, has_weights=True)
    (row,) = fit.rows
    assert "partial" not in row
    assert fit.val_accuracy() == pytest.approx(row["val_accuracy"], abs=1e-6)


def test_a_stop_before_the_first_batch_has_no_weights(tmp_path: Path) -> None:
    fit = Fit(tmp_path, tiny_recipe(), lambda: True)
    assert fit.outcome == loop.TrainingResult(stopped=True, has_weights=False)
    assert fit.rows == []


def test_a_loss_that_is_not_a_number_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no longer a finite number.*learning_rate"):
        Fit(tmp_path, tiny_recipe(optimizer__name="sgd", optimizer__learning_rate=1e30))
    assert read_lines(tmp_path / "metrics.jsonl")[0] == []


def test_plateau_lowers_the_rate_and_early_stopping_ends(tmp_path: Path) -> None:
    # A rate so small that nothing improves.
    recipe = tiny_recipe(
        schedule__name="plateau",
        schedule__monitor="val_accuracy",
        schedule__patience=1,
        schedule__min_learning_rate=1e-12,
        optimizer__learning_rate=1e-9,
        early_stopping__patience=3,
        training__epochs=30,
        model__batch_norm_momentum=0.999,
    )
    fit = Fit(tmp_path, recipe)
    assert len(fit.rows) < 30
    rates = [row["learning_rate"] for row in fit.rows]
    assert rates[0] == pytest.approx(1e-9)
    assert rates[-1] <= 5.1e-10
    assert not fit.outcome.stopped


def test_balanced_class_weights_change_what_is_learned(tmp_path: Path) -> None:
    plain = Fit(tmp_path / "a", tiny_recipe(training__epochs=1)).rows[0]["loss"]
    weighted = tiny_recipe(training__epochs=1, training__class_weight="balanced")
    # All classes are equally frequent here, so that balancing must change nothing.
    assert Fit(tmp_path / "b", weighted).rows[0]["loss"] == pytest.approx(plain, rel=1e-3)


def test_of_equal_epochs_the_earlier_is_kept(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    keep = KeepBest(tmp_path / "best.npz", StopOnRequest(lambda: False))
    keep.set_model(model)
    for epoch, accuracy in enumerate([0.5, 0.8, 0.8, 0.7]):
        model.set_weights([np.full((1, 1), float(epoch)), np.zeros(1)])
        keep.on_epoch_end(epoch, {"val_accuracy": accuracy})
    assert load_weights(tmp_path / "best.npz")[0][0, 0] == 1.0


def test_the_average_of_the_weights_is_what_is_validated_and_kept(tmp_path: Path) -> None:
    plain = Fit(tmp_path / "plain", tiny_recipe(training__epochs=2))
    fit = Fit(tmp_path / "average", tiny_recipe(training__epochs=2, optimizer__ema=0.95))
    # The same steps are taken, and other weights are judged.
    np.testing.assert_allclose([r["loss"] for r in fit.rows], [r["loss"] for r in plain.rows], rtol=1e-3)
    assert abs(fit.rows[0]["val_loss"] - plain.rows[0]["val_loss"]) > 1e-3
    best = max(fit.rows, key=lambda row: row["val_accuracy"])
    assert fit.val_accuracy() == pytest.approx(best["val_accuracy"], abs=1e-6)


@pytest.mark.parametrize("sampling", ["all", "balanced"])
def test_rare_classes_are_drawn_as_often_as_others_where_asked(sampling: str) -> None:
    data = tiny_data()
    labels = data.train.labels
    few = np.flatnonzero((labels != 0) | (np.arange(len(labels)) < 9))
    rare = dataclasses.replace(
        data.train,
        ids=data.train.ids[few],
        rows=data.train.rows[few],
        labels=labels[few],
        targets=data.train.targets[few],
    )
    batches = TrainingBatches(
        dataclasses.replace(data, splits=data.splits | {"train": rare}),
        tiny_recipe(training__sampling=sampling),
    )
    drawn = sum(batches[index][1].sum(axis=0) for index in range(len(batches)))
    if sampling == "balanced":
        assert np.ptp(drawn) <= 1
    else:
        np.testing.assert_array_equal(drawn, np.bincount(labels[few], minlength=3))


def test_sixteen_bits_train_and_leave_a_model_of_thirty_two(tmp_path: Path) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        fit = Fit(tmp_path, tiny_recipe(training__epochs=3))
    finally:
        keras.config.set_dtype_policy("float32")
    assert max(row["val_accuracy"] for row in fit.rows) > 0.9
    assert {w.dtype for w in fit.model.get_weights()} == {np.dtype("float32")}
    plain = registry.build(tiny_recipe().model, len(CLASSES))
    plain.set_weights(fit.model.get_weights())
    assert plain.dtype_policy.name == "float32"
