"""The shipped model as a Keras network: it answers as its ONNX file does, and trains from where it is."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from tiny_faces import pictures, table

from fer_core.base.errors import RunError
from fer_core.models import onnx_weights, registry, starting
from fer_core.recipes.recipe import load, override
from fer_core.runs.records import Epoch
from fer_core.training import resume

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "shipped" / "model.onnx"
PIXELS = pictures(table({"train": 64, "val": 2}))[..., np.newaxis]


def by_file(pixels: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(SHIPPED, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"pixels": pixels.astype(np.float32)})[0])


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return starting.read_network(SHIPPED, load("shipped").model, 8, PIXELS)


def test_it_answers_as_its_file_does(network: keras.Model) -> None:
    np.testing.assert_allclose(network.predict_on_batch(PIXELS), by_file(PIXELS), atol=2e-5)


def test_its_normalisation_has_the_statistics_of_these_pictures(network: keras.Model) -> None:
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 14
    for layer in (norms[0], norms[-1]):
        seen = np.asarray(keras.Model(network.inputs, layer.input).predict_on_batch(PIXELS), dtype=np.float64)
        np.testing.assert_allclose(layer.moving_mean, seen.mean(axis=(0, 1, 2)), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(layer.moving_variance, seen.var(axis=(0, 1, 2)), rtol=1e-3, atol=1e-5)


def test_in_training_it_answers_as_in_use_which_without_statistics_it_does_not(network: keras.Model) -> None:
    def apart(one: keras.Model) -> float:
        for layer in one.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        training = np.asarray(one(PIXELS.astype(np.float32), training=True))
        return float(np.abs(training - by_file(PIXELS)).max())

    raw = registry.build(load("shipped").model, 8)
    onnx_weights.read_weights(raw, SHIPPED)
    assert (
        apart(keras.models.clone_model(network)) > 0.01
    )  # a random network, to see that the measure can fail
    copied = registry.build(load("shipped").model, 8)
    copied.set_weights(network.get_weights())
    assert apart(copied) < 1e-3 < 0.05 < apart(raw)


def with_normalised_inputs(mean: float, variance: float) -> keras.Model:
    """As EfficientNet begins: its normalisation lies in a network inside the network."""
    inside = keras.Input((4, 4, 1))
    backbone = keras.Model(inside, keras.layers.Conv2D(2, 3)(keras.layers.Normalization(axis=-1)(inside)))
    inputs = keras.Input((4, 4, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(pooled))
    (norm,) = [each for each in backbone.layers if isinstance(each, keras.layers.Normalization)]
    norm.adapt_mean.assign([mean])
    norm.adapt_variance.assign([variance])
    norm.finalize_state()
    return model


@pytest.mark.parametrize("how", ["start", "checkpoint"])
def test_the_normalisation_of_inputs_comes_with_the_weights(how: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1)).astype(np.float32)
    model, source = with_normalised_inputs(0.0, 1.0), with_normalised_inputs(120.0, 2500.0)
    if how == "start":
        starting.copy_weights(model, source, head=True)
    else:
        for each in (model, source):
            each.compile("sgd", "categorical_crossentropy")
        row: Epoch = {"epoch": 1}  # type: ignore[typeddict-item]
        resume.restore(model, resume.snapshot(source, row, [], None), optimizer=False)
    wanted = source.predict_on_batch(pixels)
    assert wanted.std(axis=0).max() > 1e-3  # neither saturated nor all alike
    np.testing.assert_allclose(model.predict_on_batch(pixels), wanted, atol=1e-6)


def test_an_ending_in_capitals_is_opened(tmp_path: Path) -> None:
    model = with_normalised_inputs(0.0, 1.0)
    for ending in (".keras", ".h5"):
        model.save(tmp_path / f"x{ending}")
        file = (tmp_path / f"x{ending}").rename(tmp_path / f"X{ending.upper()}")
        assert starting.open_keras(file).count_params() == model.count_params()


def test_a_network_of_other_layers_is_refused() -> None:
    with pytest.raises(RunError, match=r"layers of model\.onnx are not those of its recipe"):
        onnx_weights.read_weights(registry.build(load("compact").model, 8), SHIPPED)
    with pytest.raises(RunError, match="another network"):
        starting.copy_weights(
            registry.build(load("compact").model, 4), registry.build(load("shipped").model, 4), head=False
        )


def test_pictures_of_another_size_give_the_statistics_too() -> None:
    large = np.repeat(np.repeat(PIXELS[:8], 2, axis=1), 2, axis=2)
    spec = override(load("shipped"), {"model.input_size": 96}).model
    found = starting.read_network(SHIPPED, load("shipped").model, 8, large)
    wanted = registry.build(spec, 5)
    starting.copy_weights(wanted, found, head=False)
    np.testing.assert_array_equal(wanted.get_weights()[0], found.get_weights()[0])
    assert wanted.get_weights()[-1].shape == (5,)
