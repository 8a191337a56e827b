"""Networks that begin with a published backbone (keras.applications) and end with a head of our own.

The network takes float32 pixels 0..255 as they are stored, gray or RGB, and does all else itself: three channels
from gray, the backbone's size, the backbone's scaling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import layers

from fer_core.base.errors import RunError
from fer_core.models import pretrained
from fer_core.models.blocks import Tensor
from fer_core.models.body import RESIZING, train_last
from fer_core.recipes.model_spec import DenseBlock, Shape, TransferSpec

_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class _Backbone:
    build: Callable[..., keras.Model]
    scaling: str
    """As Keras names them: "tf" is -1..1, "torch" by mean and deviation, "caffe" BGR minus mean, "none" 0..255."""


_BACKBONES: dict[str, _Backbone] = {
    "vgg16": _Backbone(keras.applications.VGG16, "caffe"),
    "resnet50": _Backbone(keras.applications.ResNet50, "caffe"),
    "resnet50v2": _Backbone(keras.applications.ResNet50V2, "tf"),
    "densenet121": _Backbone(keras.applications.DenseNet121, "torch"),
    "mobilenetv2": _Backbone(keras.applications.MobileNetV2, "tf"),
    "efficientnetb0": _Backbone(keras.applications.EfficientNetB0, "none"),
    "efficientnetv2b0": _Backbone(keras.applications.EfficientNetV2B0, "none"),
}


def build(spec: TransferSpec, classes: int, input_shape: Shape | None = None) -> keras.Model:
    """A functional model: pixels 0..255 -> probabilities (batch, classes) float32.

    The backbone keeps the statistics of its batch normalisation, also where its layers are trained.

    Args:
        spec: backbone, what of it is trained, and the head.
        classes: size of the softmax.
        input_shape: height, width, channels; `spec.input_shape` if not given. With None for a side,
            `body.set_backbone_size` may change what the backbone sees.

    Raises:
        RunError: the published weights are not there and cannot be downloaded, or the file is of something else.
    """
    inputs = keras.Input(input_shape or spec.input_shape, name="pixels")
    x = inputs
    if inputs.shape[1:3] != (spec.backbone_size, spec.backbone_size):
        x = layers.Resizing(spec.backbone_size, spec.backbone_size, name=RESIZING)(x)
    if inputs.shape[-1] == 1:
        x = layers.Concatenate(name="three_channels")([x, x, x])
    backbone = _backbone(spec, None if input_shape and input_shape[0] is None else spec.backbone_size)
    x = backbone(_scaled(x, _BACKBONES[spec.backbone].scaling))
    if spec.attention:
        x = _attend(x, spec.attention)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    if spec.head_norm:
        x = layers.BatchNormalization()(x)
        x = layers.Dropout(spec.head_dropout)(x) if spec.head_dropout else x
    for block in spec.head:
        x = _dense(block, x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    model = keras.Model(inputs, outputs, name=spec.architecture)
    train_last(model, spec.trainable_layers)
    return model


def _backbone(spec: TransferSpec, side: int | None) -> keras.Model:
    shape = (side, side, 3)
    file, build = pretrained.find_weights(spec), _BACKBONES[spec.backbone].build
    try:
        if spec.weights == "imagenet" and file is None:
            # Keras puts the file into its cache; which one it takes goes by the size, which is open where images grow.
            size = spec.backbone_size
            build(include_top=False, weights="imagenet", input_shape=(size, size, 3))
            if (file := pretrained.find_weights(spec)) is None:
                raise FileNotFoundError("Keras put it somewhere else")
        # Downloaded, cached or named: one way to load, so that the same file is the same network.
        backbone = build(include_top=False, weights=None, input_shape=shape)
        if file is not None:
            backbone.load_weights(file)
            if spec.backbone == "efficientnetb0":
                _divide_by_deviation(backbone)
    except Exception as error:
        if spec.weights == "none":
            raise
        name = pretrained.file_name(spec)
        raise RunError(
            f"The published weights of {spec.backbone} cannot be read" if file else "The download failed",
            received=file or f"{name}: {error}"[:200],
            hint=f"Put {name} into {pretrained.cache_folder()}, or set model.weights=none to train from nothing",
        ) from error
    return backbone


def _divide_by_deviation(backbone: keras.Model) -> None:
    """Scale the inputs of EfficientNetB0 as its published weights need them.

    Their file holds the deviation where Keras's normalisation takes a variance. Keras makes up for it with one more
    layer, but only where it is asked for "imagenet" by name (keras.applications.efficientnet, tensorflow#49930).
    """
    for layer in backbone.layers:
        if isinstance(layer, layers.Normalization):
            layer.adapt_variance.assign(keras.ops.square(layer.adapt_variance))
            layer.finalize_state()


def _scaled(x: Tensor, scaling: str) -> Tensor:
    if scaling == "tf":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")(x)
    if scaling == "torch":
        scale = [1 / (255 * std) for std in _TORCH_STD]
        offset = [-mean / std for mean, std in zip(_TORCH_MEAN, _TORCH_STD, strict=True)]
        return layers.Rescaling(scale, offset=offset, name="scaling")(x)
    if scaling == "caffe":
        bgr = keras.ops.flip(x, axis=-1)
        return layers.Rescaling(1.0, offset=[-mean for mean in _CAFFE_MEAN], name="scaling")(bgr)
    return x


def _attend(x: Tensor, heads: int) -> Tensor:
    """Self-attention over the places of the feature map, added to it."""
    height, width, channels = x.shape[1:]
    tokens = layers.Reshape((height * width, channels))(x)
    found = layers.MultiHeadAttention(heads, max(channels // heads // 4, 1), name="attention")(tokens, tokens)
    return layers.Reshape((height, width, channels))(
        layers.LayerNormalization()(layers.Add()([tokens, found]))
    )


def _dense(block: DenseBlock, x: Tensor) -> Tensor:
    x = layers.Dense(block.units, activation=block.activation)(x)
    x = layers.BatchNormalization()(x) if block.batch_norm else x
    return layers.Dropout(block.dropout)(x) if block.dropout else x
