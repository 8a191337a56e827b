"""Pairs of pictures that a reviewer said are not copies: they are no leaks, and are counted where they are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

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
    apart = set(copies.rejected(Journal(dataset.journal_path).decisions()))
    ends = zip(pairs["first"], pairs["second"], strict=True)
    rejected = np.array([(min(a, b), max(a, b)) in apart for a, b in ends], dtype=bool)
    return pairs[~rejected], pairs[rejected]


def left_out(rejected: int) -> str:
    """`, 3 pairs rejected by a reviewer left out`; "" of none."""
    return f", {rejected:,} pair{'s' * (rejected != 1)} rejected by a reviewer left out" if rejected else ""
