"""The attention of a network on an image and on its mirror image, held together in training (EAC, Zhang et al. 2022).

    compile_model(...); add_consistency_loss(model, weight=5.0)

The attention map of a class is the feature map before global pooling, weighted by the class's weights in the softmax
layer (class activation mapping, Zhou et al. 2016). Keras asks `compute_loss` for what a step makes small; a function in
its place works with every backend and leaves nothing in a saved model.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from fer_core.models.blocks import Tensor


def add_consistency_loss(model: keras.Model, weight: float) -> None:
    """Add weight x mean((map - mirrored map of the mirror image)^2) to the training loss of a compiled model.

    Args:
        model: ends in global average pooling, dropout if any, and a dense layer.
        weight: the paper's lambda.
    """
    pools = [layer for layer in model.layers if isinstance(layer, layers.GlobalAveragePooling2D)]
    seen = keras.Model(model.inputs, [pools[-1].input, model.output])

    def compute_loss(
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Any:
        if not training:
            return keras.Model.compute_loss(model, x, y, y_pred, sample_weight, training)
        features, answers = seen(x, training=True)
        mirrored, _ = seen(ops.flip(x, axis=2), training=True)
        told = keras.Model.compute_loss(model, x, y, answers, sample_weight, training)
        return told + weight * attention_distance(features, mirrored, model.layers[-1].kernel)

    model.compute_loss = compute_loss


def attention_distance(features: Tensor, mirrored: Tensor, kernel: Tensor) -> Tensor:
    """Mean squared difference of the attention maps, a number.

    Args:
        features, mirrored: feature maps (n, h, w, channels) of images and of their mirror images.
        kernel: of the softmax layer (channels, classes).
    """
    kernel = ops.cast(kernel, "float32")
    ours = ops.matmul(ops.cast(features, "float32"), kernel)
    theirs = ops.flip(ops.matmul(ops.cast(mirrored, "float32"), kernel), axis=2)
    return ops.mean(ops.square(ours - theirs))
