"""The mean face of each class, how much faces of a class differ from it, and where two classes differ.

Read the pictures as they are kept, 48x48 and gray. Aligned crops give a mean that looks like a face; a mean that is
a gray blur says that crops are not aligned, or that the class holds anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AT_MOST = 8_000
"""Pictures of a class that are averaged; of more, as many are drawn at random. The mean then is off by .7 gray levels."""
SMALL, MEDIUM, LARGE = 0.2, 0.5, 0.8
"""Cohen's convention for differences of means, in standard deviations."""
_BLOCK = 2048


@dataclass(frozen=True)
class MeanFace:
    """Averages of one class.

    Attributes:
        mean: gray level of each pixel, 0..255, float64 (side, side).
        spread: standard deviation of each pixel over the pictures, float64 (side, side).
        used: pictures averaged.
        images: pictures there are.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    used: int
    images: int


def mean_face(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> MeanFace:
    """Mean and spread of some pictures.

    Args:
        pixels: uint8 (n, side, side), memory-mapped perhaps.
        rows: int64 (k,), which of them.
    """
    images = len(rows)
    if images > AT_MOST:
        rows = np.random.default_rng(0).choice(rows, AT_MOST, replace=False)
    rows = np.sort(rows)  # a memory map is read from front to back
    total = np.zeros(pixels.shape[1:], np.float64)
    squares = np.zeros(pixels.shape[1:], np.float64)
    for start in range(0, len(rows), _BLOCK):
        block = np.asarray(pixels[rows[start : start + _BLOCK]])
        total += block.sum(axis=0, dtype=np.int64)
        squares += np.square(block, dtype=np.int32).sum(axis=0, dtype=np.int64)
    count = max(len(rows), 1)
    mean = total / count
    return MeanFace(mean, np.sqrt(np.maximum(squares / count - mean**2, 0)), len(rows), images)


def effect_words(reach: float) -> str:
    """What the largest difference of two means says, in Cohen's convention: "apart", "close" or "alike on average"."""
    return "apart" if reach >= LARGE else "close" if reach >= SMALL else "alike on average"


def difference(first: MeanFace, second: MeanFace) -> NDArray[np.float64]:
    """Where the first class is brighter (above 0) or darker, in standard deviations: Cohen's d, (side, side)."""
    pooled = np.sqrt((first.spread**2 + second.spread**2) / 2)
    gap = first.mean - second.mean
    return np.divide(gap, pooled, out=np.zeros_like(gap), where=pooled > 1e-9)
