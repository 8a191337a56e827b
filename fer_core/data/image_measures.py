"""What is measured on gray pictures, many of one size at a time: resized copies, hashes, quality scores.

Pictures of one size are laid side by side in one sheet, so that Pillow's resampling runs once for all of
them. Its two passes (rows, then columns) never mix neighbours on the sheet, hence every result equals that of
the single picture bit for bit; tests hold this against Pillow and imagehash.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy  # its parts load when first used
from numpy.typing import NDArray
from PIL import Image

Gray = NDArray[np.uint8]

_HASH_SIDE = 8
_DCT_SIDE = 32  # imagehash: hash_size * highfreq_factor
_SHEET_BYTES = 1 << 21  # pixels on one sheet: stays in the processor's cache


def resize_stack(stack: Gray, size: int) -> Gray:
    """Resize gray pictures of one size to squares by Pillow's LANCZOS (antialiased; aspect not kept).

    Args:
        stack: uint8 (n, height, width).
        size: side of the result.

    Returns:
        uint8 (n, size, size), equal to `Image.resize((size, size), Image.Resampling.LANCZOS)` of each.
    """
    n, height, width = stack.shape
    if (height, width) == (size, size):
        return stack
    result = np.empty((n, size, size), dtype=np.uint8)
    if height > width:  # Pillow may take the columns of a tall picture first, which rounds differently
        for index, picture in enumerate(stack):
            image = Image.fromarray(np.ascontiguousarray(picture))
            result[index] = np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))
        return result
    step = max(1, _SHEET_BYTES // (height * width))
    for start in range(0, n, step):
        part = stack[start : start + step]
        result[start : start + len(part)] = _resize_sheet(part, size)
    return result


def _resize_sheet(stack: Gray, size: int) -> Gray:
    n, height, width = stack.shape
    tall = Image.fromarray(np.ascontiguousarray(stack).reshape(n * height, width))
    rows = np.asarray(tall.resize((size, n * height), Image.Resampling.LANCZOS)).reshape(n, height, size)
    wide = Image.fromarray(np.ascontiguousarray(rows.transpose(1, 0, 2)).reshape(height, n * size))
    columns = np.asarray(wide.resize((n * size, size), Image.Resampling.LANCZOS))
    return columns.reshape(size, n, size).transpose(1, 0, 2)


def phash_stack(stack: Gray) -> NDArray[np.uint64]:
    """Perceptual hashes of gray pictures of one size: `imagehash.phash(image, hash_size=8)` bit for bit.

    Args:
        stack: uint8 (n, height, width).

    Returns:
        uint64 (n,); the most significant bit is the hash's first.
    """
    small = resize_stack(stack, _DCT_SIDE).astype(np.float64)
    # The order of the axes is imagehash's: another order would round differently.
    low = scipy.fft.dct(small, axis=1)[:, :_HASH_SIDE]
    low = scipy.fft.dct(low, axis=2)[:, :, :_HASH_SIDE].reshape(len(stack), -1)
    bits = low > np.median(low, axis=1, keepdims=True)
    packed: NDArray[np.uint64] = np.packbits(bits, axis=1).view(">u8").astype(np.uint64).reshape(-1)
    return packed


def quality_stack(stack: Gray) -> NDArray[np.float32]:
    """Brightness, contrast and sharpness of gray pictures of one size.

    Args:
        stack: uint8 (n, height, width).

    Returns:
        float32 (n, 3): mean and standard deviation of the gray levels and the variance of their 4-neighbour
        Laplacian inside the border (Pech-Pacheco et al., 2000), gray levels scaled to 0..1. Sharpness is 0
        for a picture under 3x3.
    """
    n, height, width = stack.shape
    levels, edges = np.zeros((2, n, 2))
    step = max(1, _SHEET_BYTES // (height * width))
    rows = max(3, _SHEET_BYTES // width)  # a picture larger than a sheet is measured in bands
    for start in range(0, n, step):
        part = slice(start, start + step)
        for top in range(0, height, rows):
            levels[part] += _moments(stack[part, top : top + rows])
            edges[part] += _moments(_laplacian(stack[part, max(top - 1, 0) : top + rows + 1]))
    mean, spread = _mean_and_variance(levels, height * width)
    _, sharpness = _mean_and_variance(edges, max(height - 2, 0) * max(width - 2, 0))
    return np.stack([mean / 255, np.sqrt(spread) / 255, sharpness / 255**2], axis=1).astype(np.float32)


def _laplacian(stack: Gray) -> NDArray[np.int16]:
    """4-neighbour Laplacian of the inner pixels: int16 (n, height - 2, width - 2), empty under 3x3."""
    g = stack.astype(np.int16)
    return g[:, :-2, 1:-1] + g[:, 2:, 1:-1] + g[:, 1:-1, :-2] + g[:, 1:-1, 2:] - 4 * g[:, 1:-1, 1:-1]


def _moments(values: NDArray[Any]) -> NDArray[np.float64]:
    """Sum and sum of squares of each picture, float64 (n, 2); whole numbers, so exact in any order."""
    flat = values.reshape(len(values), -1)
    squares = np.einsum("ij,ij->i", flat, flat, dtype=np.float64)
    return np.stack([flat.sum(axis=1, dtype=np.int64), squares], axis=1)


def _mean_and_variance(moments: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    mean, square = moments.T / max(count, 1)
    return np.stack([mean, np.maximum(square - mean**2, 0)])
