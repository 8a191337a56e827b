"""What a finished run says of images it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.base.errors import FerError, NotFound, RunError
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import classes, readable
from fer_core.duplicates.near import stored_near_groups
from fer_core.inference.predict_rows import predict_rows
from fer_core.inference.predictor import RUN_MODEL, Predictor

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn
    from fer_core.runs.run import Run

_HELD_OUT = ("val", "test")


def run_probabilities(
    dataset: Dataset, version: str, run: Run, progress: ProgressFn | None = None
) -> pd.DataFrame:
    """Probabilities of a run for the images of a version that it has not learned from.

    Left out are the pictures of the train split it was trained on and all their copies, and images of classes it does
    not know. What the run predicted when it ended is used as it is; other images are asked of its ONNX file.

    Returns:
        index image_id, columns the version's classes, float64; rows sum to 1.

    Raises:
        RunError: the run has not ended with a model, or nothing is left that it may judge.
    """
    manifest = dataset.manifest(version)
    names = classes(manifest)
    known = [name for name in names if name in run.classes]
    if len(known) < 2:
        raise RunError(
            f"Run {run.id} shares fewer than two classes with this version",
            received=", ".join(run.classes) or "no classes: it never began",
            hint=f"This version has {', '.join(names)}",
        )
    table = readable(manifest)
    table = table[~_learned(dataset, version, table, run) & table["label"].isin(known)]
    if table.empty:
        raise RunError(
            f"Run {run.id} has learned from every image of this version, or from a copy of it",
            received=f"{len(readable(manifest)):,} images",
            hint="Only images it did not train on can be judged by it; --method folds judges all",
        )
    stored = _stored(run) if run.dataset == dataset.name else pd.DataFrame()
    have = table["image_id"].isin(stored.index)
    parts = [stored.reindex(table["image_id"][have])] if have.any() else []
    if (~have).any() and (run.folder / RUN_MODEL).is_file():
        parts.append(_asked(dataset, table[~have], run, progress))
    if not parts:
        raise RunError(
            f"Run {run.id} has left neither predictions nor a model", received=f"state={run.state}"
        )
    chances = pd.concat(parts)[known].astype("float64").reindex(columns=list(names), fill_value=0.0)
    total = chances.sum(axis=1)
    even = pd.Series([float(name in known) / len(known) for name in names], index=list(names))
    # A model of more classes may see none of these in a face; then it says nothing about which of them it is.
    chances = chances.div(total.where(total > 0, 1.0), axis=0)
    chances[total <= 0] = even.to_numpy()
    return chances.rename_axis("image_id")


def _learned(dataset: Dataset, version: str, table: pd.DataFrame, run: Run) -> np.ndarray:
    """bool (n,): the pictures of the run's train split, and their copies, near and mirrored ones too."""
    try:
        source = dataset if run.dataset == dataset.name else open_dataset(dataset.workspace, run.dataset)
        theirs = readable(source.manifest(run.version))
    except NotFound as error:
        raise RunError(
            f"What run {run.id} was trained on is gone, so nobody can say which images it has learned",
            received=f"{run.dataset}, version {run.version}",
        ) from error
    trained = theirs[theirs["split"] == "train"]
    learned = table["pixel_hash"].isin(trained["pixel_hash"]).to_numpy()
    near = stored_near_groups(dataset, version)
    if near is None:
        return learned
    group = table["image_id"].map(near)
    return np.asarray(learned | group.isin(group[learned].dropna()).to_numpy())


def _stored(run: Run) -> pd.DataFrame:
    """The run's predictions for the splits it did not train on, by image_id."""
    parts = []
    for split in _HELD_OUT:
        try:
            parts.append(run.predictions(split))
        except NotFound:
            continue
        except (OSError, ValueError) as error:
            raise FerError(f"The predictions of run {run.id} cannot be read", received=error) from error
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts).set_index("image_id").drop(columns="label")
    return table.rename(columns=lambda name: str(name).removeprefix("p_"))


def _asked(dataset: Dataset, table: pd.DataFrame, run: Run, progress: ProgressFn | None) -> pd.DataFrame:
    predictor = Predictor.load(run.folder)
    rows = table["row"].to_numpy(np.int64)
    answers = predict_rows(predictor, dataset, rows, progress, "images judged by the run")
    return pd.DataFrame(answers, index=pd.Index(table["image_id"]), columns=list(predictor.classes))
