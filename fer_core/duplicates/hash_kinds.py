"""The perceptual hashes to choose from, for many pictures at once, equal to imagehash's bit for bit.

pHash compares the lowest frequencies of a picture with their median, dHash neighbouring pixels, aHash pixels with
their mean, wHash the lowest Haar wavelet coefficients with their median. All have 64 bits.

    hashes(pixels, "dhash")[0] == int(str(imagehash.dhash(Image.fromarray(pixels[0]))), 16)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pywt
from numpy.typing import NDArray
from PIL import Image

from fer_core.base.arrays import Pixels
from fer_core.base.errors import FerError
from fer_core.data.image_measures import phash_stack

HASHES: tuple[str, ...] = ("phash", "dhash", "ahash", "whash")
_SIDE = 8
_BLOCK = 2048


def hashes(pixels: Pixels, kind: str = "phash") -> NDArray[np.uint64]:
    """The hash of every picture.

    Args:
        pixels: uint8 (n, size, size) gray.
        kind: one of `HASHES`.

    Returns:
        uint64 (n,), the first bit of imagehash's matrix in the most significant place.

    Raises:
        FerError: an unknown kind.
    """
    if kind not in HASHES:
        raise FerError("The hash must be one of " + ", ".join(HASHES), received=kind)
    result = np.empty(len(pixels), dtype=np.uint64)
    for start in range(0, len(pixels), _BLOCK):
        block = pixels[start : start + _BLOCK]
        result[start : start + _BLOCK] = (
            phash_stack(block) if kind == "phash" else _packed(_BITS[kind](block))
        )
    return result


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    return np.packbits(bits.reshape(len(bits), -1), axis=1).view(">u8").ravel().astype(np.uint64)


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    size, lanczos = (width, height), Image.Resampling.LANCZOS
    return np.stack([np.asarray(Image.fromarray(picture).resize(size, lanczos)) for picture in pixels])


def _dhash(pixels: Pixels) -> NDArray[np.bool_]:
    small = _resized(pixels, _SIDE + 1, _SIDE)
    found: NDArray[np.bool_] = small[:, :, 1:] > small[:, :, :-1]
    return found


def _ahash(pixels: Pixels) -> NDArray[np.bool_]:
    small = _resized(pixels, _SIDE, _SIDE)
    found: NDArray[np.bool_] = small > small.mean(axis=(1, 2), keepdims=True)
    return found


def _whash(pixels: Pixels) -> NDArray[np.bool_]:
    side = max(2 ** int(np.log2(min(pixels.shape[1:]))), _SIDE)
    whole, kept = int(np.log2(side)), int(np.log2(_SIDE))
    small = _resized(pixels, side, side) / 255.0
    # imagehash first takes out the mean, by way of the coarsest coefficient.
    parts = pywt.wavedec2(small, "haar", level=whole, axes=(1, 2))
    parts[0] *= 0
    flat = pywt.waverec2(parts, "haar", axes=(1, 2))
    low = pywt.wavedec2(flat, "haar", level=whole - kept, axes=(1, 2))[0]
    found: NDArray[np.bool_] = low > np.median(low, axis=(1, 2), keepdims=True)
    return found


_BITS: dict[str, Callable[[Pixels], NDArray[np.bool_]]] = {"dhash": _dhash, "ahash": _ahash, "whash": _whash}
