"""Run a trained model on another version, so that runs of different versions can be held against each other.

What a run has learned from is marked `seen` and never scored: its training images and every copy of them, and for the
test split also the validation images its epoch was chosen by.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_core.base.errors import FerError, NotFound, RunError
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.data.manifest import readable
from fer_core.duplicates.scan_store import compared_pairs
from fer_core.evaluation import scores
from fer_core.evaluation.ledger import HELD
from fer_core.evaluation.metrics import PREFIX
from fer_core.inference.predict_rows import predict_rows
from fer_core.inference.predictor import RUN_MODEL
from fer_core.inference.recalibrate import uncalibrated
from fer_core.jobs.reporter import ProgressFn
from fer_core.runs.predictions import stored_splits, write
from fer_core.runs.run import Run
from fer_core.scheduling import starting_points
from fer_core.splits.rejections import with_copies

SPLITS = ("val", HELD)


def predict_on(run: Run, version: str, progress: ProgressFn | None = None) -> list[str]:
    """Predict val and test of a version of the run's dataset, and keep it beside the run.

    Pictures of both versions that were not compared with each other yet are: else a cropped copy of a training image would
    count as one the run has never seen.

    Args:
        run: with a `model.onnx`.
        version: id, start of an id, or `v3`.
        progress: told (images done, images, what).

    Returns:
        The splits that were predicted; the run's own version needs none.

    Raises:
        NotFound: no such version, or the version the run has learned from is gone: nobody can tell which of these
            images it has seen.
        RunError: nobody can tell what its start has learned from either; the
            version has classes the model does not know, or no images to judge by.
        ModelFileError: the run has no model that can be loaded.
    """
    dataset = open_dataset(run.workspace, run.dataset)
    target = dataset.version(version).id
    if target == run.version:
        return []
    learned = _learned(run, dataset)
    predictor = uncalibrated(run.folder / RUN_MODEL)  # alike for all runs and versions
    table = readable(dataset.manifest(target))
    if unknown := sorted(set(table["label"]) - set(predictor.classes)):
        raise RunError(f"Run {run.id} does not know all classes of this version", received=", ".join(unknown))
    parts = {split: table[table["split"] == split] for split in SPLITS}
    parts = {split: part for split, part in parts.items() if len(part)}
    if not parts:
        raise RunError("This version has neither validation nor test images", received=version)
    for each in (run.version, target):
        compared_pairs(dataset, each, progress=progress)
    rows = {split: part["row"].to_numpy(np.int64) for split, part in parts.items()}
    every = predict_rows(predictor, dataset, np.concatenate(list(rows.values())), progress)
    answers = np.split(every, np.cumsum([len(own) for own in rows.values()])[:-1])
    for (split, part), found in zip(parts.items(), answers, strict=True):
        known = ["train", "val"] if split == HELD else ["train"]
        learned_from = set(learned.loc[learned["split"].isin(known), "pixel_hash"])
        seen = part["pixel_hash"].isin(with_copies(dataset, learned_from))
        columns = [PREFIX + name for name in predictor.classes]
        result = pd.DataFrame(found, columns=columns, dtype=np.float32)
        result.insert(0, "image_id", part["image_id"].astype(str).to_numpy())
        result.insert(1, "label", part["label"].astype(str).to_numpy())
        result["seen"] = seen.to_numpy() | _seen_by_start(run, np.asarray(dataset.pixels()[rows[split]]))
        write(scores.predictions_folder(run, target), split, result)
    return list(parts)


def predict_missing(runs: Sequence[Run], version: str) -> dict[str, str]:
    """`predict_on` for every run that has nothing on a version yet; returns why some could not.

    Nothing else about a run changes: what it earned on its own version stays beside it.

    Args:
        runs: of one dataset.
        version: id.
    """
    failed: dict[str, str] = {}
    for run in runs:
        try:
            if version != run.version and not _asked(run, version):
                predict_on(run, version)
        except FerError as error:
            failed[run.id] = str(error)
    return failed


def _asked(run: Run, version: str) -> bool:
    """Whether there are predictions for every split of a version that is judged."""
    labelled = readable(open_dataset(run.workspace, run.dataset).manifest(version))["split"]
    there = stored_splits(scores.predictions_folder(run, version))
    return bool(there) and set(there) >= set(SPLITS) & set(labelled)


def _learned(run: Run, dataset: Dataset) -> pd.DataFrame:
    """The version a run was trained on, all splits."""
    try:
        return readable(dataset.manifest(run.version))
    except NotFound as error:
        hint = "Which images it has learned from cannot be told, so no other version can judge it"
        raise NotFound(
            f"The version run {run.id} was trained on is gone", received=run.version, hint=hint
        ) from error


def _seen_by_start(run: Run, pixels: np.ndarray) -> np.ndarray:
    """bool (n,): which pictures the start of a run has learned."""
    name = run.info["start"]["name"] if "start" in run.info else ""
    seen = starting_points.seen_by(run.workspace, name, pixels)
    if seen is None:
        raise RunError(
            f"Nobody can tell what the start of run {run.id} has learned from",
            received=name,
            hint="No other version can judge it",
        )
    return seen
