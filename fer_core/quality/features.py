"""What a face looks like, in numbers: gradients at two scales, for the picture and its mirror image.

Histograms of oriented gradients (Dalal and Triggs 2005, OpenCV's implementation) with cells of 8 and of 6 pixels,
reduced by principal components. They need no training and take seconds for tens of thousands of faces.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from scipy.linalg import eigh

_CELLS = (8, 6)
_BINS = 9
COMPONENTS = 400
_BLOCK = 4096


def hog(pixels: np.ndarray) -> np.ndarray:
    """Gradient histograms of uint8 (n, 48, 48) pictures; float32 (n, 2664)."""
    size = pixels.shape[1]
    describers = [
        cv2.HOGDescriptor((size, size), (2 * cell, 2 * cell), (cell, cell), (cell, cell), _BINS)
        for cell in _CELLS
    ]
    rows = [
        np.concatenate([np.asarray(d.compute(face)).ravel() for d in describers])
        for face in map(np.ascontiguousarray, pixels)
    ]
    return np.stack(rows).astype(np.float32)


def describe(pixels: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of every picture and of its mirror image.

    Args:
        pixels: uint8 (n, 48, 48) gray.
        seed: which pictures the principal components are fitted on, where there are many.

    Returns:
        two float32 (n, d) arrays, d at most 400, from the same projection.
    """
    sample = np.random.default_rng(seed).permutation(len(pixels))[:8000]
    fitted = hog(pixels[np.sort(sample)])
    mean = fitted.mean(axis=0)
    fitted -= mean
    directions = _principal(fitted)
    plain = [(hog(block) - mean) @ directions for block in _blocks(pixels)]
    mirrored = [(hog(block[:, :, ::-1]) - mean) @ directions for block in _blocks(pixels)]
    return np.concatenate(plain), np.concatenate(mirrored)


def _principal(centred: np.ndarray) -> np.ndarray:
    """The first principal directions of float32 (n, d) as columns, by the smaller of its two Gram matrices."""
    n, d = centred.shape
    wide = n < d
    gram = centred @ centred.T if wide else centred.T @ centred
    keep = min(COMPONENTS, len(gram))
    values, vectors = eigh(gram, subset_by_index=(len(gram) - keep, len(gram) - 1), check_finite=False)
    solid = values > values[-1] * 1e-6
    vectors = vectors[:, solid]
    return centred.T @ vectors / np.sqrt(values[solid]) if wide else vectors


def _blocks(pixels: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(pixels), _BLOCK):
        yield pixels[start : start + _BLOCK]
