"""The exponential moving average of the weights: what is validated and kept where the optimizer has `ema`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """The model with its averages where it keeps any; the weights that are trained are put back after it."""
    averages = _averages(model)
    trained = [_array(variable) for variable, _ in averages]
    for variable, average in averages:
        variable.assign(average)
    try:
        yield
    finally:
        for (variable, _), value in zip(averages, trained, strict=True):
            variable.assign(value)


def validated_weights(model: keras.Model) -> list[np.ndarray]:
    """`model.get_weights()` as validation sees them: with the averages where there are any."""
    averages = {id(variable): average for variable, average in _averages(model)}
    return [_array(averages.get(id(variable), variable)) for variable in model.weights]


def _averages(model: keras.Model) -> list[tuple[keras.Variable, keras.Variable]]:
    """Each trained variable with its average; empty where none is kept."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # under 16 bits it is wrapped
    if not optimizer.use_ema or not optimizer.built:
        return []
    return list(zip(model.trainable_variables, optimizer._model_variables_moving_average, strict=True))


def _array(variable: keras.Variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable.value))
