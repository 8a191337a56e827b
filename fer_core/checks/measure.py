"""What the quality checks need to know of a picture, as cleanvision 0.3 measures it.

For many pictures of one size everything comes from their histograms, a few hundred pictures at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_core.base.arrays import Floats
from fer_core.data.images import to_gray

MEASURES = ("brightness_p5", "brightness_p99", "entropy", "edges", "histogram_std")
"""Percentiles of brightness (0..1), entropy in bits, standard deviation of edges (gray levels) and of the histogram
(pixels per level)."""

_BLOCK = 256
_BLUR_SIDE = 64  # larger pictures are judged for blur at this size
_LUMA = np.array([0.241, 0.691, 0.068])  # of squared channels: perceived brightness


def measure_grays(stack: NDArray[np.uint8]) -> Floats:
    """The measures of gray pictures of one size.

    Args:
        stack: uint8 (n, height, width), sides up to 64.

    Returns:
        float64 (n, 5), columns `MEASURES`.
    """
    result = np.empty((len(stack), len(MEASURES)))
    for start in range(0, len(stack), _BLOCK):
        part = np.ascontiguousarray(stack[start : start + _BLOCK])
        counts = histograms(part)
        low, high = _percentiles(counts, (0.05, 0.99))
        result[start : start + _BLOCK] = np.stack(
            [low / 255, high / 255, _entropy(counts), _spread(histograms(edges(part))), counts.std(axis=1)],
            axis=1,
        )
    return result


def measure_one(pixels: NDArray[np.uint8]) -> Floats:
    """The measures of one picture of any size, uint8 (h, w) or (h, w, 3): float64 (5,)."""
    counts = histograms(pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0))
    if pixels.ndim == 2:
        low, high = (float(p[0]) / 255 for p in _percentiles(counts, (0.05, 0.99)))
    else:
        bright = np.sqrt((pixels.astype(np.float64) ** 2) @ _LUMA) / 255
        low, high = np.percentile(bright, (5, 99))
    small = _for_blur(pixels)
    own = histograms(small[None])
    blur = _spread(histograms(edges(small[None])))[0]
    return np.array([low, high, _entropy(counts.reshape(1, -1))[0], blur, own.std()])


def histograms(stack: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pixels of each gray level: int64 (n, 256) of uint8 (n, h, w)."""
    flat = stack.reshape(len(stack), -1).astype(np.int32)
    flat += np.arange(len(stack), dtype=np.int32)[:, None] * 256
    return np.bincount(flat.ravel(), minlength=len(stack) * 256).reshape(len(stack), 256)


def edges(stack: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pillow's FIND_EDGES of every picture: eight times a pixel less its neighbours, the border as it is."""
    g = stack.astype(np.int16)
    result = stack.copy()
    if min(stack.shape[1:]) > 2:
        rows = g[:, :-2] + g[:, 1:-1] + g[:, 2:]
        around = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
        result[:, 1:-1, 1:-1] = (9 * g[:, 1:-1, 1:-1] - around).clip(0, 255)
    return result


def _percentiles(counts: NDArray[np.int64], shares: tuple[float, ...]) -> list[Floats]:
    """Percentiles of the levels by linear interpolation, as `np.percentile`."""
    below = counts.cumsum(axis=1)
    last = below[:, -1] - 1
    found = []
    for share in shares:
        rank = share * last
        floor = np.floor(rank).astype(np.int64)
        left = (below <= floor[:, None]).sum(axis=1)
        right = (below <= np.minimum(floor + 1, last)[:, None]).sum(axis=1)
        found.append(left + (right - left) * (rank - floor))
    return found


def _entropy(counts: NDArray[Any]) -> Floats:
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(-(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1))


def _spread(counts: NDArray[np.int64]) -> Floats:
    """Standard deviation of the levels."""
    levels = np.arange(256, dtype=np.float64)
    total = counts.sum(axis=1)
    mean = counts @ levels / total
    return np.asarray(np.sqrt(np.maximum(counts @ levels**2 / total - mean**2, 0)))


def _for_blur(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray, at most 64 on a side, as cleanvision shrinks it."""
    height, width = pixels.shape[:2]
    ratio = max(height, width) / _BLUR_SIDE
    if ratio > 1:
        size = (max(int(width // ratio), 1), max(int(height // ratio), 1))
        pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size))
    return to_gray(pixels)
