"""Are two pictures the same picture? Their correlation after alignment decides, not their hashes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MAX_SHIFT = 2
"""Pixels by which two pictures may be moved against each other, in any direction."""
FLAT = 2.0
"""Standard deviation, in gray levels, below which a picture shows nothing that could be compared."""
_CHUNK = 1024

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


def _window(pixels: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """The part all alignments share, moved by (dy, dx), each picture with mean 0 and length 1; float32 (n, p)."""
    h, w = pixels.shape[1:]
    top, left = MAX_SHIFT - dy, MAX_SHIFT - dx
    part = pixels[:, top : top + h - 2 * MAX_SHIFT, left : left + w - 2 * MAX_SHIFT]
    flat = part.reshape(len(part), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("np,np->n", flat, flat))
    return flat / np.maximum(length, 1e-6)[:, None]


def correlation(a: np.ndarray, b: np.ndarray, offsets: Sequence[tuple[int, int]] = OFFSETS) -> np.ndarray:
    """Best Pearson correlation of paired pictures over alignments, whatever their brightness and contrast.

    Args:
        a, b: uint8 (n, h, w), picture i of `a` is compared with picture i of `b`.
        offsets: moves (dy, dx) of `a` to try, at most `MAX_SHIFT` pixels each way.

    Returns:
        float32 (n,) in -1..1; 0 where a picture is one even gray.
    """
    best = np.full(len(a), -1, dtype=np.float32)
    for start in range(0, len(a), _CHUNK):
        part = slice(start, start + _CHUNK)
        still = _window(b[part], 0, 0)
        for dy, dx in offsets:
            moved = _window(a[part], dy, dx)
            best[part] = np.maximum(best[part], np.einsum("np,np->n", moved, still))
    return best
