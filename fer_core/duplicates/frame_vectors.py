"""Short vectors that stay alike when a picture is cropped, moved, resized or turned a little: they propose copies in
another frame, which `registration` then lays onto each other.

Histograms of oriented gradients (Dalal and Triggs 2005, OpenCV's) bear crops, sizes and turns, the amplitudes of a
windowed Fourier transform bear moves. Both are whitened by principal components of faces, `models/shipped/frames.npz`, which
`models/shipped/frames.py` makes; they are fixed, so that pictures can be compared with those of years ago.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_core.base.arrays import Float32s, Pixels
from fer_core.base.errors import FerError

SIDE = 48
ZOOM = 1.18
"""How much larger the middle of a picture is shown to find copies of another size."""
_SHARES = (0.65, 0.35)
_FILE = Path(__file__).resolve().parents[2] / "models" / "shipped" / "frames.npz"
_FREQUENCIES = 16
_GRADIENTS: Any = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)


def describe(pixels: Pixels) -> tuple[Float32s, Float32s]:
    """float32 (n, 900) gradients and float32 (n, 496) log amplitudes of uint8 (n, 48, 48)."""
    gradients = [np.ravel(_GRADIENTS.compute(np.ascontiguousarray(face))) for face in pixels]
    return np.array(gradients, np.float32).reshape(len(pixels), 900), _amplitudes(pixels)


def vectors(pixels: Pixels, zoom: float = 1.0) -> Float32s:
    """float32 (n, 160) of length 1, of uint8 (n, 48, 48); of their middle where `zoom` is more than 1.

    Raises:
        FerError: the file of components is missing.
    """
    parts = []
    for values, mean, directions, share in zip(
        describe(_zoomed(pixels, zoom)), *_components(), _SHARES, strict=True
    ):
        part = (values - mean) @ directions
        part *= np.sqrt(share) / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-6)
        parts.append(part)
    return np.hstack(parts)


def _amplitudes(pixels: Pixels) -> Float32s:
    """The lowest frequencies alone, by products with their waves: a fast Fourier transform makes all of them."""
    shown = pixels.astype(np.float32)
    shown -= shown.mean(axis=(1, 2), keepdims=True)
    shown /= shown.std(axis=(1, 2), keepdims=True) + 1
    waves = _waves()
    both = waves @ (shown.reshape(-1, SIDE) @ waves.T).reshape(len(pixels), SIDE, -1)
    (cc, cs), (sc, ss) = (
        (part[..., :_FREQUENCIES], part[..., _FREQUENCIES:]) for part in np.split(both, 2, axis=1)
    )
    up, down = np.hypot(cc - ss, cs + sc), np.hypot(cc + ss, cs - sc)
    low = np.concatenate([up, down[:, :0:-1]], axis=1)  # upward 0 to 15, then -15 to -1
    return np.asarray(np.log1p(low).reshape(len(pixels), -1), np.float32)


@cache
def _waves() -> Float32s:
    """float32 (2 * frequencies, 48): cosines, then sines, under the window."""
    angle = 2 * np.pi / SIDE * np.outer(np.arange(_FREQUENCIES), np.arange(SIDE))
    return np.asarray(np.concatenate([np.cos(angle), np.sin(angle)]) * np.hanning(SIDE + 2)[1:-1], np.float32)


def _zoomed(pixels: Pixels, zoom: float) -> Pixels:
    if zoom == 1:
        return pixels
    rest = (SIDE - 1) / 2 * (1 - zoom)
    onto = np.array([[zoom, 0, rest], [0, zoom, rest]], np.float32)
    return np.array([cv2.warpAffine(face, onto, (SIDE, SIDE)) for face in pixels], np.uint8)


@cache
def _components() -> tuple[tuple[Float32s, Float32s], tuple[Float32s, Float32s]]:
    """The means and the directions, each of gradients and of amplitudes."""
    if not _FILE.is_file():
        hint = "Restore it from the program's own files"
        raise FerError("The components that copies are searched with are missing", received=_FILE, hint=hint)
    with np.load(_FILE) as found:
        means, directions = (
            tuple(found[f"{what}_{name}"].astype(np.float32) for name in ("gradients", "amplitudes"))
            for what in ("mean", "directions")
        )
    return means, directions
