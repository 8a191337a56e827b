"""The average of the weights: what is validated and kept where the optimizer has `ema` or `swa`.

Averaged weights pass on other means and variances than the weights of the moment, so batch normalisation gets new
statistics from some training batches (precise batch norm, Wu and Johnson 2021; SWA's `update_bn`). Without them an average
of a thousand steps judges itself at half its accuracy while the rate is high.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

RENEWED = 16
"""How many training batches the statistics are taken from."""


@contextmanager
def averaged(model: keras.Model, batches: keras.utils.PyDataset) -> Iterator[None]:
    """The model with its averages where it keeps any; all that is trained, random states too, is put back after it.

    Args:
        model: compiled.
        batches: of training, whose images renew the statistics of batch normalisation.
    """
    averages = _averages(model)
    if not averages:
        yield
        return
    touched = [*(variable for variable, _ in averages), *model.non_trainable_variables]
    trained = [_array(variable) for variable in touched]
    for variable, average in averages:
        variable.assign(_array(average))
    _renew_statistics(model, batches)
    try:
        yield
    finally:
        for variable, value in zip(touched, trained, strict=True):
            variable.assign(value)


def validated_weights(model: keras.Model, batches: keras.utils.PyDataset) -> list[np.ndarray]:
    """`model.get_weights()` as validation sees them: with the averages where there are any."""
    with averaged(model, batches):
        return [_array(variable) for variable in model.weights]


def _renew_statistics(model: keras.Model, batches: keras.utils.PyDataset) -> None:
    """Means and variances of the layers that learn them, as their plain mean over some batches."""
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    momenta = [layer.momentum for layer in layers]
    for index in range(min(RENEWED, len(batches)) if layers else 0):
        for layer in layers:
            layer.momentum = index / (index + 1)
        model(keras.ops.cast(batches[index][0], "float32"), training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def _averages(model: keras.Model) -> list[tuple[keras.Variable, keras.Variable]]:
    """Each trained variable with its average; empty where none is kept."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # under 16 bits it is wrapped
    if not optimizer.built or not optimizer.keeps_average:
        return []
    return list(zip(model.trainable_variables, optimizer._model_variables_moving_average, strict=True))


def _array(variable: keras.Variable) -> np.ndarray:
    # A copy: JAX gives its arrays away to the next step, and what shares memory with them is gone then.
    return np.array(keras.ops.convert_to_numpy(variable.value))
