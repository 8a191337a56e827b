"""Copies in another frame: cropped, moved by more than two pixels, resized or turned a little.

Vectors that hardly change with the frame propose pairs (`frame_vectors`), laying one picture onto the other decides
(`registration`). In four classes of FER2013 these are more pairs than those in the same frame.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fer_core.base.arrays import Float32s, Ints, Pixels
from fer_core.duplicates.frame_vectors import SIDE, ZOOM, vectors
from fer_core.duplicates.phash import phashes
from fer_core.duplicates.registration import Level, register, warp_onto

MIN_REFRAMED = 0.97
"""What confirms a copy in another frame; below, more and more pairs are two faces (docs/recall-of-copies.md)."""
_ALIKE = 0.40
"""Product of two vectors from which a pair is laid onto each other: one of 7,000 pairs is."""
_SIZES = (1.0, 1.25, 0.8)  # of one in the other, from which laying on begins
_MOST, _SHARE, _AT_LEAST = 3, 1 / 1000, 1000
"""Pairs tried for each picture of a block: so many, or that share of the pictures before it, which is four times as many as are
alike in photos; and so many in all. Beyond, the most alike are tried: drawn faces all are."""
_BLOCK, _COLUMNS = 256, 8192
Found = tuple[Ints, Ints, NDArray[np.float32], NDArray[np.uint8]]


@dataclass(frozen=True)
class Frames:
    """Pictures described for finding copies in another frame.

    Attributes:
        levels: their pyramid.
        plain: float32 (n, 160), their vectors.
        larger: those of their middle, shown larger.
    """

    levels: tuple[Level, ...]
    plain: Float32s
    larger: Float32s

    @classmethod
    def of(cls, pixels: Pixels) -> Frames:
        """Of pictures uint8 (n, h, w)."""
        shown = _sized(pixels)
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            blocks = [shown[start : start + _BLOCK] for start in range(0, max(1, len(shown)), _BLOCK)]
            plain, larger = (
                np.concatenate(list(pool.map(partial(vectors, zoom=zoom), blocks))) for zoom in (1.0, ZOOM)
            )
        return cls(Level.pyramid(shown), plain, larger)


def reframed_pairs(left: Frames, right: Frames, order: Ints, begin: int, end: int, upto: int) -> Found:
    """Pairs of the places begin..end of an order with those before them, of which one lies on the other.

    Args:
        left, right: the pictures as a kind of copy has them, and as they are.
        order: int64 (n,), their rows.
        upto: of those before them the first so many are looked at.

    Returns:
        int64 places in the order, i < j; float32 correlation; uint8 bits between their pHashes once laid onto each other.
    """
    i, j = _proposed(left, right, order, begin, end, upto)
    first, second = np.sort([order[i], order[j]], axis=0)  # the same way round in whichever order they come
    found = register(left.levels, right.levels, first, second, _SIZES)
    good = np.flatnonzero(found.correlation >= MIN_REFRAMED)
    own = left.levels[-1].rows[first[good]].astype(np.uint8)
    other = warp_onto(own, right.levels[-1], second[good], found.turn[good], found.shift[good])
    own, other = (phashes(rows.reshape(-1, SIDE, SIDE))[0] for rows in (own, other))
    return i[good], j[good], found.correlation[good], np.bitwise_count(own ^ other)


def _proposed(left: Frames, right: Frames, order: Ints, begin: int, end: int, upto: int) -> tuple[Ints, Ints]:
    """Places i < j of alike pictures."""
    rows, parts = order[begin:end], []
    for mine, others in ((left.plain, right.plain), (left.larger, right.plain), (left.plain, right.larger)):
        own = mine[rows]
        for first in range(0, upto, _COLUMNS):
            columns = order[first : min(first + _COLUMNS, upto)]
            product = own @ others[columns].T
            at = np.flatnonzero(product >= _ALIKE)
            j, i = np.divmod(at, len(columns))
            parts.append((i + first, j + begin, product.ravel()[at]))
    i, j, alike = (np.concatenate(column) for column in zip(*parts, strict=True))
    by = np.lexsort((-alike, i, j))
    by = by[i[by] < j[by]]
    by = by[np.append(True, (np.diff(j[by]) != 0) | (np.diff(i[by]) != 0))[: len(by)]]  # its most alike way
    most = max(round(max(_MOST, _SHARE * upto) * len(rows)), _AT_LEAST)
    by = np.sort(by[np.argsort(-alike[by], kind="stable")[:most]])
    return i[by], j[by]


def _sized(pixels: Pixels) -> Pixels:
    """Pictures at the side that vectors and pyramids are made of."""
    if pixels.shape[1:] == (SIDE, SIDE):
        return pixels
    shrunk = cv2.INTER_AREA if min(pixels.shape[1:]) > SIDE else cv2.INTER_LINEAR
    resized = [cv2.resize(np.ascontiguousarray(face), (SIDE, SIDE), interpolation=shrunk) for face in pixels]
    return np.array(resized, np.uint8).reshape(len(pixels), SIDE, SIDE)
