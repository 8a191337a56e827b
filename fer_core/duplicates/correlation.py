"""Are two pictures the same picture? Their correlation after alignment decides, not their hashes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

MAX_SHIFT = 2
"""Pixels by which two pictures may be moved against each other, in any direction."""
FLAT = 2.0
"""Standard deviation, in gray levels, below which a picture shows nothing that could be compared."""
_SURE = 0.98  # no better alignment is looked for beyond this
_ROWS = 256

OFFSETS: tuple[tuple[int, int], ...] = tuple(
    sorted(
        ((dy, dx) for dy in range(-MAX_SHIFT, MAX_SHIFT + 1) for dx in range(-MAX_SHIFT, MAX_SHIFT + 1)),
        key=lambda o: (o[0] ** 2 + o[1] ** 2, o),
    )
)
"""(dy, dx), the smallest first."""


def is_flat(pixels: np.ndarray) -> np.ndarray:
    """Which pictures of uint8 (n, h, w) have next to no contrast; bool (n,)."""
    blocks = (pixels[i : i + 4096] for i in range(0, len(pixels), 4096))
    spread = [np.asarray(b, dtype=np.float32).std(axis=(1, 2)) for b in blocks]
    return np.concatenate(spread) < FLAT if spread else np.zeros(0, dtype=bool)


def _overlap(pixels: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """What another picture overlaps when these are moved by (dy, dx), with mean 0 and length 1; float32 (n, p)."""
    h, w = pixels.shape[1:]
    part = pixels[:, max(0, -dy) : h - max(0, dy), max(0, -dx) : w - max(0, dx)]
    flat = part.reshape(len(part), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("np,np->n", flat, flat))
    flat /= np.maximum(length, 1e-6)[:, None]
    return flat


def correlation(left: np.ndarray, right: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Best Pearson correlation of pairs of pictures over all alignments, blind to brightness and contrast.

    Args:
        left, right: uint8 (n, h, w) and (m, h, w).
        i, j: int64 (p,) rows of `left` and `right` that make a pair; fastest where `i` is sorted.

    Returns:
        float32 (p,) in -1..1, the same whichever of the two comes first; 0 where a picture is one even gray.
    """
    best = np.full(len(i), -1, dtype=np.float32)
    for offset in OFFSETS:
        unsure = np.flatnonzero(best < _SURE)
        if not len(unsure):
            break
        here = _at(left, right, i[unsure], j[unsure], offset)
        best[unsure] = np.maximum(best[unsure], here)
    return best


def _at(
    left: np.ndarray, right: np.ndarray, i: np.ndarray, j: np.ndarray, offset: tuple[int, int]
) -> np.ndarray:
    """Correlations at one alignment, by products of blocks: a cluster of copies makes far more pairs than pictures."""
    dy, dx = offset
    result = np.empty(len(i), dtype=np.float32)
    starts = np.flatnonzero(np.append(True, np.diff(i) != 0))
    for begin, end in pairwise([*starts[::_ROWS].tolist(), len(i)]):
        rows, row = np.unique(i[begin:end], return_inverse=True)
        columns, column = np.unique(j[begin:end], return_inverse=True)
        product = _overlap(left[rows], dy, dx) @ _overlap(right[columns], -dy, -dx).T
        result[begin:end] = product[row, column]
    return result
