"""The exponential moving average of the weights: what is validated and kept where the optimizer has `ema`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from fer_core.training.callbacks import Logs


class ValidateAverage(keras.callbacks.Callback):
    """Puts the averages into the model for validation, and the weights that are trained back after it."""

    def __init__(self) -> None:
        super().__init__()
        self._trained: list[Any] = []

    def on_test_begin(self, logs: Logs = None) -> None:
        averages = _averages(self.model)
        self._trained = [_array(v) for v, _ in averages]
        for variable, average in averages:
            variable.assign(average)

    def on_test_end(self, logs: Logs = None) -> None:
        for (variable, _), value in zip(_averages(self.model), self._trained, strict=True):
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
