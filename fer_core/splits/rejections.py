"""Which pictures are copies once a reviewer has had a say: pairs said to be no copies are no leaks, and are counted where
they are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.reach import DISTANCE
from fer_core.duplicates.scan_store import all_stored_pairs
from fer_core.review import copies
from fer_core.review.journal import Journal

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset


def without_rejected(dataset: Dataset, pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split pairs into those that stand and those that a reviewer rejected.

    Args:
        dataset: whose journal counts.
        pairs: first, second (pixel hashes) and more.
    """
    apart = set(copies.rejected_pairs(Journal(dataset.journal_path).decisions(action="not_duplicate")))
    ends = zip(pairs["first"], pairs["second"], strict=True)
    rejected = np.array([(min(a, b), max(a, b)) in apart for a, b in ends], dtype=bool)
    return pairs[~rejected], pairs[rejected]


def with_copies(dataset: Dataset, pictures: set[str]) -> set[str]:
    """Pixel hashes of some pictures and of every near or mirrored copy of them in any version, as far as was compared."""
    pairs, _ = without_rejected(dataset, confirmed_pairs(all_stored_pairs(dataset), DISTANCE))
    first, second = pairs["first"], pairs["second"]
    return pictures | set(second[first.isin(pictures)]) | set(first[second.isin(pictures)])


def left_out(rejected: int) -> str:
    """`, 3 pairs rejected by a reviewer left out`; "" of none."""
    return f", {rejected:,} pair{'s' * (rejected != 1)} rejected by a reviewer left out" if rejected else ""
