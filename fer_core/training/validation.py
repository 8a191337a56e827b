"""Validation: one pass over the split after each epoch, of which everything about it is told.

    validate = Validate(data, batches, recipe, folder, stop)

Keras's own validation gives means alone; here the probabilities of every image are at hand, so that recall by class
and the faces that are got wrong with most confidence cost nothing on top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from fer_core.base.checksums import write_checked
from fer_core.models import body
from fer_core.recipes.losses import CrossEntropy, FlipConsistency, Loss
from fer_core.recipes.model_spec import TransferSpec
from fer_core.recipes.recipe import Recipe
from fer_core.runs.records import WrongImage
from fer_core.runs.run import WORST_FILE
from fer_core.training import averaging, device, losses
from fer_core.training.batches import PlainBatches, TrainingBatches
from fer_core.training.callbacks import Logs, StopOnRequest, check_finite
from fer_core.training.data import Split, TrainingData

WORST = 24
"""How many images of an epoch are kept: those with the most probability on a class that is not theirs."""


class Validate(keras.callbacks.Callback):
    """Adds val_loss, val_accuracy and val_macro_f1 to the logs of each epoch, for whatever stands after it in the list.

    Where the optimizer keeps an average of the weights, that is what is asked. A fragment of an epoch is left out,
    unless it is the first.
    """

    def __init__(
        self,
        data: TrainingData,
        batches: TrainingBatches,
        recipe: Recipe,
        folder: Path,
        stop: StopOnRequest,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._data, self._folder, self._stop, self._begin = data, folder, stop, begin
        self._batches, self._spec = batches, recipe.loss
        model, grows = recipe.model, bool(recipe.progressive.resizing)
        self._full_side = model.backbone_size if grows and isinstance(model, TransferSpec) else None
        self._scores: dict[str, float] = {}
        self.recall: dict[str, float | None] = {}

    @contextmanager
    def _in_full(self) -> Iterator[None]:
        """The backbone sees images as it will in use, also while they grow; what answers is built once, for that size."""
        if self._full_side is None:
            yield
            return
        side = self.model.get_layer(body.RESIZING).height
        body.set_backbone_size(self.model, self._full_side)
        try:
            yield
        finally:
            body.set_backbone_size(self.model, side)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is None:
            return
        if self._stop.drop_epoch:
            logs |= self._scores  # for callbacks that look at every epoch; this one counts for nothing
            return
        self._begin()
        split, names = self._data.val, self._data.classes
        with averaging.averaged(self.model, self._batches):
            with self._in_full():
                predicted = probabilities(self.model, self._data, split)
            truth = np.eye(len(names), dtype=np.float32)[split.labels]
            penalty = sum(float(keras.ops.convert_to_numpy(term)) for term in self.model.losses)
            loss = mean_loss(self._spec, truth, predicted) + penalty
        # The loss of a batch is of before its update: an epoch of one batch shows here that it ended in nothing.
        check_finite("val_loss", loss, f"epoch {epoch + 1}")
        accuracy = float((predicted.argmax(axis=1) == split.labels).mean())
        # As they are stored: a resumed run compares with what it reads, so a tie must stay a tie.
        f1 = macro_f1(predicted.argmax(axis=1), split.labels)
        found = {"val_loss": loss, "val_accuracy": accuracy, "val_macro_f1": f1}
        self._scores = {name: round(value, 6) for name, value in found.items()}
        logs |= self._scores
        self.recall = recall(predicted, split.labels, names)
        images = confident_mistakes(predicted, split, names)
        write_checked(self._folder / WORST_FILE, {"epoch": epoch + 1, "images": images})


def probabilities(model: keras.Model, data: TrainingData, split: Split) -> np.ndarray:
    """float32 (n, classes): what the model says of every image of a split, in its order."""
    return np.concatenate([device.predict_batch(model, images) for images in PlainBatches(data, split)])


def mean_loss(spec: Loss, truth: np.ndarray, predicted: np.ndarray) -> float:
    """The recipe's loss on probabilities float32 (n, classes) and targets of the same shape.

    Early learning has nothing to remember of images it does not learn: of it, the cross-entropy; of flip consistency too.
    Cross-entropy as the graph computes it from logits: Keras, given probabilities, cuts them off at 1e-7.
    """
    if not isinstance(spec, CrossEntropy | FlipConsistency):
        return float(keras.ops.convert_to_numpy(losses.loss(spec, truth.shape[1])(truth, predicted)))
    smooth = truth * (1 - spec.label_smoothing) + spec.label_smoothing / truth.shape[1]
    logs = np.log(np.maximum(predicted, np.finfo(np.float32).tiny), dtype=np.float64)
    return float(-(smooth * logs).sum(axis=1).mean())


def recall(predicted: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> dict[str, float | None]:
    """Share of each class's images that are recognised; None for a class without images.

    Args:
        said: probabilities (n, classes).
        labels: class numbers (n,).
        names: of the classes, in output order.
    """
    right = np.bincount(labels[predicted.argmax(axis=1) == labels], minlength=len(names))
    there = np.bincount(labels, minlength=len(names))
    pairs = zip(names, right, there, strict=True)
    return {name: round(float(r / n), 6) if n else None for name, r, n in pairs}


def macro_f1(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Mean of 2 TP / (2 TP + FP + FN) over the classes that occur among answers or labels, both class numbers (n,)."""
    size = int(max(predicted.max(), labels.max())) + 1
    right = np.bincount(labels[predicted == labels], minlength=size)
    both = np.bincount(predicted, minlength=size) + np.bincount(labels, minlength=size)
    return float((2 * right[both > 0] / both[both > 0]).mean())


def confident_mistakes(
    predicted: np.ndarray, split: Split, names: tuple[str, ...], most: int = WORST
) -> list[WrongImage]:
    """The images got wrong with most confidence, the worst first: image_id, label, said (class names), probability."""
    guess, sure = predicted.argmax(axis=1), predicted.max(axis=1)
    wrong = np.flatnonzero(guess != split.labels)
    first = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    return [
        {
            "image_id": str(split.ids[place]),
            "label": names[split.labels[place]],
            "said": names[guess[place]],
            "probability": round(float(sure[place]), 6),
        }
        for place in first
    ]
