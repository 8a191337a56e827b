"""The loss of a recipe as Keras objects, on probabilities and one-hot or soft labels."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from fer_core.models.blocks import Tensor
from fer_core.recipes.losses import (
    CrossEntropy,
    Distillation,
    EarlyLearning,
    FlipConsistency,
    FocalCrossEntropy,
    GeneralizedCrossEntropy,
    Loss,
    SymmetricCrossEntropy,
    check_class_alpha,
)

_LOG_OF_ZERO = -4.0  # as Wang et al. 2019 have it
_LEAST = 1e-4  # probabilities are cut off here in early learning, as its authors' code does


def loss(spec: Loss, classes: int) -> keras.Loss:
    """The recipe's loss of targets and probabilities, both float32 (n, classes).

    Of early learning and flip consistency, their cross-entropy.

    Raises:
        RunError: another number of weights than of classes.
    """
    match spec:
        case FocalCrossEntropy():
            check_class_alpha(spec, classes)
            return keras.losses.CategoricalFocalCrossentropy(
                alpha=spec.class_alpha or spec.alpha, gamma=spec.gamma, label_smoothing=spec.label_smoothing
            )
        case GeneralizedCrossEntropy():
            return _PerImage(lambda truth, predicted: generalized(truth, predicted, spec.q))
        case SymmetricCrossEntropy():
            return _PerImage(lambda truth, predicted: symmetric(truth, predicted, spec.forward, spec.reverse))
        case EarlyLearning():
            return keras.losses.CategoricalCrossentropy()
        case CrossEntropy() | FlipConsistency():
            return keras.losses.CategoricalCrossentropy(label_smoothing=spec.label_smoothing)


def generalized(truth: Tensor, predicted: Tensor, q: float) -> Tensor:
    """Zhang and Sabuncu 2018, (n,): the mean over the shares of each target of (1 - p^q) / q."""
    kept = ops.maximum(predicted, keras.config.epsilon())  # the gradient of p^q has no end at 0
    return ops.sum(truth * (1 - ops.power(kept, q)) / q, axis=-1)


def symmetric(truth: Tensor, predicted: Tensor, forward: float, reverse: float) -> Tensor:
    """Wang et al. 2019, (n,): weighted cross-entropy of the answers to the targets, and of the targets to the answers."""
    logs = ops.maximum(ops.log(ops.maximum(truth, keras.config.epsilon())), _LOG_OF_ZERO)
    backwards = -ops.sum(predicted * logs, axis=-1)
    return forward * keras.losses.categorical_crossentropy(truth, predicted) + reverse * backwards


class _PerImage(keras.Loss):
    """A loss from a function of targets and answers, (n, classes) both, that tells a number for each image."""

    def __init__(self, function: Any) -> None:
        super().__init__(name="loss")
        self._function = function

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self._function(y_true, y_pred)


class RunningAnswers(keras.metrics.Metric):
    """What was said of each training image so far, for early-learning regularisation (Liu et al. 2020).

    Batches name their images in a last column of the targets. A metric, because its variables are what Keras carries
    through a step besides the model's, with every backend; it counts on from epoch to epoch. Its result is the share of
    images whose running answer is another class than their label: labels that are not believed.

    Attributes:
        answers: float32 (images, classes); 0 for an image not seen yet.
    """

    def __init__(self, spec: EarlyLearning, labels: np.ndarray, classes: int) -> None:
        super().__init__(name="doubted")
        self._spec = spec
        self.labels = ops.convert_to_tensor(labels, "int32")
        self.answers = self.add_variable((len(labels), classes), "zeros", name="running_answers")

    def after(self, places: Tensor, predicted: Tensor) -> Tensor:
        """Running answers (n, classes) of these images once they have been answered like this."""
        shares = ops.clip(predicted, _LEAST, 1 - _LEAST)
        shares = shares / ops.sum(shares, axis=-1, keepdims=True)
        momentum = self._spec.target_momentum
        return (
            momentum * ops.take(ops.convert_to_tensor(self.answers), places, axis=0) + (1 - momentum) * shares
        )

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        places = _places(y_true)
        told = self.after(places, ops.cast(y_pred, "float32"))
        self.answers.assign(ops.scatter_update(ops.convert_to_tensor(self.answers), places[:, None], told))

    def result(self) -> Tensor:
        answers = ops.convert_to_tensor(self.answers)
        seen = ops.sum(answers, axis=-1) > 0
        other = ops.logical_and(seen, ops.cast(ops.argmax(answers, axis=-1), "int32") != self.labels)
        return ops.sum(ops.cast(other, "float32")) / ops.maximum(ops.sum(ops.cast(seen, "float32")), 1.0)

    def reset_state(self) -> None:
        """Keras asks for it in each epoch; what was said stays."""


class EarlyLearningLoss(keras.Loss):
    """Cross-entropy + strength * log(1 - <p, t>), t the running answer with this one taken in, of which no gradient is taken."""

    def __init__(self, spec: EarlyLearning, memory: RunningAnswers) -> None:
        super().__init__(name="loss")
        self._strength, self._memory = spec.strength, memory

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        predicted = ops.clip(y_pred, _LEAST, 1 - _LEAST)
        running = ops.stop_gradient(self._memory.after(_places(y_true), y_pred))
        pull = ops.log(1 - ops.sum(running * predicted, axis=-1))
        return keras.losses.categorical_crossentropy(y_true[:, :-1], y_pred) + self._strength * pull


class Distilled(keras.Loss):
    """(1 - weight) x a loss of the labels + weight x T^2 x KL(teacher || network), both at temperature T (Hinton et al. 2015).

    The teacher's softened answers stand behind the labels: targets float32 (n, 2 classes).
    """

    def __init__(self, of_labels: keras.Loss, spec: Distillation) -> None:
        super().__init__(name="loss")
        self._of_labels, self._spec = of_labels, spec

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        labels, taught = ops.split(y_true, 2, axis=-1)
        logs = ops.log(ops.maximum(y_pred, keras.config.epsilon())) / self._spec.temperature
        logs = logs - ops.logsumexp(logs, axis=-1, keepdims=True)
        known = ops.log(ops.maximum(taught, keras.config.epsilon()))
        apart = ops.sum(taught * (known - logs), axis=-1)
        weight = self._spec.weight
        hard = self._of_labels.call(labels, y_pred)
        return (1 - weight) * hard + weight * self._spec.temperature**2 * apart


class LabelAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy by targets behind whose classes other columns stand."""

    def __init__(self) -> None:
        super().__init__(name="accuracy")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        super().update_state(y_true[:, : y_pred.shape[-1]], y_pred, sample_weight)


def running_answers(spec: Loss, labels: np.ndarray, classes: int) -> RunningAnswers | None:
    """An empty memory of the training images, by their class numbers (n,); None for a loss that needs none."""
    return RunningAnswers(spec, labels, classes) if isinstance(spec, EarlyLearning) else None


def loss_and_metrics(
    spec: Loss, classes: int, memory: RunningAnswers | None, distillation: Distillation
) -> tuple[keras.Loss, list[str | keras.metrics.Metric]]:
    """What `compile` takes: the loss a training makes small, and the metrics that are told beside it."""
    if isinstance(spec, EarlyLearning) and memory is not None:
        return EarlyLearningLoss(spec, memory), [LabelAccuracy(), memory]
    if distillation.teacher:
        return Distilled(loss(spec, classes), distillation), [LabelAccuracy()]
    return loss(spec, classes), ["accuracy"]


def _places(y_true: Tensor) -> Tensor:
    return ops.cast(y_true[:, -1], "int32")
