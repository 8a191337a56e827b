"""Every kind of block: against a formula or a published count, and what ONNX makes of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_core.base.errors import RecipeError
from fer_core.inference.metadata import ModelMetadata
from fer_core.models import body, registry
from fer_core.recipes import combinations
from fer_core.recipes.model_spec import CnnSpec
from fer_core.recipes.recipe import load, override
from fer_core.training.onnx_export import TOLERANCE, to_onnx

STEM = {"kind": "conv", "filters": 8, "convs": 1, "strides": 2, "pool": "none"}
CONV = {"kind": "conv", "filters": 4, "convs": 1}
PATCHES = {"kind": "patches", "size": 6, "units": 12}
AVERAGE = {"kind": "global_average"}
KINDS: dict[str, list[dict[str, Any]]] = {
    "depthwise": [STEM, {"kind": "depthwise", "filters": 12, "strides": 2}],
    "repvgg": [STEM, {"kind": "repvgg", "filters": 8}, {"kind": "repvgg", "filters": 12, "strides": 2}],
    "convnext": [STEM, {"kind": "convnext", "filters": 8}, {"kind": "convnext", "filters": 12, "strides": 2}],
    "squeeze_excite": [STEM, {"kind": "squeeze_excite", "reduction": 4}],
    "attention": [STEM, {"kind": "attention", "heads": 2, "repeats": 2}],
    "dense with gelu": [
        STEM,
        AVERAGE,
        {"kind": "dense", "units": 8, "activation": "gelu"},
    ],
    "patches": [
        PATCHES,
        {"kind": "attention", "heads": 3, "dropout": 0.1},
    ],
}


def network(blocks: list[dict[str, Any]], classes: int = 3, **fields: Any) -> keras.Model:
    pooled = (
        [] if any(block["kind"] == "global_average" for block in blocks) else [{"kind": "global_average"}]
    )
    given = {"input_size": 24, "blocks": [*blocks, *pooled], **fields}
    return registry.build(CnnSpec.model_validate(given), classes)


def shaken(model: keras.Model) -> keras.Model:
    """With weights, statistics and layer scales as after a training, not as they begin."""
    rng = np.random.default_rng(3)
    model.set_weights([np.abs(w + rng.normal(0, 0.2, w.shape)) if "variance" in v.path else w + rng.normal(0, 0.2, w.shape)
                       for v, w in zip(model.weights, model.get_weights(), strict=True)])  # fmt: skip
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_onnx_answers_as_the_network_and_the_file_needs_no_code(kind: str, tmp_path: Path) -> None:
    model = shaken(network(KINDS[kind]))
    metadata = ModelMetadata(classes=("a", "b", "c"), input_size=24, color="gray", recipe=kind)
    assert to_onnx(model, tmp_path / "model.onnx", metadata) <= TOLERANCE
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 1)).astype(np.float32)
    said = model.predict(pixels, verbose=0)
    np.testing.assert_allclose(again.predict(pixels, verbose=0), said, atol=1e-6)
    assert np.abs(said[0] - said[1]).max() > 1e-4, "it looks at its input"


def test_vit_tiny_has_the_published_parameters() -> None:
    """timm's vit_tiny_patch16_224 has 5,717,416; it has a class token and a place for it, 192 numbers each."""
    spec = override(load("vit_tiny_224"), {"model.color": "rgb"}).model
    assert registry.parameters_of(registry.build(spec, 1000)).parameters == 5_717_416 - 2 * 192


def test_a_patch_knows_its_place() -> None:
    """The same squares in another order are another image to it; without places a mean over encoders could not tell."""
    model = shaken(network(KINDS["patches"]))
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 24, 24, 1)).astype(np.float32)
    moved = np.roll(pixels, 6, axis=2)
    assert np.abs(model.predict(pixels, verbose=0) - model.predict(moved, verbose=0)).max() > 1e-3
    model.get_layer("places").set_weights([np.zeros((16, 12), np.float32)])
    np.testing.assert_allclose(model.predict(pixels, verbose=0), model.predict(moved, verbose=0), atol=1e-5)


def test_the_branches_of_repvgg_are_one_convolution() -> None:
    model = shaken(network([{"kind": "repvgg", "filters": 4}], color="rgb"))
    kernels = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert sorted(layer.kernel_size[0] for layer in kernels) == [1, 3]

    def merged() -> tuple[np.ndarray, np.ndarray]:
        kernel, bias = np.zeros((3, 3, 3, 4)), np.zeros(4)
        for conv in kernels:
            norm = next(n for n in norms if n.input is conv.output)
            gamma, beta, mean, variance = (np.asarray(w, np.float64) for w in norm.get_weights())
            scale = gamma / np.sqrt(variance + norm.epsilon)
            weights = conv.get_weights()[0].astype(np.float64) * scale
            kernel += weights if weights.shape[0] == 3 else np.pad(weights, ((1, 1), (1, 1), (0, 0), (0, 0)))
            bias += beta - mean * scale
        return kernel, bias

    kernel, bias = merged()
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype(np.float32)
    one = keras.ops.conv(pixels / 255, kernel.astype(np.float32), padding="same") + bias.astype(np.float32)
    relu = next(layer for layer in model.layers if isinstance(layer, keras.layers.ReLU))
    inside = keras.Model(model.inputs, relu.output).predict(pixels, verbose=0)
    np.testing.assert_allclose(np.maximum(keras.ops.convert_to_numpy(one), 0), inside, atol=1e-4)
    # Where the shape stays, the input is a third branch.
    kept = network([{"kind": "repvgg", "filters": 3}], color="rgb")
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in kept.layers) == 3


