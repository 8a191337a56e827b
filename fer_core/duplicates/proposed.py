"""Pairs of pictures that correlate, out of those whose hashes are near: for sets too large to compare all pairs.

What is proposed are exactly the pairs at most `reach.PROPOSED` bits apart, with either picture moved by any of
`correlation.OFFSETS`; what decides is their correlation, as in `all_pairs`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fer_core.duplicates.all_pairs import SAME_FRAME
from fer_core.duplicates.correlation import OFFSETS, correlation
from fer_core.duplicates.phash import hamming_pairs
from fer_core.duplicates.reframed import Found

_SLICE = 250_000  # pictures after which what is found can be kept
_LATER = 8_000_000  # pairs found several times, before they are made one


def proposed_pairs(
    pixels: NDArray[np.uint8],
    turned: list[NDArray[np.uint8]],
    hashes: list[tuple[NDArray[np.uint64], NDArray[np.uint64]]],
    order: NDArray[np.int64],
    known: int,
    distance: int,
    limit: float,
) -> Iterator[tuple[int, Found]]:
    """The pairs with one picture beyond the first `known` whose hashes are near and that correlate.

    Args:
        pixels: uint8 (n, size, size).
        turned: the same pictures as a kind of copy has them, once or several times.
        hashes: uint64 (n,) and (n,): a pair is proposed where any of the first, of either picture, is near to the second
            of the other.
        order, known, limit: as `all_pairs.correlated`.
        distance: bits.

    Yields:
        As `all_pairs.correlated`.
    """
    sides = [(moved[order], still[order]) for moved, still in hashes]
    for begin in range(known, len(order), _SLICE):
        end = min(begin + _SLICE, len(order))
        i, j = _near(sides, begin, end, distance)
        score = np.full(len(i), -1, dtype=np.float32)
        for each in turned:
            for offset in OFFSETS:
                np.maximum(score, correlation(each, pixels, order[i], order[j], offset), out=score)
        good = score >= limit
        yield end, (i[good], j[good], score[good], np.full(int(good.sum()), SAME_FRAME, np.uint8))


def _near(
    sides: list[tuple[NDArray[np.uint64], NDArray[np.uint64]]], begin: int, end: int, distance: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places i < j, begin <= j < end, of pairs that are near at one of the sides, each once, in order."""
    whole, later_ones, before = slice(0, end), slice(begin, end), slice(0, begin)
    parts = [(whole, later_ones), (later_ones, before)]
    tasks = [(left, right, own, other) for left, right in sides for own, other in parts]
    found, later = np.empty(0, np.int64), [np.empty(0, np.int64)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for keys in pool.map(lambda task: _keys(task[0], task[1], task[2], task[3], end, distance), tasks):
            later.append(keys)
            if sum(map(len, later)) > _LATER:
                found, later = np.unique(np.concatenate([found, *later])), []
    found = np.unique(np.concatenate([found, *later]))
    j, i = np.divmod(found, max(end, 1))
    by = np.lexsort((j, i))
    return i[by], j[by]


def _keys(
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    own: slice,
    other: slice,
    count: int,
    distance: int,
) -> NDArray[np.int64]:
    """Near pairs of left[own] and right[other] as one number each, the larger place times `count` plus the other."""
    parts = [np.empty(0, np.int64)]
    for i, j, _ in hamming_pairs(left[own], right[other], distance):
        i, j = i + own.start, j + other.start
        i, j = np.minimum(i, j), np.maximum(i, j)
        parts.append((j * count + i)[i != j])
    return np.unique(np.concatenate(parts))
