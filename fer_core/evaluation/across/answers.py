"""A run's answers for another dataset of the workspace, kept beside the run.

    answers = ask(run, other, "val")        # predicts where nobody did yet
    answers.correct, answers.seen           # what it has learned from is found by the usual scan

Answers are chosen among the classes that run and dataset have in common, by their canonical names: images of other classes
are left out, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.errors import FerError, NotFound, RunError
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import readable
from fer_core.duplicates import scan_store
from fer_core.duplicates.across_datasets import shared_images
from fer_core.evaluation import ledger
from fer_core.evaluation.metrics import PREFIX
from fer_core.evaluation.scores import picture_ids
from fer_core.inference.metadata import canonical_classes
from fer_core.inference.predict_rows import predict_rows
from fer_core.inference.predictor import RUN_MODEL
from fer_core.inference.recalibrate import uncalibrated
from fer_core.jobs.reporter import ProgressFn
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.scheduling import starting_points

KINDS = ("near", "mirrored")


@dataclass(frozen=True)
class AcrossAnswers:
    """What a run answers for a split of a dataset.

    Attributes:
        run, dataset, version: id, name and id.
        table: image_id, label, said, correct and picture (equal for copies), one row per image it can be judged by.
        seen: images left out because the run has learned from them or copies of them.
        other: images left out because their class is none of the run's.
        classes: those in common.
    """

    run: str
    dataset: str
    version: str
    table: pd.DataFrame
    seen: int
    other: int
    classes: tuple[str, ...]

    @property
    def correct(self) -> NDArray[np.bool_]:
        return self.table["correct"].to_numpy(dtype=bool)


def folder(run: Run, dataset: str, version: str) -> Path:
    """Where the answers of a run for another dataset are kept."""
    return run.folder / f"across-{dataset}-{version}"


def kept(run: Run, dataset: Dataset, split: str) -> AcrossAnswers | None:
    """What is kept for the newest version of a dataset; None where nobody asked.

    Raises:
        RunError: it is the test split, and no look at it is recorded; or the file is damaged.
    """
    version = dataset.head
    place = folder(run, dataset.name, version)
    if split not in predictions.stored_splits(place):
        return None
    if split == ledger.HELD and (run.id, version) not in {
        (look["run"], look["version"]) for look in ledger.reads(run.workspace)
    }:
        raise RunError("Nobody has looked at this test result yet", received=run.id)
    try:
        table = predictions.read(place, split)
    except (OSError, ValueError) as error:
        raise RunError(
            f"The answers of run {run.id} for {dataset.name} are damaged", received=error
        ) from error
    return _answers(run, dataset, table)


def ask(
    run: Run, dataset: Dataset, split: str = "val", via: str = "python", progress: ProgressFn | None = None
) -> AcrossAnswers:
    """The answers of a run for the newest version of another dataset, from its files or by asking its model.

    Pictures that are in the training images of the run, equal, near or mirrored, are found by the scan that finds copies
    everywhere, and are never scored.

    Args:
        run: with a `model.onnx`.
        dataset: another one than it has learned from.
        split: "val" or "test"; a look at test is recorded once nothing stands against it.
        via: who looks, for the ledger.
        progress: told (done, total, what).

    Raises:
        NotFound: the version the run has learned from is gone: nobody can tell which pictures it knows; or it has no model.
        RunError: it has learned from that dataset, fewer than two classes are in common, or nothing is left to judge by.
        ModelFileError: its model cannot be loaded, or two of its classes are one.
    """
    if run.dataset == dataset.name:
        raise RunError(
            "This run has learned from that dataset",
            received=dataset.name,
            hint="`fer evaluate` judges it on a version of it",
        )
    version = dataset.head
    table = readable(dataset.manifest(version))
    table = table[table["split"] == split]
    if table.empty:
        raise RunError(f"{dataset.name} has no {split} images to judge by", received=dataset.name)
    place = folder(run, dataset.name, version)
    if split in predictions.stored_splits(place):
        _look(run, dataset, split, table, via)
        if (found := kept(run, dataset, split)) is not None:
            return found
    model = run.folder / RUN_MODEL
    if not model.is_file():
        raise NotFound(f"Run {run.id} has no exported model", received=RUN_MODEL)
    predictor = uncalibrated(model)
    names = canonical_classes(predictor.classes)
    if len(set(names) & set(table["label"])) < 2:
        received = f"{', '.join(names)}; {', '.join(sorted(set(table['label']))) or 'no images'}"
        raise RunError(
            f"Run {run.id} and {dataset.name} have fewer than two classes in common", received=received
        )
    known = _seen(run, dataset, table, split, progress)
    _look(run, dataset, split, table, via)
    predicted = predict_rows(predictor, dataset, table["row"].to_numpy(np.int64), progress)
    result = pd.DataFrame(predicted, columns=[PREFIX + name for name in names], dtype=np.float32)
    result.insert(0, "image_id", table["image_id"].astype(str).to_numpy())
    result.insert(1, "label", table["label"].astype(str).to_numpy())
    result["seen"] = known
    predictions.write(place, split, result)
    return _answers(run, dataset, result)


def _look(run: Run, dataset: Dataset, split: str, table: pd.DataFrame, via: str) -> None:
    """Record a look at test, before answers are made or read; other splits need none."""
    if split == ledger.HELD:
        ledger.record(run.workspace, run.id, dataset.name, dataset.head, len(table), via)


def _seen(
    run: Run, dataset: Dataset, table: pd.DataFrame, split: str, progress: ProgressFn | None
) -> NDArray[np.bool_]:
    """Which images are copies of what a run, or its start, has learned from; of test also what its epoch was chosen by."""
    home = open_dataset(run.workspace, run.dataset)
    try:
        learned = readable(home.manifest(run.version))
    except FerError as error:
        hint = "Which pictures it has learned from cannot be told, so no other dataset can judge it"
        raise NotFound(
            f"The version run {run.id} was trained on is gone", received=run.version, hint=hint
        ) from error
    learned = learned[learned["split"].isin(["train", "val"] if split == ledger.HELD else ["train"])]
    known = {kind: scan_store.load_scan(home, kind) for kind in KINDS}
    shared = shared_images(
        table, dataset.pixels(), learned, home.pixels(), kinds=KINDS, known=known, progress=progress
    )
    seen = table["image_id"].isin(shared["image_id"]).to_numpy()
    start = run.info["start"]["name"] if "start" in run.info else ""
    by_start = starting_points.seen_by(
        run.workspace, start, np.asarray(dataset.pixels()[table["row"].to_numpy(np.int64)])
    )
    if by_start is None:
        raise RunError(f"Nobody can tell what the start of run {run.id} has learned from", received=start)
    return np.asarray(seen | by_start)


def _answers(run: Run, dataset: Dataset, table: pd.DataFrame) -> AcrossAnswers:
    names = [str(name).removeprefix(PREFIX) for name in table if str(name).startswith(PREFIX)]
    common = [name for name in names if name in set(table["label"])]
    judged = table[~table["seen"] & table["label"].isin(common)].reset_index(drop=True)
    if judged.empty:
        raise RunError(
            f"Nothing of {dataset.name} is left to judge run {run.id} by", received=f"{len(table):,} images"
        )
    p = judged[[PREFIX + name for name in common]].to_numpy()
    said = np.array(common, dtype=object)[p.argmax(axis=1)]
    rows = pd.DataFrame(
        {"image_id": judged["image_id"], "label": judged["label"].astype("str"), "said": said}
    )
    rows["correct"] = rows["said"] == rows["label"]
    rows["picture"] = picture_ids(dataset.manifest(dataset.head), rows["image_id"])
    seen = int(table["seen"].sum())
    return AcrossAnswers(
        run.id, dataset.name, dataset.head, rows, seen, len(table) - seen - len(judged), tuple(common)
    )
