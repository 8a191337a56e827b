"""Architectures by name: the one place that turns a recipe's `[model]` table into a network.

Example:
    model = build(load("compact").model, classes=4)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras

from fer_core.models import cnn, transfer
from fer_core.models.spec import ModelSpec, Shape, TransferSpec

BUILDERS: dict[str, Callable[..., keras.Model]] = {"cnn": cnn.build, "transfer": transfer.build}
"""One builder per value of `model.architecture`."""


@dataclass(frozen=True)
class Size:
    """How many numbers a network holds, and how many of them training changes."""

    parameters: int
    trainable_parameters: int


def build(spec: ModelSpec, classes: int, input_shape: Shape | None = None) -> keras.Model:
    """An untrained network: float32 pixels 0..255 NHWC -> probabilities (batch, classes) float32."""
    return BUILDERS[spec.architecture](spec, classes, input_shape)


def count(spec: ModelSpec, classes: int) -> Size:
    """Parameters of a network, built without the weights it would begin with."""
    plain = spec.model_copy(update={"weights": "none"}) if isinstance(spec, TransferSpec) else spec
    return size(build(plain, classes))


def size(model: keras.Model) -> Size:
    """Parameters of a built network."""
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Size(model.count_params(), trainable)
