"""The worker that trains folds, in their folder (see `fer_core.scheduling.crossval`).

Each fold that has no predictions yet gets a new network, trained on the other folds to the last epoch; its answers
for the fold, averaged over six views of each image, are written. It ends with the process that started it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from fer_core.base.jsonl import append_line
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import readable
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import serve
from fer_core.recipes.recipe import Recipe, parse
from fer_core.runs.predictions import write
from fer_core.scheduling.crossval import Folds
from fer_core.training import averaging, device, loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.callbacks import GiveUpOnNaN, Logs, SetEpoch
from fer_core.training.data import TrainingData, from_manifest
from fer_core.training.failures import failure_message
from fer_core.training.parts import Parts
from fer_core.workers import warm_start

log = logging.getLogger("fer_core.training")
_BATCH = 512
_NICE = 5


def work(folder: Path, _asked: object, report: ProgressFn) -> dict[str, int]:
    """Train every missing fold and write its predictions."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    os.nice(_NICE)
    found = Folds(folder)
    about, recipe = found.about, parse(found.recipe_text)
    dataset = open_dataset(Workspace(found.folder.parents[2]), about["dataset"])
    manifest = readable(dataset.manifest(about["version"])).merge(found.table(), on="image_id")
    pixels = dataset.pixels(recipe.model.input_size, recipe.model.color)
    pixels = pixels[..., np.newaxis] if pixels.ndim == 3 else pixels
    device.take_memory_as_needed()
    keras.config.set_dtype_policy(recipe.training.precision)
    if recipe.training.deterministic:
        device.make_deterministic()
    missing, images = found.missing(), sum(about["images"])
    words = f"images trained, {len(missing)} of {about['folds']} folds, {about['epochs']} epochs each"
    total = sum(images - about["images"][fold - 1] for fold in missing) * about["epochs"]
    told = _Told(folder, total, words, report)
    report(0, total, words)
    for fold in missing:
        keras.utils.set_random_seed(recipe.training.seed + fold)
        split = np.where(manifest["fold"] == fold, "val", "train")
        data = from_manifest(manifest.assign(split=split), pixels)
        model = loop.build(recipe, len(data.classes))
        warm_start.begin(model, dataset.workspace, recipe, about.get("start"), data)
        predicted = train_one(model, data, recipe, fold, told)
        write(folder, str(fold), _table(data.val.ids, data.classes, predicted))
        log.info("fold %d of %d is done", fold, about["folds"])
    return {"folds": len(missing)}


def train_one(model: keras.Model, data: TrainingData, recipe: Recipe, fold: int, told: _Told) -> np.ndarray:
    """float64 (n, classes): a new network, trained on `train`, on the images of `val`."""
    batches = TrainingBatches(data, recipe)
    callbacks = [SetEpoch(batches), GiveUpOnNaN(), _Tell(fold, len(data.train), told)]
    for begin, end in Parts(model, recipe, batches, 0):
        # Keras does not shuffle: the batches shuffle the images themselves.
        model.fit(batches, epochs=end, initial_epoch=begin, shuffle=False, verbose=0, callbacks=callbacks)
    model.set_weights(averaging.validated_weights(model, batches))
    return answers(model, np.asarray(data.pixels[data.val.rows]))


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """float64 (n, classes), rows sum to 1: probabilities of uint8 (n, h, w, c), averaged over `views`."""
    total: np.ndarray = np.zeros((len(images), model.output_shape[-1]))
    for view in views(images):
        starts = range(0, len(view), _BATCH)
        total += np.concatenate([model.predict_on_batch(view[s : s + _BATCH]) for s in starts])
    return np.asarray(total / total.sum(axis=1, keepdims=True))


def views(images: np.ndarray) -> Iterator[np.ndarray]:
    """uint8 (n, h, w, c): as they are, mirrored, and shifted four ways by a 24th, two of these mirrored.

    On the four-class set, of the first thousand labels 544 were wrong with six looks at each face, 537 with two, 521 with
    one; four more looks take about as long as an epoch.
    """
    yield images
    yield images[:, :, ::-1]
    step = max(1, round(images.shape[1] / 24))
    padded = np.pad(images, ((0, 0), (step, step), (step, step), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    for down, right, mirrored in ((2, 1, False), (0, 1, True), (1, 2, False), (1, 0, True)):
        view = padded[:, down * step : down * step + height, right * step : right * step + width]
        yield view[:, :, ::-1] if mirrored else view


@dataclass
class _Told:
    """How many images all folds of this process have trained on."""

    folder: Path
    total: int
    words: str
    report: ProgressFn
    before: int = 0


class _Tell(keras.callbacks.Callback):
    """Progress after every batch, a line per epoch."""

    def __init__(self, fold: int, images: int, told: _Told) -> None:
        super().__init__()
        self._fold, self._images, self._told = fold, images, told
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        here = self._images * (batch + 1) / self.params["steps"]
        self._told.report(int(self._told.before + here), self._told.total, self._told.words)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._told.before += self._images
        row: dict[str, int | float] = {"fold": self._fold, "epoch": epoch + 1}
        row |= {key: round(float((logs or {})[key]), 6) for key in ("loss", "accuracy")}
        seconds = time.perf_counter() - self._began
        append_line(self._told.folder / "metrics.jsonl", row | {"seconds": round(seconds, 3)})
        self._told.report(self._told.before, self._told.total, self._told.words)


def _table(ids: np.ndarray, names: tuple[str, ...], predicted: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"image_id": ids}).astype("str")
    for index, name in enumerate(names):
        table[f"p_{name}"] = predicted[:, index].astype(np.float32)
    return table


if __name__ == "__main__":
    sys.exit(serve(work, failure_message))
