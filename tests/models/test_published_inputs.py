"""A published backbone sees the same from a download, from the cache and from a named file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.applications import efficientnet
from keras.src.legacy.saving import legacy_h5_format
from test_families import SIDE, spec

from fer_core.inference.metadata import ModelMetadata
from fer_core.models import body, pretrained, registry, transfer
from fer_core.training.onnx_export import DEEP_TOLERANCE, to_onnx

PUBLISHED_DEVIATION = (0.229, 0.224, 0.225)
PUBLISHED_MEAN = (0.485, 0.456, 0.406)


def small(**options: Any) -> keras.Model:
    """Keras's EfficientNet, few blocks deep, as keras.applications builds B0."""
    return efficientnet.EfficientNet(0.5, 0.1, SIDE, weights_name="b0", **options)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights as they are published, and a Keras that finds them where it would have downloaded them."""
    source = small(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    for layer in source.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.adapt_mean.assign(PUBLISHED_MEAN)
            layer.adapt_variance.assign(PUBLISHED_DEVIATION)  # as in the file: the deviation, not its square
    file = tmp_path / "models" / "efficientnetb0_notop.h5"
    file.parent.mkdir()
    with h5py.File(file, "w") as written:  # the format in which they are published
        legacy_h5_format.save_weights_to_hdf5_group(written, source)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(efficientnet.file_utils, "get_file", lambda *args, **options: str(file))
    monkeypatch.setitem(transfer._BACKBONES, "efficientnetb0", transfer._Backbone(small, "none"))
    return file


def answers(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    return np.asarray(model(pixels, training=False))


def test_efficientnet_from_a_file_is_keras_s_own(published: Path, tmp_path: Path) -> None:
    keras_own = small(include_top=False, weights="imagenet", input_shape=(SIDE, SIDE, 3))
    pixels = np.random.default_rng(0).uniform(0, 255, (3, SIDE, SIDE, 3)).astype(np.float32)
    wanted = answers(keras_own, pixels)
    for fields in ({"weights_file": str(published)}, {}):
        built = registry.build(spec("efficientnetb0", weights="imagenet", **fields), 3)
        np.testing.assert_allclose(answers(body.backbone_of(built), pixels), wanted, rtol=1e-4, atol=1e-5)


def test_a_download_is_the_same_network_as_the_cache(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter([None, published])
    with monkeypatch.context() as patch:
        patch.setattr(pretrained, "find_weights", lambda _: next(asked))
        first = registry.build(spec("efficientnetb0", weights="imagenet"), 3)
    later = registry.build(spec("efficientnetb0", weights="imagenet", weights_file=str(published)), 3)
    assert [w.shape for w in first.get_weights()] == [w.shape for w in later.get_weights()]
    pixels = np.random.default_rng(0).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)
    np.testing.assert_array_equal(
        answers(body.backbone_of(first), pixels), answers(body.backbone_of(later), pixels)
    )


def test_the_exported_file_answers_as_the_trained_network(published: Path, tmp_path: Path) -> None:
    model = registry.build(
        spec("efficientnetb0", weights="imagenet", weights_file=str(published), input_size=SIDE, color="rgb"),
        3,
    )
    pixels = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8)
    about = ModelMetadata(classes=("a", "b", "c"), input_size=SIDE, color="rgb", recipe="efficientnetb0")
    assert to_onnx(model, tmp_path / "model.onnx", about, pixels) <= DEEP_TOLERANCE
    model.save(tmp_path / "best.keras", include_optimizer=False)
    again = keras.saving.load_model(tmp_path / "best.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(answers(again, pixels), answers(model, pixels), atol=1e-6)


def with_dropout(include_top: bool, weights: Any, input_shape: tuple[int, int, int]) -> keras.Model:
    x = inputs = keras.Input(input_shape)
    for _ in range(3):
        x = keras.layers.Dropout(0.5)(keras.layers.Conv2D(4, 3, padding="same")(x))
    return keras.Model(inputs, x)


def test_frozen_layers_have_no_stochastic_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(transfer._BACKBONES, "efficientnetb0", transfer._Backbone(with_dropout, "none"))
    model = registry.build(spec("efficientnetb0", trainable_layers=0), 3)
    backbone = body.backbone_of(model)
    pixels = np.random.default_rng(0).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)

    def varies() -> bool:
        return not np.allclose(backbone(pixels, training=True), backbone(pixels, training=False))

    assert not varies()
    body.unfreeze(model, 1.0)
    assert varies()
    body.unfreeze(model, 0.0)
    assert not varies()


@pytest.mark.parametrize(("count", "trained"), [(0, 0), (2, 1), (6, 3), (7, 3), (500, 3)])
def test_more_layers_than_there_are_trains_all_of_them(
    monkeypatch: pytest.MonkeyPatch, count: int, trained: int
) -> None:
    monkeypatch.setitem(transfer._BACKBONES, "efficientnetb0", transfer._Backbone(with_dropout, "none"))
    backbone = body.backbone_of(registry.build(spec("efficientnetb0", trainable_layers=count), 3))
    assert len(backbone.layers) == 7  # inputs, and three convolutions each with its dropout
    assert len(backbone.trainable_variables) == 2 * trained
