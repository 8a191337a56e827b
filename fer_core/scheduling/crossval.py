"""A recipe trained in k folds, so that every image is judged by a network that has seen neither it nor a copy of it.

The folds of one version and recipe are a folder, `models/folds/<dataset>-<recipe>-<k>x<epochs>-<key>/`:

    recipe.toml            the complete recipe
    folds.json             dataset, version, classes, how many folds and of how many images
    folds.parquet          image_id and fold (1..k)
    and per fold               image_id and p_<class> (float32) of the images of fold i, from the network that did not see it
    metrics.jsonl          one line per finished epoch, with its fold
    progress.json          where it is
    log.txt                all the worker prints

Folds that are done are kept: asked again after a stop or a crash, only the others are trained. Never imports Keras.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

import numpy as np
import pandas as pd

from fer_core.base.atomic import new_folder, write_json
from fer_core.base.errors import RunError
from fer_core.base.jsonl import read_object
from fer_core.base.locks import LockHeld, locked
from fer_core.data.manifest import classes, readable
from fer_core.duplicates.near import stored_near_groups
from fer_core.jobs.worker import WorkerFailed, call
from fer_core.recipes.combinations import check_classes
from fer_core.recipes.recipe import Recipe, fields, load, override, to_toml
from fer_core.recipes.schema import Cosine, OneCycle
from fer_core.runs import predictions
from fer_core.scheduling import starting_points, teachers
from fer_core.splits.stratify import stratify_folds

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn
    from fer_core.runs.records import StartRecord

RECIPE, FOLDS, EPOCHS = "compact", 2, 18
"""What judges labels unless asked otherwise; a short training judges them better than a long one that learns them."""
_SCHEMA = 1


class FoldsInfo(TypedDict):
    """`folds.json`; `images` are those of each fold, `start` is what every network begins with, if it is not random."""

    schema: int
    dataset: str
    version: str
    classes: list[str]
    folds: int
    images: list[int]
    epochs: int
    start: NotRequired[StartRecord]


@dataclass(frozen=True)
class Folds:
    """The folder of one recipe in k folds on one version; every property reads what is there now."""

    folder: Path

    @property
    def about(self) -> FoldsInfo:
        """`folds.json`."""
        return cast(FoldsInfo, read_object(self.folder / "folds.json"))

    @property
    def recipe_text(self) -> str:
        return (self.folder / "recipe.toml").read_text(encoding="utf-8")

    def table(self) -> pd.DataFrame:
        """image_id and fold (int64, from 1) of every image."""
        return pd.read_parquet(self.folder / "folds.parquet")

    def predictions_file(self, fold: int) -> Path:
        return predictions.predictions_path(self.folder, str(fold))

    def missing(self) -> list[int]:
        """The folds that are still to be trained."""
        return [i for i in range(1, int(self.about["folds"]) + 1) if not self.predictions_file(i).is_file()]

    def probabilities(self) -> pd.DataFrame:
        """Index image_id, columns the classes, float64: what the network that did not see an image says of it."""
        parts = [predictions.read(self.folder, str(i)) for i in range(1, int(self.about["folds"]) + 1)]
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
    settings: dict[str, int | str] = {"early_stopping.patience": 0, "training.epochs": epochs}
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
        NotFound, RunError: its start is not there, does not fit or may have learned from these images; or it has a teacher or
            wrong labels on purpose.
        SplitError, TooFewImages: a number of folds out of range, or too few images for it.
    """
    recipe, known = _resolve_start(dataset, version, recipe)
    choices = {
        name: value
        for name, value in fields(recipe).items()
        if name not in {"name", "extends", "description"}
    }
    files = [start["digest"] for start in known.values()]
    said = json.dumps([_SCHEMA, dataset.name, version, folds, choices, *files], sort_keys=True, default=str)
    key = hashlib.blake2b(said.encode(), digest_size=4).hexdigest()
    name = f"{dataset.name}-{recipe.name}-{folds}x{recipe.training.epochs}-{key}"
    found = Folds(dataset.workspace.models / "folds" / name)
    if found.folder.is_dir():
        return found
    manifest = dataset.manifest(version)
    near = stored_near_groups(dataset, version, progress=progress)
    plan = stratify_folds(manifest, folds, recipe.training.seed, [] if near is None else [near])
    table = readable(plan.manifest)
    number = table["split"].str.removeprefix("fold-").astype("int64")
    about: FoldsInfo = {
        "schema": _SCHEMA,
        "dataset": dataset.name,
        "version": version,
        "classes": list(classes(manifest)),
        "folds": folds,
        "images": [int((number == i).sum()) for i in range(1, folds + 1)],
        "epochs": recipe.training.epochs,
        **known,  # type: ignore[typeddict-item]
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
        if found.missing():
            try:
                call("fer_core.workers.train_folds", folder=found.folder, progress=progress)
            except WorkerFailed as error:
                raise RunError("The folds could not be trained", received=error.reason) from error
    return found


def _resolve_start(dataset: Dataset, version: str, recipe: Recipe) -> tuple[Recipe, Mapping[str, Any]]:
    """`starting_points.resolve_start`; RunError for what learns, or may have learned, the labels that are to be judged."""
    teachers.refuse_folds(recipe)
    if recipe.noise.share:
        raise RunError(
            "Folds that judge labels cannot learn wrong ones on purpose",
            received=f"noise.share={recipe.noise.share:g}",
            hint="Set noise.share=0",
        )
    check_classes(recipe, classes(dataset.manifest(version)))
    recipe, known = starting_points.resolve_start(dataset, version, recipe)
    start = recipe.model.start
    if not start:
        return recipe, known
    rows = readable(dataset.manifest(version))["row"].to_numpy("int64")
    seen = starting_points.seen_by(dataset.workspace, start, np.asarray(dataset.pixels()[rows]))
    if seen is None or seen.any():
        count = "nobody can tell how many" if seen is None else f"{int(seen.sum()):,}"
        raise RunError(
            "Folds that judge labels cannot begin with a network that has learned them",
            received=f"model.start={start!r}: {count} of {len(rows):,} images",
            hint="Take a start that has learned from other images, or none",
        )
    return recipe, known


@contextmanager
def _alone(found: Folds) -> Iterator[None]:
    """Only one process trains the same folds; the lock ends with its process."""
    try:
        with locked(found.folder / ".lock", wait=False):
            yield
    except LockHeld as error:
        raise RunError(
            "These folds are being trained already",
            received=found.folder.name,
            hint="Wait for that job, or stop it",
        ) from error
