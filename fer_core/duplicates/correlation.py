"""Are two pictures the same picture? Their correlation after alignment decides, nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_core.base.arrays import Ints, Pixels

MIN_CORRELATION = 0.9
"""What confirms that two pictures are the same."""
MIN_TURNED = 0.92
"""The same for mirrored and turned ones: a face resembles the mirror image of other faces more than the faces."""
MAX_SHIFT = 2
"""Pixels by which two pictures may be moved against each other, in any direction."""
FLAT = 2.0
"""Standard deviation, in gray levels, below which a picture shows nothing that could be compared."""
_CHUNK, _PART = 16_384, 1024  # pairs that share their rows; pairs whose rows are gathered one by one
_DENSE = 0.08  # share of all products from which a product of blocks is quicker than one of pairs

OFFSETS: tuple[tuple[int, int], ...] = tuple(
    sorted(
        ((dy, dx) for dy in range(-MAX_SHIFT, MAX_SHIFT + 1) for dx in range(-MAX_SHIFT, MAX_SHIFT + 1)),
        key=lambda o: (o[0] ** 2 + o[1] ** 2, o),
    )
)
"""(dy, dx), the smallest first."""


def is_flat(pixels: Pixels) -> NDArray[np.bool_]:
    """Which pictures of uint8 (n, h, w) have next to no contrast; bool (n,)."""
    blocks = (pixels[i : i + 4096] for i in range(0, len(pixels), 4096))
    spread = [np.asarray(b, dtype=np.float32).std(axis=(1, 2)) for b in blocks]
    return np.asarray(np.concatenate(spread) < FLAT if spread else np.zeros(0, dtype=bool))


def window(height: int, width: int, dy: int, dx: int) -> tuple[slice, slice]:
    """Rows and columns of a picture that others still cover when it is moved by (dy, dx)."""
    return slice(max(0, -dy), height - max(0, dy)), slice(max(0, -dx), width - max(0, dx))


def correlation(
    left: Pixels, right: Pixels, i: Ints, j: Ints, offset: tuple[int, int]
) -> NDArray[np.float32]:
    """Pearson correlation of pairs of pictures at one alignment, blind to brightness and contrast.

    Args:
        left, right: uint8 (n, h, w) and (m, h, w).
        i, j: int64 (p,) rows of `left` and `right` that make a pair; fastest where `i` is sorted.
        offset: (dy, dx) by which the left ones are moved.

    Returns:
        float32 (p,) in -1..1, over what the two share; 0 where that is one even gray.
    """
    height, width = left.shape[1:]
    dy, dx = offset
    here, there = window(height, width, dy, dx), window(height, width, -dy, -dx)
    result = np.empty(len(i), dtype=np.float32)
    for start in range(0, len(i), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows, row = np.unique(i[part], return_inverse=True)
        columns, column = np.unique(j[part], return_inverse=True)
        a, b = _standard(left, rows, here), _standard(right, columns, there)
        if len(row) > _DENSE * len(rows) * len(columns):
            result[part] = (a @ b.T)[row, column]
            continue
        for first in range(0, len(row), _PART):
            some = slice(first, first + _PART)
            result[start + first : start + first + len(row[some])] = np.einsum(
                "np,np->n", a[row[some]], b[column[some]]
            )
    return result


def _standard(pixels: Pixels, rows: Ints, part: tuple[slice, slice]) -> NDArray[np.float32]:
    """float32 (n, p): parts of some pictures with mean 0 and length 1, or 0 where all is one gray."""
    flat = pixels[rows][:, part[0], part[1]].reshape(len(rows), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("np,np->n", flat, flat))
    flat /= np.where(length > 0.5, length, np.inf)[:, None]  # one pixel of one level is 1: less is rounding
    return flat
