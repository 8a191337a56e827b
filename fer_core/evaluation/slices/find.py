"""Weak slices: levels of a column, and pairs of levels, on which a model is wrong more often than on the rest.

found = find_slices(correct, columns)
found.weak[0].words, found.weak[0].accuracy, found.weak[0].rest      # "brightness ≤ 0.31, class sad", .52, .81

A single level is held against all other images by Fisher's exact test, one-sided. A pair must be worse than what is left of
both its levels, so a pair inside a weak level is not told for that level's sake: its p is the larger of the two (an
intersection-union test, Berger 1982). All p are corrected together (Holm 1979), so that among slices without any weakness one
is told in 5 % of searches at most. Slice finding as such: Chung et al., "Automated data slicing" (TKDE 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy  # its parts load when first used
from numpy.typing import NDArray

from fer_core.base.arrays import Floats
from fer_core.base.statistics import wilson_interval
from fer_core.evaluation import significance
from fer_core.evaluation.slices.columns import SliceColumn

LEAST = 15
"""Images that a slice, and what it is held against, have at least: fewer cannot be told from chance."""


@dataclass(frozen=True)
class Slice:
    """A part of the images.

    Attributes:
        parts: column and level of each, one or two.
        images, wrong: how many, and how many of them are answered wrongly.
        accuracy, interval: 0..1, with its 95 % interval (Wilson).
        rest: accuracy on all other images.
        difference, difference_interval: accuracy - rest, 95 % by Newcombe's method.
        p: corrected for all slices that were looked at (Holm).
        weak: p < .05.
        places: of each part, which of the columns and which of its levels.
    """

    parts: tuple[tuple[str, str], ...]
    images: int
    wrong: int
    accuracy: float
    interval: tuple[float, float]
    rest: float
    difference: float
    difference_interval: tuple[float, float]
    p: float
    weak: bool
    places: tuple[tuple[int, int], ...]

    @property
    def words(self) -> str:
        """`brightness ≤ 0.31, class sad`."""
        return ", ".join(f"{column} {level}" for column, level in self.parts)

    def record(self) -> dict[str, object]:
        """JSON-ready, without the images."""
        names = ("images", "wrong", "accuracy", "rest", "difference", "p", "weak")
        ends = {
            "interval": list(self.interval),
            "difference_interval": list(self.difference_interval),
            "parts": dict(self.parts),
        }
        return {"slice": self.words, **{name: getattr(self, name) for name in names}, **ends}


@dataclass(frozen=True)
class FoundSlices:
    """What a search found.

    Attributes:
        slices: every slice that was looked at, the least likely by chance first.
        images: how many were judged.
        accuracy: on all of them.
        columns: that were looked at.
    """

    slices: list[Slice]
    images: int
    accuracy: float
    columns: tuple[SliceColumn, ...]

    def members(self, of: Slice) -> NDArray[np.int64]:
        """Places of the images of a slice among those judged."""
        inside = [self.columns[column].level == level for column, level in of.places]
        return np.flatnonzero(np.all(inside, axis=0))

    @property
    def weak(self) -> list[Slice]:
        """Those that are worse beyond doubt."""
        return [each for each in self.slices if each.weak]

    @property
    def verdict(self) -> str:
        """`2 weak`, `none is weak`, or `too few images` where no slice was large enough to be looked at."""
        if not self.slices:
            return "too few images"
        return f"{len(self.weak):,} weak" if self.weak else "none is weak"


def find_slices(correct: NDArray[np.bool_], columns: Sequence[SliceColumn]) -> FoundSlices:
    """Look at every level of every column, and every pair of levels of two columns.

    Args:
        correct: whether each picture is answered rightly, (n,); copies of one picture are to be there once.
        columns: of the same images.
    """
    wrong = ~correct
    masks = [
        (column.name, column.levels[level], column.level == level, (place, int(level)))
        for place, column in enumerate(columns)
        for level in np.unique(column.level[column.level >= 0])
    ]
    kept = [mask for mask in masks if LEAST <= mask[2].sum() <= len(wrong) - LEAST]
    table = np.array([mask[2] for mask in kept], dtype=np.float64).reshape(len(kept), len(wrong))
    size, errors = table.sum(axis=1), table @ wrong
    both, both_wrong = table @ table.T, (table * wrong) @ table.T
    single = _tail(errors, size, float(wrong.sum()), len(wrong))
    parts: list[tuple[int, ...]] = [(i,) for i in range(len(kept))]
    p = [float(value) for value in single]
    pairs = [
        (i, j)
        for i, j in combinations(range(len(kept)), 2)
        if kept[i][0] != kept[j][0] and both[i, j] >= LEAST and min(size[i], size[j]) - both[i, j] >= LEAST
    ]
    if pairs:
        one, two = np.array(pairs).T
        inside = [_tail(both_wrong[one, two], both[one, two], errors[of], size[of]) for of in (one, two)]
        parts += pairs
        p += [float(value) for value in np.maximum(*inside)]
    corrected = significance.holm(p)
    slices = [
        _slice([kept[i] for i in part], value, wrong) for part, value in zip(parts, corrected, strict=True)
    ]
    order = sorted(range(len(slices)), key=lambda i: (corrected[i], p[i], slices[i].difference))
    share = float(correct.mean()) if len(correct) else float("nan")
    return FoundSlices([slices[i] for i in order], len(correct), share, tuple(columns))


def _tail(errors: Floats, size: Floats, all_errors: float | Floats, total: float | Floats) -> Floats:
    """P of so many errors or more in a part of `size` of `total` images that have `all_errors`: hypergeometric."""
    return np.asarray(scipy.stats.hypergeom.sf(errors - 1, total, all_errors, size), dtype=np.float64)


def _slice(
    parts: Sequence[tuple[str, str, NDArray[np.bool_], tuple[int, int]]], p: float, wrong: NDArray[np.bool_]
) -> Slice:
    inside = parts[0][2] if len(parts) == 1 else parts[0][2] & parts[1][2]
    images, errors = int(inside.sum()), int(wrong[inside].sum())
    accuracy, rest = 1 - errors / images, 1 - float(wrong[~inside].mean())
    low, high = wilson_interval(accuracy, images)
    return Slice(
        tuple((name, level) for name, level, *_ in parts),
        images,
        errors,
        accuracy,
        (float(low), float(high)),
        rest,
        accuracy - rest,
        newcombe(accuracy, images, rest, len(wrong) - images),
        p,
        p < significance.ALPHA,
        tuple(place for *_, place in parts),
    )


def newcombe(first: float, first_images: int, second: float, second_images: int) -> tuple[float, float]:
    """Interval of first - second, two shares of different images (Newcombe 1998, method 10: from both Wilson intervals)."""
    ends = []
    for share, n in ((first, first_images), (second, second_images)):
        ends.append(wilson_interval(share, n))
    (low1, high1), (low2, high2) = ends
    difference = first - second
    below = np.sqrt((first - low1) ** 2 + (high2 - second) ** 2)
    above = np.sqrt((high1 - first) ** 2 + (second - low2) ** 2)
    return float(difference - below), float(difference + above)
