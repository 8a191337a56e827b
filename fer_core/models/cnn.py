"""CNNs built block by block from a `CnnSpec`.

The network takes float32 pixels 0..255 (batch, height, width, channels) and rescales them itself, so that
nobody who uses the saved model can forget to.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from fer_core.models import blocks
from fer_core.models.blocks import Tensor, l2, norm
from fer_core.recipes.model_spec import (
    AttentionBlock,
    CnnSpec,
    ConvBlock,
    ConvNextBlock,
    DenseBlock,
    DepthwiseBlock,
    Flatten,
    GlobalAverage,
    Patches,
    RepVggBlock,
    ResidualBlock,
    Shape,
    SqueezeExcite,
)


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
        kernel_regularizer=l2(spec.l2.output),
        dtype="float32",
        name="probabilities",
    )(x)
    return keras.Model(inputs, outputs, name=spec.architecture)


def _apply(block: Any, x: Tensor, spec: CnnSpec) -> Tensor:
    match block:
        case ConvBlock():
            x = blocks.conv(block, x, spec)
        case ResidualBlock():
            x = blocks.residual(block, x, spec)
        case DepthwiseBlock():
            x = blocks.depthwise(block, x, spec)
        case RepVggBlock():
            x = blocks.repvgg(block, x, spec)
        case ConvNextBlock():
            x = blocks.convnext(block, x, spec)
        case SqueezeExcite():
            x = blocks.squeeze_excite(block, x, spec)
        case Patches():
            x = blocks.patches(block, x, spec)
        case AttentionBlock():
            return blocks.attention(block, x, spec)  # its dropout is within
        case Flatten():
            x = layers.Flatten()(x)
        case GlobalAverage():
            x = layers.GlobalAveragePooling2D()(x)
        case DenseBlock():
            x = layers.Dense(block.units, activation=block.activation, kernel_regularizer=l2(spec.l2.dense))(
                x
            )
            x = norm(spec)(x) if block.batch_norm else x
    return layers.Dropout(block.dropout)(x) if block.dropout else x
