"""Copies of one picture under two labels: of every kind that was compared, as leaks are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.groups import find_copies
from fer_core.duplicates.scan_store import stored_pairs
from fer_core.review import copies
from fer_core.review.journal import Journal

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset


@dataclass(frozen=True)
class LabelConflicts:
    """Groups of copies in which labels differ.

    Attributes:
        groups: how many.
        images: ids of all images in them.
        compared: whether near and mirrored copies were compared; else these are of equal pixels alone.
    """

    groups: int
    images: tuple[str, ...]
    compared: bool


def label_conflicts(dataset: Dataset, version: str, manifest: pd.DataFrame) -> LabelConflicts:
    """What is known of a version with this manifest, at the usual reach; nothing is compared, and what a reviewer called
    no copy is left out."""
    pairs = stored_pairs(dataset, version)
    rejected = copies.rejected_pairs(Journal(dataset.journal_path).decisions(action="not_duplicate"))
    found = find_exact(manifest) if pairs is None else find_copies(manifest, pairs, rejected=rejected)
    table = found.table
    table = table[table.groupby("group")["label"].transform("nunique") > 1]
    return LabelConflicts(table["group"].nunique(), tuple(table["image_id"]), pairs is not None)
