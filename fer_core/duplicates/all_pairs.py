"""Every pair of pictures that correlates, out of all pairs at all alignments, none missed.

All pairs are bounded by short vectors (`overlaps`), in blocks that fit a core's cache, and what the bound does not
rule out is correlated in full. NumPy lets go of the interpreter while it multiplies, so blocks run on all cores.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fer_core.duplicates.correlation import OFFSETS, correlation
from fer_core.duplicates.overlaps import ROUNDING, Overlaps
from fer_core.duplicates.reframed import Found, Frames, reframed_pairs

_ROWS, _COLUMNS = 256, 512
_CHUNK = 4096
SAME_FRAME = 255
"""Stands for bits that are still to be told, of pairs that correlate as they are."""


@dataclass(frozen=True)
class Side:
    """Pictures to be compared: `order` says which rows of `pixels` and `frames` they are, as in `overlaps`.

    Without `frames` copies in another frame are not looked for."""

    pixels: NDArray[np.uint8]
    overlaps: Overlaps
    frames: Frames | None = None


def correlated_pairs(
    left: Side, right: Side, order: NDArray[np.int64], known: int, upto: int, limit: float
) -> Iterator[tuple[int, Found]]:
    """All pairs with one picture beyond the first `known`, block by block.

    Args:
        left: the pictures as they are moved: as they are, mirrored, or turned.
        right: the pictures as they are.
        order: int64 (n,), rows of the pixels in the order of both overlaps.
        known: how many were compared with each other before.
        upto: each of the others is compared with those before it among the first so many.
        limit: smallest correlation that counts, at the best of all alignments.

    Yields:
        (done, found): all pairs of the first `done` of `order` are found now. `found` is as from `reframed_pairs`, its
        bits `SAME_FRAME` for pairs in the same frame.
    """
    starts = list(range(known, len(order), _COLUMNS))
    workers = os.cpu_count() or 1
    # One thread a block: OpenBLAS' own threads would fight with these over products as small as ours.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        waiting: list[tuple[int, Future[Found]]] = []
        try:
            for start in [*starts, *[-1] * 2 * workers]:
                if start >= 0:
                    end = min(start + _COLUMNS, len(order))
                    waiting.append(
                        (end, pool.submit(_block, left, right, order, start, end, min(end, upto), limit))
                    )
                if waiting and (start < 0 or len(waiting) > 2 * workers):
                    done, task = waiting.pop(0)
                    yield done, task.result()
        finally:
            for _, task in waiting:
                task.cancel()


def _block(
    left: Side, right: Side, order: NDArray[np.int64], begin: int, end: int, upto: int, limit: float
) -> Found:
    """Pairs of the places begin..end with those before them among the first `upto`."""
    i, j, score = _same_frame(left, right, order, begin, end, upto, limit)
    found = i, j, score, np.full(len(i), SAME_FRAME, np.uint8)
    if left.frames is None or right.frames is None:
        return found
    more = reframed_pairs(left.frames, right.frames, order, begin, end, upto)
    return (
        np.append(found[0], more[0]), np.append(found[1], more[1]),
        np.append(found[2], more[2]), np.append(found[3], more[3]),
    )  # fmt: skip


def _same_frame(
    left: Side, right: Side, order: NDArray[np.int64], begin: int, end: int, upto: int, limit: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    best = np.zeros((upto, end - begin), np.float32)
    for number, (dy, dx) in enumerate(OFFSETS):
        opposite = OFFSETS.index((-dy, -dx))
        lefts = [vectors[number] for vectors in left.overlaps.levels]
        rights = [vectors[opposite] for vectors in right.overlaps.levels]
        found = _possible(lefts[0][:upto], rights[0][begin:end], limit - ROUNDING)
        i, j = np.divmod(found, end - begin)
        j += begin
        i, j = i[i < j], j[i < j]
        for depth in range(1, len(lefts)):
            near = _bound(lefts[: depth + 1], rights[: depth + 1], i, j) >= limit - ROUNDING
            i, j = i[near], j[near]
        if len(i):
            score = correlation(left.pixels, right.pixels, order[i], order[j], (dy, dx))
            best[i, j - begin] = np.maximum(best[i, j - begin], score)
    found = np.flatnonzero(best >= limit)
    i, j = np.divmod(found, end - begin)
    return i, j + begin, best[i, j]


def _possible(left: NDArray[np.float32], right: NDArray[np.float32], limit: float) -> NDArray[np.int64]:
    """Places, in the flat product of two sides, that reach a limit."""
    across = np.ascontiguousarray(right.T)
    product = np.empty(_ROWS * len(right), np.float32)
    reached = np.zeros(-(-len(product) // 8) * 8, bool)
    words = reached.view(np.uint64)  # eight answers at once, nearly always eight times no
    parts = [np.empty(0, np.int64)]
    for top in range(0, len(left), _ROWS):
        some = left[top : top + _ROWS]
        size = len(some) * len(right)
        np.matmul(some, across, out=product[:size].reshape(len(some), len(right)))
        np.greater_equal(product[:size], limit, out=reached[:size])
        reached[size:] = False
        hit = np.flatnonzero(words != 0)
        if len(hit):
            each = (hit[:, None] * 8 + np.arange(8)).ravel()
            parts.append(each[reached[each]] + top * len(right))
    return np.concatenate(parts)


def _bound(
    left: list[NDArray[np.float32]],
    right: list[NDArray[np.float32]],
    i: NDArray[np.int64],
    j: NDArray[np.int64],
) -> NDArray[np.float32]:
    """The bound of some pairs by the vectors of several levels."""
    result = np.zeros(len(i), np.float32)
    for level, (own, other) in enumerate(zip(left, right, strict=True)):
        numbers = (
            None if level == len(left) - 1 else -1
        )  # the length of the rest counts on the last level alone
        for start in range(0, len(i), _CHUNK):
            some = slice(start, start + _CHUNK)
            a, b = own.take(i[some], axis=0)[:, :numbers], other.take(j[some], axis=0)[:, :numbers]
            result[some] += np.einsum("np,np->n", a, b)
    return result
