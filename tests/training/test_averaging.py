"""Averaged weights: judged with statistics of their own, and gone without a trace."""

from __future__ import annotations

import keras
import numpy as np
from tiny_faces import tiny_data, tiny_recipe

from fer_core.models import registry
from fer_core.training import averaging
from fer_core.training.batches import TrainingBatches
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
