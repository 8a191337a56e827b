"""Faces that look alike: cosine similarity of small, standardised pictures.

Good enough to put "the nearest faces that carry this label" beside a doubtful one; no model needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SIDE = 24


def signatures(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """One vector per face: means of 2x2 blocks, brightness and contrast taken out, length 1.

    Args:
        pixels: uint8 (n, 48, 48).

    Returns:
        float32 (n, 576); zeros for a blank picture.
    """
    step = pixels.shape[1] // _SIDE
    result = np.empty((len(pixels), _SIDE * _SIDE), np.float32)
    for start in range(0, len(pixels), 4096):  # bounds memory: uint8 becomes float here
        part = np.asarray(pixels[start : start + 4096], np.float32)
        small = part.reshape(len(part), _SIDE, step, _SIDE, step).mean(axis=(2, 4)).reshape(len(part), -1)
        small -= small.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(small, axis=1, keepdims=True)
        result[start : start + len(part)] = np.divide(
            small, norm, out=np.zeros_like(small), where=norm > 1e-3
        )
    return result


def nearest_by_hash(
    pixels: NDArray[np.uint8],
    rows: NDArray[np.int64],
    phashes: NDArray[np.uint64],
    own: int,
    candidates: int = 4000,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The pictures most like one among very many, without a vector for each: those with the nearest perceptual
    hashes are compared pixel by pixel.

    Args:
        pixels: uint8 (m, 48, 48), all pictures of a dataset.
        rows: int64 (n,), which of them are looked at.
        phashes: uint64 (n,), of the same.
        own: place in `rows` of the picture itself; it is left out.
        candidates: pictures that are compared.

    Returns:
        Places in `rows`, best first, int64 (k,), and their similarities, float32 (k,), -1..1.
    """
    bits = np.bitwise_count(phashes ^ phashes[own]).astype(np.int16)
    bits[own] = 65
    count = min(candidates, len(rows) - 1)
    if count < 1:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    near = np.sort(np.argpartition(bits, count - 1)[:count])
    vectors = signatures(np.asarray(pixels[rows[near]]))
    similarity = vectors @ signatures(np.asarray(pixels[rows[own : own + 1]]))[0]
    best = np.argsort(-similarity, kind="stable")
    return near[best], similarity[best]
