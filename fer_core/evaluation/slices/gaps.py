"""Gaps between groups: every level of a column against every other, and how large a gap would have had to be to be seen.

gaps = between_groups(correct, column)
gaps[0].sentence      # "old 0.62 against young 0.81: a gap of 41 points or less could not have been seen with n = 15"
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
import scipy  # its parts load when first used
from numpy.typing import NDArray

from fer_core.evaluation import significance
from fer_core.evaluation.slices.columns import SliceColumn
from fer_core.evaluation.slices.find import newcombe

POWER = 0.8
"""How often a gap of the size that is told would have been seen."""


@dataclass(frozen=True)
class GroupGap:
    """Two groups of images.

    Attributes:
        column, first, second: what they are.
        accuracy, other: of the first and the second, 0..1, on `images` and `other_images`.
        difference, interval: accuracy - other, with its 95 % interval (Newcombe).
        p: of no difference, Fisher's exact test, corrected for all pairs (Holm).
        told_apart: p < .05.
        visible: the smallest difference that `POWER` of samples of this size would have told, 0..1; above 1 none would.
    """

    column: str
    first: str
    second: str
    accuracy: float
    other: float
    images: int
    other_images: int
    difference: float
    interval: tuple[float, float]
    p: float
    told_apart: bool
    visible: float

    @property
    def sentence(self) -> str:
        """What can be said of it."""
        low, high = (100 * end for end in self.interval)
        words = (
            f"{self.first} {self.accuracy:.3f} (n {self.images:,}) against {self.second} {self.other:.3f} "
            f"(n {self.other_images:,}): {100 * self.difference:+z.1f} points [{low:+z.1f}, {high:+z.1f}]"
        )
        if self.told_apart:
            return f"{words}, significant"
        few = min(self.images, self.other_images)
        if self.visible > 1:
            return f"{words}; no gap at all could have been seen with n = {few:,}"
        return f"{words}; a gap of less than {100 * self.visible:.0f} points could not have been seen with n = {few:,}"

    def record(self) -> dict[str, object]:
        """JSON-ready, with the sentence."""
        return {**asdict(self), "interval": list(self.interval), "sentence": self.sentence}


def between_groups(correct: NDArray[np.bool_], column: SliceColumn) -> list[GroupGap]:
    """Every two levels of a column, the largest difference first; the one with fewer right answers is the first of a pair.

    Args:
        correct: whether each picture is answered rightly, (n,); copies of one picture are to be there once.
        column: of the same images.
    """
    told = [int(level) for level in np.unique(column.level[column.level >= 0])]
    counts = {
        level: (int(correct[column.level == level].sum()), int((column.level == level).sum()))
        for level in told
    }
    pairs = [
        (a, b) if counts[a][0] * counts[b][1] <= counts[b][0] * counts[a][1] else (b, a)
        for a, b in combinations(told, 2)
    ]
    p = [_fisher(*counts[a], *counts[b]) for a, b in pairs]
    found = []
    for (a, b), value in zip(pairs, significance.holm(p), strict=True):
        (right, images), (other_right, others) = counts[a], counts[b]
        accuracy, other = right / images, other_right / others
        together = (right + other_right) / (images + others)
        gap = GroupGap(column.name, column.levels[a], column.levels[b], accuracy, other, images, others, accuracy - other,
                       newcombe(accuracy, images, other, others), value, value < significance.ALPHA,
                       visible_gap(together, images, others, len(pairs)))  # fmt: skip
        found.append(gap)
    return sorted(found, key=lambda gap: gap.difference)


def _fisher(right: int, images: int, other_right: int, others: int) -> float:
    table = [[right, images - right], [other_right, others - other_right]]
    return float(scipy.stats.fisher_exact(table)[1])


def visible_gap(share: float, first: int, second: int, tests: int = 1) -> float:
    """The smallest difference of two shares that so many images show in `POWER` of samples, two-sided at 5 % over all tests.

    Fleiss, "Statistical methods for rates and proportions": (z of the level + z of the power) times the standard error at
    the common share; a share at 0 or 1 is taken as half an image away from it.

    Args:
        share: of both together, 0..1.
        first, second: images.
        tests: corrected for (Bonferroni).
    """
    half = 0.5 / (first + second)
    kept = min(max(share, half), 1 - half)
    error = math.sqrt(kept * (1 - kept) * (1 / first + 1 / second))
    normal = NormalDist()
    return (normal.inv_cdf(1 - significance.ALPHA / tests / 2) + normal.inv_cdf(POWER)) * error
