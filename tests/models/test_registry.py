from __future__ import annotations

import keras
import numpy as np
import pytest

from fer_core.models import registry
from fer_core.recipes.model_spec import CnnSpec, DenseBlock, ModelSpec, TransferSpec
from fer_core.recipes.recipe import builtin_names, load


def untrained(spec: ModelSpec) -> ModelSpec:
    """Published weights are neither there nor needed to count and to build."""
    return spec.model_copy(update={"weights": "none"}) if isinstance(spec, TransferSpec) else spec


SIZES = {
    "model_0": (1_274_500, 1_274_052),
    "model_a": (3_509_444, 3_507_140),
    "model_b": (3_509_444, 3_507_140),
    "model_c": (3_509_444, 3_507_140),
    "model_b_plus": (3_509_444, 3_507_140),
    "model_b_plus_plus": (3_509_444, 3_507_140),
    "model_d": (4_980_324, 4_978_340),
}


@pytest.mark.parametrize("name", SIZES)
def test_parameters_are_those_of_the_published_networks(name: str) -> None:
    size = registry.parameters_of(registry.build(load(name).model, classes=4))
    assert (size.parameters, size.trainable_parameters) == SIZES[name]


TRANSFER_SIZES = {
    "vgg16": (15_111_748, 396_036),
    "resnet50v2": (None, 526_084),
    "efficientnetb0": (None, 329_476),
}


@pytest.mark.parametrize("name", TRANSFER_SIZES)
def test_parameters_of_frozen_backbones_are_the_published_ones(name: str) -> None:
    size = registry.parameters_of(registry.build(untrained(load(name).model), classes=4))
    total, trainable = TRANSFER_SIZES[name]
    assert size.trainable_parameters == trainable
    assert total in (None, size.parameters)


def test_finetuning_trains_the_last_layers_and_no_statistics() -> None:
    spec = untrained(load("mobilenetv2_finetuned").model)
    assert isinstance(spec, TransferSpec)
    model = registry.build(spec, classes=4)
    (backbone,) = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    norm = keras.layers.BatchNormalization
    assert not any(layer.trainable for layer in backbone.layers[:-30])
    assert [layer.trainable for layer in backbone.layers[-30:]] == [
        not isinstance(layer, norm) for layer in backbone.layers[-30:]
    ]
    frozen = registry.parameters_of(
        registry.build(spec.model_copy(update={"trainable_layers": 0}), classes=4)
    )
    assert registry.parameters_of(model).trainable_parameters > frozen.trainable_parameters
    before = [keras.ops.convert_to_numpy(v) for v in backbone.non_trainable_variables]
    model.compile("adam", "categorical_crossentropy")
    pixels = np.random.default_rng(0).uniform(0, 255, (4, 48, 48, 1)).astype(np.float32)
    model.train_on_batch(pixels, np.eye(4, dtype=np.float32))
    for old, new in zip(before, backbone.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(new))


def test_gray_is_enlarged_and_becomes_three_equal_channels() -> None:
    spec = TransferSpec(backbone="mobilenetv2", weights="none", backbone_size=96, head=[DenseBlock(units=2)])
    model = registry.build(spec, classes=3)
    seen = keras.Model(model.inputs[0], model.get_layer("three_channels").output)
    shown = np.array(seen(np.full((1, 48, 48, 1), 77, np.float32)))
    assert shown.shape == (1, 96, 96, 3)
    np.testing.assert_allclose(shown, 77)


@pytest.mark.parametrize(("name", "parameters"), [("color_gray", 5_867_204), ("color_rgb", 5_868_356)])
def test_colour_networks(name: str, parameters: int) -> None:
    assert registry.parameters_of(registry.build(load(name).model, classes=4)).parameters == parameters


def test_compact_is_about_half_a_million_parameters() -> None:
    assert (
        400_000
        < registry.parameters_of(registry.build(load("compact").model, classes=4)).parameters
        < 650_000
    )


def test_model_0_is_built_in_the_order_of_its_description() -> None:
    model = registry.build(load("model_0").model, classes=4)
    kinds = [type(layer).__name__ for layer in model.layers]
    block = ["Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D", "Dropout"]
    assert kinds == ["InputLayer", "Rescaling", *block * 3, "Flatten", "Dense", "Dropout", "Dense"]
    dropouts = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert dropouts == [0.25, 0.25, 0.25, 0.5]
    assert [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [
        32,
        64,
        128,
    ]


@pytest.mark.parametrize("name", [name for name in builtin_names() if isinstance(load(name).model, CnnSpec)])
def test_every_recipe_builds_for_any_number_of_classes(name: str) -> None:
    model = registry.build(untrained(load(name).model), classes=7)
    pixels = np.random.default_rng(0).uniform(0, 255, (2, *model.input_shape[1:])).astype(np.float32)
    probabilities = keras.ops.convert_to_numpy(model(pixels))
    assert probabilities.shape == (2, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_pixels_are_rescaled_inside_the_model() -> None:
    model = registry.build(load("base").model, classes=3)
    rescaling = model.get_layer("rescaling")
    np.testing.assert_allclose(rescaling(np.full((1, 48, 48, 1), 255.0)), 1.0)


def test_no_random_layer_but_dropout_is_in_a_model() -> None:
    model = registry.build(load("compact").model, classes=4)
    assert not [layer for layer in model.layers if type(layer).__name__.startswith("Random")]


@pytest.mark.parametrize("where", ["conv", "dense", "output"])
def test_l2_acts_where_it_is_set(where: str) -> None:
    blocks = [{"kind": "conv", "filters": 2}, {"kind": "residual", "filters": 3}, {"kind": "flatten"}]
    spec = {"input_size": 8, "blocks": [*blocks, {"kind": "dense", "units": 2}], "l2": {where: 0.1}}
    model = registry.build(CnnSpec.model_validate(spec), classes=2)
    model(np.zeros((1, 8, 8, 1)))
    assert len(model.losses) == {"conv": 5, "dense": 1, "output": 1}[where]


@pytest.mark.parametrize("pool", ["none", "max", "average"])
def test_pooling_and_strides(pool: str) -> None:
    blocks = [
        {"kind": "conv", "filters": 2, "strides": 2, "pool": pool, "batch_norm": "none"},
        {"kind": "residual", "filters": 2, "strides": 2},
    ]
    spec = CnnSpec.model_validate({"input_size": 16, "blocks": [*blocks, {"kind": "global_average"}]})
    model = registry.build(spec, classes=2)
    side = 16 // 2 // (1 if pool == "none" else 2)
    adds = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert adds[0].output.shape[1:] == (side // 2, side // 2, 2)


def test_batch_norm_momentum_reaches_the_layers() -> None:
    spec = CnnSpec.model_validate({"blocks": [{"kind": "conv", "filters": 2}, {"kind": "flatten"}]})
    model = registry.build(spec.model_copy(update={"batch_norm_momentum": 0.8}), classes=2)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert [layer.momentum for layer in norms] == [0.8, 0.8]
