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
from fer_core.recipes.model_spec import ModelSpec, Shape, TransferSpec

BUILDERS: dict[str, Callable[..., keras.Model]] = {"cnn": cnn.build, "transfer": transfer.build}
"""One builder per value of `model.architecture`."""


@dataclass(frozen=True)
class ParameterCount:
    """How many numbers a network holds, and how many of them training changes."""

    parameters: int
    trainable_parameters: int


def build(spec: ModelSpec, classes: int, input_shape: Shape | None = None) -> keras.Model:
    """An untrained network: float32 pixels 0..255 NHWC -> probabilities (batch, classes) float32."""
    published = isinstance(spec, TransferSpec) and not spec.start  # a start replaces them
    return BUILDERS[spec.architecture](spec if published else _random(spec), classes, input_shape)


def build_random(spec: ModelSpec, classes: int) -> keras.Model:
    """The same network without the weights it would begin with, which need not be there."""
    return build(_random(spec), classes)


def parameters_of(model: keras.Model) -> ParameterCount:
    """Parameters of a built network."""
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return ParameterCount(model.count_params(), trainable)


def _random(spec: ModelSpec) -> ModelSpec:
    return spec.model_copy(update={"weights": "none"}) if isinstance(spec, TransferSpec) else spec
