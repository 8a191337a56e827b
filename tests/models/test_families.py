"""Each family of backbones, few blocks deep: what it is given, and that the exported file answers as Keras does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from keras.src.applications import densenet, efficientnet, efficientnet_v2, resnet, vgg16

from fer_core.inference.metadata import ModelMetadata
from fer_core.models import body, registry, transfer
from fer_core.recipes.model_spec import TransferSpec
from fer_core.training.onnx_export import DEEP_TOLERANCE, to_onnx

Build = Callable[..., keras.Model]
SIDE = 32


def of_blocks(stack: Callable[..., Any], preact: bool) -> Build:
    def build(**options: Any) -> keras.Model:
        return resnet.ResNet(lambda x: stack(x, 8, 2, name="conv2"), preact, True, **options)

    return build


def narrow_vgg16(**options: Any) -> keras.Model:
    """An eighth of its filters: fifteen million weights take long to write."""
    layers = vars(vgg16.layers) | {
        "Conv2D": lambda filters, *rest, **more: keras.layers.Conv2D(filters // 8, *rest, **more)
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vgg16, "layers", SimpleNamespace(**layers))
        return vgg16.VGG16(**options)


FAMILIES: dict[str, Build] = {
    "vgg16": narrow_vgg16,
    "resnet50": of_blocks(resnet.stack_residual_blocks_v1, False),
    "resnet50v2": of_blocks(resnet.stack_residual_blocks_v2, True),
    "densenet121": lambda **options: densenet.DenseNet([1, 1, 1, 1], **options),
    "mobilenetv2": lambda **options: keras.applications.MobileNetV2(alpha=0.35, **options),
    "efficientnetb0": lambda **options: efficientnet.EfficientNet(0.5, 0.1, SIDE, **options),
    "efficientnetv2b0": lambda **options: efficientnet_v2.EfficientNetV2(
        0.3, 0.1, SIDE, name="efficientnetv2-b0", **options
    ),
}
PREPARED = {
    "vgg16": keras.applications.vgg16.preprocess_input,
    "resnet50": keras.applications.resnet50.preprocess_input,
    "resnet50v2": keras.applications.resnet_v2.preprocess_input,
    "densenet121": keras.applications.densenet.preprocess_input,
    "mobilenetv2": keras.applications.mobilenet_v2.preprocess_input,
    "efficientnetb0": keras.applications.efficientnet.preprocess_input,
    "efficientnetv2b0": keras.applications.efficientnet_v2.preprocess_input,
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, build in FAMILIES.items():
        backbone = dataclasses.replace(transfer._BACKBONES[name], build=build)
        monkeypatch.setitem(transfer._BACKBONES, name, backbone)


def spec(name: str, **fields: Any) -> TransferSpec:
    given = {"backbone": name, "weights": "none", "backbone_size": SIDE, "head": [{"units": 4}], **fields}
    return TransferSpec.model_validate(given)


def test_every_backbone_has_its_family_here() -> None:
    assert set(FAMILIES) == set(PREPARED) == set(transfer._BACKBONES)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", FAMILIES)
def test_gray_pixels_are_prepared_once_and_onnx_answers_as_keras(name: str, tmp_path: Path) -> None:
    model = registry.build(spec(name, attention=2 if name == "resnet50" else 0), 3)
    gray = np.random.default_rng(1).integers(0, 256, (3, 48, 48, 1), dtype=np.uint8)
    metadata = ModelMetadata(classes=("happy", "sad", "fear"), input_size=48, color="gray", recipe=name)
    # Compared inside, on these and on random pixels; more than the tolerance is an error.
    assert to_onnx(model, tmp_path / "model.onnx", metadata, gray) <= DEEP_TOLERANCE

    same_size = registry.build(spec(name, input_size=SIDE, color="rgb"), 3)
    backbone = body.backbone_of(same_size)
    given = same_size.layers[same_size.layers.index(backbone) - 1].output
    pixels = np.random.default_rng(2).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)
    seen = keras.Model(same_size.inputs[0], given)(pixels)
    np.testing.assert_allclose(seen, PREPARED[name](pixels.copy()), rtol=1e-4, atol=1e-3)
