"""The process that trains folds: `python -m fer_core.training.fold_worker FOLDER` (see `fer_core.runs.folds`).

Each fold that has no predictions yet gets a new network, trained on the other folds to the last epoch; its answers
for the fold, averaged over six views of each image, are written. It ends with the process that started it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from fer_core.data.datasets import open_dataset
from fer_core.data.records import readable
from fer_core.models import registry
from fer_core.runs.files import append_line
from fer_core.runs.folds import Folds
from fer_core.runs.progress import Progress
from fer_core.training import averaging, device
from fer_core.training.batches import TrainingBatches
from fer_core.training.callbacks import FollowEpochs, GiveUpOnNaN, Logs
from fer_core.training.data import TrainingData, from_manifest
from fer_core.training.failures import explain
from fer_core.training.parts import compile_model
from fer_core.training.recipe import Recipe, parse
from fer_core.workspace import Workspace

log = logging.getLogger("fer_core.training")
_BATCH = 512
_NICE = 5


def main(arguments: list[str]) -> int:
    """Train the missing folds of a folder; 0 when none is left, 1 when it failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    os.nice(_NICE)
    found = Folds(Path(arguments[0]).resolve())
    progress = Progress(found.folder)
    try:
        work(found, progress)
    except Exception as error:
        log.exception("The folds failed")
        progress.write("failed", failure=explain(error))
        return 1
    return 0


def work(found: Folds, progress: Progress) -> None:
    """Train every missing fold and write its predictions."""
    about, recipe = found.about, parse(found.recipe_text)
    dataset = open_dataset(Workspace(found.folder.parents[2]), about["dataset"])
    manifest = readable(dataset.manifest(about["version"])).merge(found.table(), on="image_id")
    pixels = dataset.pixels(recipe.model.input_size, recipe.model.color)
    pixels = pixels[..., np.newaxis] if pixels.ndim == 3 else pixels
    device.set_precision(recipe.training.precision)
    if recipe.training.deterministic:
        device.make_deterministic()
    told = _Told(found, progress)
    for fold in found.missing():
        keras.utils.set_random_seed(recipe.training.seed + fold)
        split = np.where(manifest["fold"] == fold, "val", "train")
        data = from_manifest(manifest.assign(split=split), pixels)
        said = train_one(data, recipe, fold, told)
        _write(found.predictions_file(fold), data.val.ids, data.classes, said)
        log.info("fold %d of %d is done", fold, about["folds"])


def train_one(data: TrainingData, recipe: Recipe, fold: int, told: _Told) -> np.ndarray:
    """float64 (n, classes): a new network, trained on `train`, on the images of `val`."""
    model = registry.build(recipe.model, len(data.classes))
    batches = TrainingBatches(data, recipe)
    compile_model(model, recipe, len(batches))
    model.fit(
        batches,
        epochs=recipe.training.epochs,
        shuffle=False,  # the batches shuffle the images themselves
        verbose=0,
        callbacks=[FollowEpochs(batches), GiveUpOnNaN(), _Tell(fold, len(data.train), told)],
    )
    model.set_weights(averaging.validated_weights(model, batches))
    return answers(model, np.asarray(data.pixels[data.val.rows]))


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """float64 (n, classes), rows sum to 1: probabilities of uint8 (n, h, w, c), averaged over `views`."""
    total: np.ndarray = np.zeros((len(images), model.output_shape[-1]))
    for view in views(images):
        starts = range(0, len(view), _BATCH)
        total += np.concatenate([model.predict_on_batch(view[s : s + _BATCH]) for s in starts])
    return total / total.sum(axis=1, keepdims=True)


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


class _Told:
    """How many images all folds of this process have trained on, as files say it, and for whom it works."""

    def __init__(self, found: Folds, progress: Progress) -> None:
        self.folder, self.progress, self.before = found.folder, progress, 0
        self.starter = os.getppid()


class _Tell(keras.callbacks.Callback):
    """Progress a few times a second, a line per epoch; ends the process when its starter is gone."""

    def __init__(self, fold: int, images: int, told: _Told) -> None:
        super().__init__()
        self._fold, self._images, self._told = fold, images, told
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if os.getppid() != self._told.starter:
            log.info("Whoever wanted these folds is gone; fold %d is given up", self._fold)
            sys.exit(1)
        if self._told.progress.due():
            here = self._images * (batch + 1) / self.params["steps"]
            self._told.progress.write("training", fold=self._fold, images=int(self._told.before + here))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._told.before += self._images
        row: dict[str, Any] = {"fold": self._fold, "epoch": epoch + 1}
        row |= {key: round(float((logs or {})[key]), 6) for key in ("loss", "accuracy")}
        seconds = time.perf_counter() - self._began
        append_line(self._told.folder / "metrics.jsonl", row | {"seconds": round(seconds, 3)})
        self._told.progress.write("training", fold=self._fold, images=self._told.before)


def _write(target: Path, ids: np.ndarray, names: tuple[str, ...], said: np.ndarray) -> None:
    table = pd.DataFrame({"image_id": ids}).astype("str")
    for index, name in enumerate(names):
        table[f"p_{name}"] = said[:, index].astype(np.float32)
    temporary = target.with_name(f".{target.name}.tmp")
    table.to_parquet(temporary, index=False)
    temporary.replace(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
