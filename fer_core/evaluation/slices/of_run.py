"""The slices of a run: its stored answers on a split, with what is known of the images.

found = slices_of(run, "val")
for each in found.found.weak: print(each.words, each.images, each.accuracy)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.base.errors import NotFound
from fer_core.data.datasets import open_dataset
from fer_core.evaluation import scores
from fer_core.evaluation.metrics import read
from fer_core.evaluation.slices.columns import GROUP, SliceColumn, columns_of
from fer_core.evaluation.slices.find import FoundSlices, find_slices
from fer_core.evaluation.slices.gaps import GroupGap, between_groups
from fer_core.explore.facts import ImageFacts
from fer_core.runs.run import Run


@dataclass(frozen=True)
class RunSlices:
    """Where a run fails more often.

    Attributes:
        found: the slices.
        gaps: between the groups of people the source names, or of the column that was asked for; [] where there are none.
        table: of the pictures that were judged, each once: image_id, label, said and sure (of what it said, 0..1).
        left_out: images left out as copies of a picture that counts already, or because the run has learned from them.
    """

    found: FoundSlices
    gaps: list[GroupGap]
    table: pd.DataFrame
    left_out: int


def slices_of(run: Run, split: str, version: str | None = None, by: str = "") -> RunSlices:
    """Search the slices of a run on a split; each picture counts once, however many copies there are.

    Args:
        run: whose answers.
        split: "val" or "test".
        version: id of another version it has answers for; None is its own.
        by: name of the column whose levels are held against each other; "" takes the groups of people the source names.

    Raises:
        NotFound: it has no answers there, the version is gone, or there is no such column.
        RunError: the answers are not whole, or are of a test split nobody has looked at.
    """
    answers = scores.correctness(run, split, version)
    raw = scores.predictions(run, split, version)
    names, _, p = read(raw)
    said = np.array(names, dtype=object)[p.argmax(axis=1)]
    table = pd.DataFrame(
        {
            "image_id": raw["image_id"],
            "label": raw["label"].astype("str"),
            "said": said,
            "sure": p.max(axis=1),
        }
    )
    dataset = open_dataset(run.workspace, run.dataset)
    where = dataset.version(version or run.version).id
    pictures = scores.picture_ids(dataset.manifest(where), table["image_id"])
    kept = ~answers.seen & ~pd.Series(pictures).where(~answers.seen).duplicated().to_numpy()
    table = table[kept].reset_index(drop=True)
    columns = columns_of(ImageFacts(dataset, where), table["image_id"].tolist())
    correct = answers.correct[kept]
    found = find_slices(correct, columns)
    column = _column(columns, by)
    gaps = between_groups(correct, column) if column is not None else []
    return RunSlices(found, gaps, table, int((~kept).sum()))


def _column(columns: list[SliceColumn], name: str) -> SliceColumn | None:
    for column in columns:
        if column.name == (name or GROUP):
            return column
    if name:
        known = ", ".join(column.name for column in columns)
        raise NotFound(
            "These images do not differ in such a column", received=name, hint=f"There are {known}"
        )
    return None
