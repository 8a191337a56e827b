"""Averaged weights: judged with statistics of their own, and gone without a trace."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score
from test_loop import Fit
from tiny_faces import tiny_data, tiny_recipe

from fer_core.base.errors import RecipeError
from fer_core.models import registry
from fer_core.runs.run import best_epoch
from fer_core.training import averaging, validation
from fer_core.training.batches import TrainingBatches
from fer_core.training.checkpoint import load_state, load_weights
from fer_core.training.loop import compile_model


def trained(ema: float) -> tuple[keras.Model, TrainingBatches]:
    recipe = tiny_recipe(optimizer__ema=ema, optimizer__learning_rate=0.05)
    data = tiny_data()
    keras.utils.set_random_seed(3)
    model = registry.build(recipe.model, len(data.classes))
    batches = TrainingBatches(data, recipe)
    compile_model(model, recipe, len(batches))
    model.fit(batches, epochs=1, shuffle=False, verbose=0)
    for variable in model.trainable_variables:  # when `fit` ends, Keras leaves the average in the model
        variable.assign(1.1 * variable + 0.01)
    return model, batches


def values(model: keras.Model) -> list[np.ndarray]:
    return [
        keras.ops.convert_to_numpy(v).copy()
        for v in (*model.trainable_variables, *model.non_trainable_variables)
    ]


def test_statistics_are_those_of_the_averaged_weights_and_everything_comes_back() -> None:
    model, batches = trained(ema=0.9)
    before = values(model)
    layers = model._flatten_layers()
    norm = next(layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization))
    with averaging.averaged(model, batches):
        seen = keras.Model(model.inputs, norm.input)
        count = min(averaging.RENEWED, len(batches))
        inputs = [keras.ops.convert_to_numpy(seen([batches[i][0].astype(np.float32)])) for i in range(count)]
        means = np.mean([x.mean(axis=(0, 1, 2)) for x in inputs], axis=0)
        np.testing.assert_allclose(norm.moving_mean, means, rtol=1e-3, atol=1e-4)
        assert any(
            (keras.ops.convert_to_numpy(v) != b).any()
            for v, b in zip(model.trainable_variables, before, strict=False)
        )
    for now, then in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(now, then)
    judged = averaging.validated_weights(model, batches)
    for now, then in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert sum((a != b).any() for a, b in zip(judged, model.get_weights(), strict=True)) > len(judged) // 2


def test_without_an_average_nothing_is_touched() -> None:
    model, batches = trained(ema=0.0)
    for now, then in zip(averaging.validated_weights(model, batches), model.get_weights(), strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_last_epochs_are_averaged_alike(accumulation: int, tmp_path: Path) -> None:
    shared: dict[str, object] = {
        "training__epochs": 6,
        "training__checkpoints": "every",
        "optimizer__accumulation": accumulation,
    }
    shared["optimizer__learning_rate"] = 5e-4
    averaged = Fit(tmp_path / "swa", tiny_recipe(**shared, optimizer__swa=0.5))
    plain = Fit(tmp_path / "plain", tiny_recipe(**shared))
    assert [row["loss"] for row in averaged.rows] == [row["loss"] for row in plain.rows], (
        "it trains as without"
    )
    assert [row["val_loss"] for row in averaged.rows[:3]] == [row["val_loss"] for row in plain.rows[:3]]
    assert averaged.rows[5]["val_loss"] != plain.rows[5]["val_loss"]
    states = [load_state(tmp_path / "plain" / "checkpoints" / f"epoch-{n:04d}.npz") for n in (4, 5, 6)]
    last = load_state(tmp_path / "swa" / "checkpoints" / "last.npz").optimizer
    trained = [n for n, weight in enumerate(plain.model.weights) if weight.trainable]
    for place in trained:
        mean = np.mean([state.model[place] for state in states], axis=0)
        alike = [
            np.allclose(array, mean, rtol=1e-5, atol=1e-6) for array in last if array.shape == mean.shape
        ]
        assert any(alike), plain.model.weights[place].path


def test_averaged_epochs_go_with_no_other_average_no_stages_and_no_steps_left_out() -> None:
    with pytest.raises(RecipeError, match=r"neither with `optimizer\.ema`"):
        tiny_recipe(optimizer__swa=0.5, optimizer__ema=0.9)
    with pytest.raises(RecipeError, match="mixed_bfloat16 or float32"):
        tiny_recipe(optimizer__swa=0.5, training__precision="mixed_float16")


def test_the_best_epoch_can_be_that_of_macro_f1(tmp_path: Path) -> None:
    recipe = tiny_recipe(
        training__epochs=4, training__best="val_macro_f1", training__checkpoints="every",
        early_stopping__monitor="val_macro_f1", early_stopping__patience=3, schedule__name="plateau",
        schedule__monitor="val_macro_f1",
    )  # fmt: skip
    fit = Fit(tmp_path, recipe)
    assert all(row["best_by"] == "val_macro_f1" for row in fit.rows)
    reached = [row["val_macro_f1"] for row in fit.rows]
    assert best_epoch(fit.rows)["epoch"] == 1 + int(np.argmax(reached))
    val = fit.data.val
    said = fit.model.predict(np.asarray(fit.data.pixels[val.rows]), verbose=0).argmax(axis=1)
    assert max(reached) == pytest.approx(f1_score(val.labels, said, average="macro"), abs=1e-6)
    kept = load_weights(tmp_path / "checkpoints" / "best.npz")
    for one, other in zip(kept, fit.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    # Of two epochs, one is better by accuracy and the other by macro F1.
    rows = [
        {"epoch": 1, "val_accuracy": 0.9, "val_macro_f1": 0.5, "best_by": "val_macro_f1"},
        {"epoch": 2, "val_accuracy": 0.8, "val_macro_f1": 0.7, "best_by": "val_macro_f1"},
    ]
    assert best_epoch(rows)["epoch"] == 2  # type: ignore[arg-type]


def test_macro_f1_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for high in (1, 3, 7):
        said, labels = rng.integers(0, high, 50), rng.integers(0, 4, 50)
        assert validation.macro_f1(said, labels) == pytest.approx(f1_score(labels, said, average="macro"))
