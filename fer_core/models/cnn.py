"""CNNs built block by block from a `CnnSpec`.

The network takes float32 pixels 0..255 (batch, height, width, channels) and rescales them itself, so that
nobody who uses the saved model can forget to.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from fer_core.recipes.model_spec import (
    CnnSpec,
    ConvBlock,
    DenseBlock,
    Flatten,
    GlobalAverage,
    ResidualBlock,
    Shape,
)

Tensor = Any


def build(spec: CnnSpec, classes: int, input_shape: Shape | None = None) -> keras.Model:
    """A functional model: pixels 0..255 -> probabilities (batch, classes) float32.

    Args:
        spec: blocks from input to the last hidden layer.
        classes: size of the softmax.
        input_shape: height, width, channels; `spec.input_shape` if not given.
    """
    inputs = keras.Input(input_shape or spec.input_shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="rescaling")(inputs)
    for block in spec.blocks:
        x = _apply(block, x, spec)
    # float32 also under mixed precision: a softmax in 16 bits loses small probabilities.
    outputs = layers.Dense(
        classes,
        activation="softmax",
        kernel_regularizer=_l2(spec.l2.output),
        dtype="float32",
        name="probabilities",
    )(x)
    return keras.Model(inputs, outputs, name=spec.architecture)


def _apply(block: Any, x: Tensor, spec: CnnSpec) -> Tensor:
    match block:
        case ConvBlock():
            x = _conv_block(block, x, spec)
        case ResidualBlock():
            x = _residual_block(block, x, spec)
        case Flatten():
            x = layers.Flatten()(x)
        case GlobalAverage():
            x = layers.GlobalAveragePooling2D()(x)
        case DenseBlock():
            x = layers.Dense(block.units, activation=block.activation, kernel_regularizer=_l2(spec.l2.dense))(
                x
            )
            x = _norm(spec)(x) if block.batch_norm else x
    return layers.Dropout(block.dropout)(x) if block.dropout else x


def _conv_block(block: ConvBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    for index in range(block.convs):
        before = block.batch_norm == "before_activation"
        x = layers.Conv2D(
            block.filters,
            block.kernel_size,
            strides=block.strides if index == 0 else 1,
            padding="same",
            activation=None if before else "relu",
            kernel_regularizer=_l2(spec.l2.conv),
        )(x)
        if before:
            x = layers.ReLU()(_norm(spec)(x))
        elif block.batch_norm == "after_activation":
            x = _norm(spec)(x)
    if block.batch_norm == "after_last":
        x = _norm(spec)(x)
    if block.pool == "max":
        return layers.MaxPooling2D(2)(x)
    return layers.AveragePooling2D(2)(x) if block.pool == "average" else x


def _residual_block(block: ResidualBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    y = layers.ReLU()(_norm_conv(x, block.filters, 3, block.strides, spec))
    y = _norm_conv(y, block.filters, 3, 1, spec)
    if block.strides > 1:
        x = layers.AveragePooling2D(block.strides, padding="same")(x)
    if x.shape[-1] != block.filters:
        x = _norm_conv(x, block.filters, 1, 1, spec)
    return layers.ReLU()(layers.Add()([x, y]))


def _norm_conv(x: Tensor, filters: int, kernel_size: int, strides: int, spec: CnnSpec) -> Tensor:
    # No bias: the normalisation that follows has its own.
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_regularizer=_l2(spec.l2.conv),
    )(x)
    return _norm(spec)(x)


def _norm(spec: CnnSpec) -> keras.layers.BatchNormalization:
    return layers.BatchNormalization(momentum=spec.batch_norm_momentum)


def _l2(strength: float) -> keras.Regularizer | None:
    return keras.regularizers.L2(strength) if strength else None