def test_squeeze_and_excitation_is_its_formula() -> None:
    model = shaken(network([STEM, {"kind": "squeeze_excite", "reduction": 4}]))
    gate = next(layer for layer in model.layers if isinstance(layer, keras.layers.Multiply))
    inside = keras.Model(model.inputs, [gate.input[0], gate.output])
    before, after = inside.predict(np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 1)), verbose=0)
    first, second = [layer.get_weights() for layer in model.layers if isinstance(layer, keras.layers.Dense)][
        :2
    ]
    hidden = np.maximum(before.mean(axis=(1, 2)) @ first[0] + first[1], 0)
    factors = 1 / (1 + np.exp(-(hidden @ second[0] + second[1])))
    assert first[0].shape == (8, 2)
    np.testing.assert_allclose(after, before * factors[:, None, None], rtol=1e-4, atol=1e-5)


def test_a_convnext_block_has_the_size_of_kerass_and_begins_as_nothing() -> None:
    """ConvNeXt-Tiny's blocks of 96 channels: 7x7 in each, two dense layers, norm, layer scale."""
    model = network([STEM, {"kind": "convnext", "filters": 8}])
    without = network([STEM])
    own = model.count_params() - without.count_params()
    c = 8
    assert own == (49 * c + c) + 2 * c + (c * 4 * c + 4 * c) + (4 * c * c + c) + c
    added = next(layer for layer in model.layers if isinstance(layer, keras.layers.Add))
    inside = keras.Model(model.inputs, [added.input[0], added.output])
    before, after = inside.predict(np.random.default_rng(0).uniform(0, 255, (1, 24, 24, 1)), verbose=0)
    assert 0 < np.abs(after - before).max() < 1e-3


@pytest.mark.parametrize("color", ["gray", "rgb"])
@pytest.mark.parametrize("strides", [1, 4])
def test_a_convnext_block_that_begins_a_network_sees_the_image(color: str, strides: int) -> None:
    """Layer normalisation of one channel, or of the three equal ones of a gray picture, is nothing."""
    model = shaken(network([{"kind": "convnext", "filters": 8, "strides": strides}], color=color))
    gray = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 1)).astype(np.float32)
    said = model.predict(np.repeat(gray, model.input_shape[-1], axis=-1), verbose=0)
    assert np.abs(said[0] - said[1]).max() > 1e-4


@pytest.mark.parametrize("kind", [*KINDS, "residual", "builtin"])
def test_the_bound_on_parameters_counts_every_kind_of_block(kind: str) -> None:
    """All but biases and normalisations of what Keras counts, and never more."""
    blocks = {**KINDS, "residual": [STEM, {"kind": "residual", "filters": 12, "strides": 2}]}
    spec = load("vit_tiny").model
    if kind != "builtin":
        given = blocks[kind] if AVERAGE in blocks[kind] else [*blocks[kind], AVERAGE]
        spec = CnnSpec.model_validate({"input_size": 24, "blocks": given})
    counted = sum(
        math.prod(weight.shape)
        for weight in registry.build(spec, 3).weights
        if len(weight.shape) > 1 and "probabilities" not in weight.path and not weight.path.endswith("bias")
    )
    bound = combinations._least_parameters(spec)
    assert 0.85 * counted <= bound <= counted


def test_a_transformer_learns_at_rates_by_depth() -> None:
    model = network(KINDS["attention"])
    factors = body.learning_rate_factors(model, 0.5)
    named = {id(variable) for variable, _ in factors}
    assert {v.path for v in model.trainable_variables if id(v) not in named} == {
        "probabilities/kernel", "probabilities/bias"
    }  # fmt: skip
    by_path = [(v.path, f) for v, f in factors]
    assert by_path[0][1] == 0.5**5
    assert by_path[-1][1] == 0.5
    assert [f for _, f in by_path] == sorted(f for _, f in by_path)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([{"kind": "flatten"}, STEM], "has made a vector"),
        ([STEM, {"kind": "global_average"}, {"kind": "attention"}], "global_average before it"),
        ([{"kind": "patches", "size": 60, "units": 8}, {"kind": "global_average"}], "larger than the image"),
        ([*[CONV] * 3, {"kind": "patches", "size": 8, "units": 8}, AVERAGE], "8 pixels of 6, block 4"),
        ([PATCHES, {"kind": "patches", "size": 2, "units": 8}, AVERAGE], "cut into patches once"),
        ([{"kind": "conv", "filters": 10**4200}, AVERAGE], "more than 10.18 parameters"),
        ([CONV], "end in a feature map"),
        ([CONV, {"kind": "dense", "units": 8}], "end in a feature map"),
        ([*[CONV] * 6, AVERAGE], "Nothing is left.*block 6"),
        ([{"kind": "attention"}, AVERAGE], "1 channels, block 1"),
        ([STEM, {"kind": "convnext", "filters": 1}, AVERAGE], "1 channels, block 2"),
        ([PATCHES, {"kind": "attention", "repeats": 10**8}, AVERAGE], "more than 1,000,000,000 parameters"),
        (
            [STEM, {"kind": "convnext", "filters": 4096, "expansion": 10**5}, AVERAGE],
            "more than 1,000,000,000",
        ),
    ],
)
def test_blocks_in_an_order_that_makes_no_network_are_refused(
    blocks: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        override(load("base"), {"model.blocks": blocks})
