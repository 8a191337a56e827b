"""The blocks that a `CnnSpec` is made of, as Keras layers; nothing but layers and operations that any Keras reads."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from fer_core.recipes.model_spec import (
    FEWEST_NORMALISED,
    AttentionBlock,
    CnnSpec,
    ConvBlock,
    ConvNextBlock,
    DepthwiseBlock,
    Patches,
    RepVggBlock,
    ResidualBlock,
    SqueezeExcite,
)

Tensor = Any
_EPSILON = 1e-6  # of layer normalisation, as the papers' code has it
_LAYER_SCALE = 1e-6


def conv(block: ConvBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    """[convolution, normalisation and activation] x `convs`, then pooling."""
    for index in range(block.convs):
        before = block.batch_norm == "before_activation"
        x = layers.Conv2D(
            block.filters,
            block.kernel_size,
            strides=block.strides if index == 0 else 1,
            padding="same",
            activation=None if before else "relu",
            kernel_regularizer=l2(spec.l2.conv),
        )(x)
        if before:
            x = layers.ReLU()(norm(spec)(x))
        elif block.batch_norm == "after_activation":
            x = norm(spec)(x)
    if block.batch_norm == "after_last":
        x = norm(spec)(x)
    if block.pool == "max":
        return layers.MaxPooling2D(2)(x)
    return layers.AveragePooling2D(2)(x) if block.pool == "average" else x


def residual(block: ResidualBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    """Two convolutions and a shortcut."""
    y = layers.ReLU()(_norm_conv(x, block.filters, 3, block.strides, spec))
    y = _norm_conv(y, block.filters, 3, 1, spec)
    if block.strides > 1:
        x = layers.AveragePooling2D(block.strides, padding="same")(x)
    if x.shape[-1] != block.filters:
        x = _norm_conv(x, block.filters, 1, 1, spec)
    return layers.ReLU()(layers.Add()([x, y]))


def depthwise(block: DepthwiseBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    """3x3 in each channel, 1x1 over all of them."""
    x = layers.DepthwiseConv2D(
        block.kernel_size,
        strides=block.strides,
        padding="same",
        use_bias=False,
        depthwise_regularizer=l2(spec.l2.conv),
    )(x)
    x = layers.ReLU()(norm(spec)(x))
    return layers.ReLU()(_norm_conv(x, block.filters, 1, 1, spec))


def repvgg(block: RepVggBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    """Three branches that one convolution could stand for."""
    branches = [
        _norm_conv(x, block.filters, 3, block.strides, spec),
        _norm_conv(x, block.filters, 1, block.strides, spec),
    ]
    if block.strides == 1 and x.shape[-1] == block.filters:
        branches.append(norm(spec)(x))
    return layers.ReLU()(layers.Add()(branches))


def convnext(block: ConvNextBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    """An inverted bottleneck with a large kernel, added to its input."""
    if block.strides > 1 or x.shape[-1] != block.filters:
        image = x.shape[-1] < FEWEST_NORMALISED  # whose channels, normalised, say nothing: the paper's stem
        x = x if image else layers.LayerNormalization(epsilon=_EPSILON)(x)
        x = layers.Conv2D(
            block.filters,
            block.strides,
            strides=block.strides,
            padding="same",
            kernel_regularizer=l2(spec.l2.conv),
        )(x)
        x = layers.LayerNormalization(epsilon=_EPSILON)(x) if image else x
    y = layers.DepthwiseConv2D(block.kernel_size, padding="same", depthwise_regularizer=l2(spec.l2.conv))(x)
    y = layers.LayerNormalization(epsilon=_EPSILON)(y)
    y = layers.Dense(block.expansion * block.filters, activation="gelu", kernel_regularizer=l2(spec.l2.conv))(
        y
    )
    y = layers.Dense(block.filters, kernel_regularizer=l2(spec.l2.conv))(y)
    # A factor for each channel, with a layer that every Keras can read.
    scale = keras.initializers.Constant(_LAYER_SCALE)
    y = layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer=scale)(y)
    return layers.Add()([x, y])


def squeeze_excite(block: SqueezeExcite, x: Tensor, spec: CnnSpec) -> Tensor:
    """Means of the channels, two dense layers, factors."""
    channels = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = layers.Dense(
        max(channels // block.reduction, 1), activation="relu", kernel_regularizer=l2(spec.l2.conv)
    )(y)
    y = layers.Dense(channels, activation="sigmoid", kernel_regularizer=l2(spec.l2.conv))(y)
    return layers.Multiply()([x, y])


def patches(block: Patches, x: Tensor, spec: CnnSpec) -> Tensor:
    """A feature map of squares that know where they are."""
    x = layers.Conv2D(
        block.units, block.size, strides=block.size, kernel_regularizer=l2(spec.l2.conv), name="patches"
    )(x)
    _, height, width, units = x.shape
    tokens = layers.Reshape((height * width, units))(x)
    # Numbers of the places, by operations that every Keras can read; a layer of our own would be code in the file.
    ones = ops.cast(ops.ones_like(ops.mean(tokens, axis=-1)), "int32")
    numbers = ops.cumsum(ones, axis=1) - 1
    learned = layers.Embedding(
        height * width,
        units,
        embeddings_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="places",
    )(numbers)
    return layers.Reshape((height, width, units))(layers.Add()([tokens, learned]))


def attention(block: AttentionBlock, x: Tensor, spec: CnnSpec) -> Tensor:
    """Self-attention and a dense branch, `repeats` times, each added to its normalised input."""
    _, height, width, units = x.shape
    tokens = layers.Reshape((height * width, units))(x)
    for _ in range(block.repeats):
        y = layers.LayerNormalization(epsilon=_EPSILON)(tokens)
        y = layers.MultiHeadAttention(
            block.heads,
            max(units // block.heads, 1),
            dropout=block.dropout,
            kernel_regularizer=l2(spec.l2.dense),
        )(y, y)
        tokens = layers.Add()([tokens, _dropped(y, block.dropout)])
        y = layers.LayerNormalization(epsilon=_EPSILON)(tokens)
        y = layers.Dense(block.expansion * units, activation="gelu", kernel_regularizer=l2(spec.l2.dense))(y)
        y = layers.Dense(units, kernel_regularizer=l2(spec.l2.dense))(_dropped(y, block.dropout))
        tokens = layers.Add()([tokens, _dropped(y, block.dropout)])
    tokens = layers.LayerNormalization(epsilon=_EPSILON)(tokens)
    return layers.Reshape((height, width, units))(tokens)


def _dropped(x: Tensor, share: float) -> Tensor:
    return layers.Dropout(share)(x) if share else x


def _norm_conv(x: Tensor, filters: int, kernel_size: int, strides: int, spec: CnnSpec) -> Tensor:
    # No bias: the normalisation that follows has its own.
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_regularizer=l2(spec.l2.conv),
    )(x)
    return norm(spec)(x)


def norm(spec: CnnSpec) -> keras.layers.BatchNormalization:
    """Batch normalisation as the recipe has it."""
    return layers.BatchNormalization(momentum=spec.batch_norm_momentum)


def l2(strength: float) -> keras.Regularizer | None:
    """A penalty of that strength; None of 0."""
    return keras.regularizers.L2(strength) if strength else None
