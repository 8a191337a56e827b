"""A recipe trained in k folds, so that every image is judged by a network that has seen neither it nor a copy of it.

The folds of one version and recipe are a folder, `models/folds/<dataset>-<recipe>-<k>x<epochs>-<key>/`:

    recipe.toml            the complete recipe
    folds.json             dataset, version, classes, how many folds and of how many images
    folds.parquet          image_id and fold (1..k)
    predictions-<i>.parquet    image_id and p_<class> (float32) of the images of fold i, from the network that did not see it
    metrics.jsonl          one line per finished epoch, with its fold
    progress.json          where it is
    log.txt                all the worker prints

Folds that are done are kept: asked again after a stop or a crash, only the others are trained. Never imports Keras.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import fer_core
from fer_core.data.records import classes, readable
from fer_core.errors import FerError, RunError
from fer_core.runs.files import read_end, read_object
from fer_core.splits.near import kept_near_groups
from fer_core.splits.stratify import stratify_folds
from fer_core.training.recipe import Recipe, fields, load, override, to_toml
from fer_core.training.tables import Cosine, OneCycle
from fer_core.workspace import new_folder, write_json

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs import ProgressFn

RECIPE, FOLDS, EPOCHS = "compact", 2, 18
"""What judges labels unless asked otherwise; a short training judges them better than a long one that learns them."""
_SCHEMA = 1
_LOOK = 0.3  # seconds between two looks at the worker
_GRACE = 10.0  # seconds a worker may take to end


@dataclass(frozen=True)
class Folds:
    """The folder of one recipe in k folds on one version; every property reads what is there now."""

    folder: Path

    @property
    def about(self) -> dict[str, Any]:
        """`folds.json`: schema, dataset, version, classes, folds, images (of each fold), epochs."""
        return read_object(self.folder / "folds.json")

    @property
    def recipe_text(self) -> str:
        return (self.folder / "recipe.toml").read_text(encoding="utf-8")

    def table(self) -> pd.DataFrame:
        """image_id and fold (int64, from 1) of every image."""
        return pd.read_parquet(self.folder / "folds.parquet")

    def predictions_file(self, fold: int) -> Path:
        return self.folder / f"predictions-{fold}.parquet"

    def missing(self) -> list[int]:
        """The folds that are still to be trained."""
        return [i for i in range(1, int(self.about["folds"]) + 1) if not self.predictions_file(i).is_file()]

    def probabilities(self) -> pd.DataFrame:
        """Index image_id, columns the classes, float64: what the network that did not see an image says of it."""
        parts = [pd.read_parquet(self.predictions_file(i)) for i in range(1, int(self.about["folds"]) + 1)]
        names = self.about["classes"]
        table = pd.concat(parts).set_index("image_id")[[f"p_{name}" for name in names]].astype("float64")
        return table.set_axis(names, axis=1)


def short_recipe(recipe: str = RECIPE, epochs: int = EPOCHS) -> Recipe:
    """A recipe as folds train it: so many epochs, its learning rate falling to nothing by the last.

    Stopping early, or choosing an epoch by its validation, would let the held-out labels judge themselves.

    Raises:
        RecipeError: no such recipe, or a number of epochs that is none.
    """
    found = load(recipe)
    settings: dict[str, Any] = {"early_stopping.patience": 0, "training.epochs": epochs}
    if not isinstance(found.schedule, Cosine | OneCycle):
        settings["schedule.name"] = "cosine"
    return override(found, settings)


def prepare(
    dataset: Dataset,
    version: str,
    recipe: Recipe,
    folds: int = FOLDS,
    progress: ProgressFn | None = None,
) -> Folds:
    """The folder for these folds, made where there is none; copies, near and mirrored ones too, share a fold.

    Args:
        dataset: whose labels.
        version: id.
        recipe: see `short_recipe`.
        folds: 2 to 20.
        progress: told (done, total, what) while copies are looked for.

    Raises:
        SplitError, TooFewImages: a number of folds out of range, or too few images for it.
    """
    choices = {
        name: value
        for name, value in fields(recipe).items()
        if name not in {"name", "extends", "description"}
    }
    said = json.dumps([_SCHEMA, dataset.name, version, folds, choices], sort_keys=True, default=str)
    key = hashlib.blake2b(said.encode(), digest_size=4).hexdigest()
    name = f"{dataset.name}-{recipe.name}-{folds}x{recipe.training.epochs}-{key}"
    found = Folds(dataset.workspace.models / "folds" / name)
    if found.folder.is_dir():
        return found
    manifest = dataset.manifest(version)
    near = kept_near_groups(dataset, version, progress=progress)
    plan = stratify_folds(manifest, folds, recipe.training.seed, [] if near is None else [near])
    table = readable(plan.manifest)
    number = table["split"].str.removeprefix("fold-").astype("int64")
    about = {
        "schema": _SCHEMA,
        "dataset": dataset.name,
        "version": version,
        "classes": list(classes(manifest)),
        "folds": folds,
        "images": [int((number == i).sum()) for i in range(1, folds + 1)],
        "epochs": recipe.training.epochs,
    }
    try:
        with new_folder(found.folder) as folder:
            (folder / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
            table[["image_id"]].assign(fold=number).to_parquet(folder / "folds.parquet", index=False)
            write_json(folder / "folds.json", about)
    except OSError:
        if not found.folder.is_dir():  # else another process made the same folds meanwhile
            raise
    return found


def train(found: Folds, progress: ProgressFn | None = None) -> Folds:
    """Train the folds that are missing, one after the other, in a process of their own; blocks until they are done.

    Whatever ends this process or interrupts it ends the training too; the folds that are done stay.

    Args:
        found: from `prepare`.
        progress: told (images trained, images to train, what).

    Raises:
        RunError: the training failed, or another process trains these folds.
    """
    with _alone(found):
        missing = found.missing()
        if not missing:
            return found
        about = found.about
        total = sum(sum(about["images"]) - about["images"][i - 1] for i in missing) * about["epochs"]
        words = f"images trained, {len(missing)} of {about['folds']} folds, {about['epochs']} epochs each"
        (found.folder / "progress.json").unlink(missing_ok=True)
        worker = _start(found)
        try:
            while worker.poll() is None:
                if progress:
                    progress(int(read_object(found.folder / "progress.json").get("images", 0)), total, words)
                time.sleep(_LOOK)
        finally:
            _end(worker)
        if found.missing():
            last = read_object(found.folder / "progress.json").get("failure") or read_end(
                found.folder / "log.txt", 1
            )
            raise RunError("The folds could not be trained", received=last or f"status {worker.returncode}")
        if progress:
            progress(total, total, words)
    return found


@contextmanager
def _alone(found: Folds) -> Iterator[None]:
    """Only one process trains the same folds; the lock ends with its process."""
    with open(found.folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(
                "These folds are being trained already",
                received=found.folder.name,
                hint="Wait for that job, or stop it",
            ) from error
        yield


def _start(found: Folds) -> subprocess.Popen[bytes]:
    """The worker, in this process's group: a stopped job takes it along."""
    paths = [str(Path(fer_core.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    defaults = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    env = {**defaults, **os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "fer_core.training.fold_worker", str(found.folder)]
    try:
        with open(found.folder / "log.txt", "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
    except OSError as error:
        raise FerError("The training process could not be started", received=error) from error


def _end(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        worker.terminate()
        try:
            worker.wait(_GRACE)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
