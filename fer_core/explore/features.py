"""What a face looks like, in numbers: gradients at several scales, of the picture and of its mirror image.

Histograms of oriented gradients (Dalal and Triggs 2005, OpenCV's implementation) that tell light-to-dark from
dark-to-light, each reduced by principal components. They need no training and take seconds for tens of thousands
of faces. The mirrored picture's histogram is the same one with cells and directions swapped.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

_FITTED_ON = 6000
_BLOCK = 1024


@dataclass(frozen=True)
class _Scale:
    """One histogram: the picture's side when it is taken, cell side, directions, components kept."""

    side: int
    cell: int
    bins: int
    components: int

    def histogram(self, pixels: np.ndarray) -> np.ndarray:
        """float32 (n, d) of uint8 (n, 48, 48)."""
        box, cell = (2 * self.cell, 2 * self.cell), (self.cell, self.cell)
        describer: Any = cv2.HOGDescriptor(
            (self.side, self.side), box, cell, cell, self.bins, 1, -1, 0, 0.2, False, 64, True
        )
        rows = []
        for face in map(np.ascontiguousarray, pixels):
            if self.side != face.shape[0]:
                face = cv2.resize(face, (self.side, self.side), interpolation=cv2.INTER_CUBIC)
            rows.append(np.ravel(describer.compute(face)))
        return np.stack(rows).astype(np.float32)

    def mirror(self, histogram: np.ndarray) -> np.ndarray:
        """The histogram of the mirrored pictures, but for gradients that point along the edge of a direction."""
        blocks = self.side // self.cell - 1
        columns = histogram.reshape(
            -1, blocks, blocks, 2, 2, self.bins
        )  # OpenCV goes down before it goes right
        opposite = (self.bins // 2 - 1 - np.arange(self.bins)) % self.bins
        return columns[:, ::-1, :, ::-1, :, opposite].reshape(histogram.shape)


_SCALES = (_Scale(48, 8, 18, 250), _Scale(48, 6, 12, 250), _Scale(96, 16, 18, 250), _Scale(96, 24, 18, 150))


@dataclass(frozen=True)
class Features:
    """float32 (n, d) of the pictures and of their mirror images; each scale's components, the largest first."""

    plain: np.ndarray
    mirrored: np.ndarray
    scales: tuple[int, ...]

    def leading(self, components: int) -> np.ndarray:
        """float32 (n, d'): the first components of every scale, plain and mirrored added: blind to mirroring."""
        starts = np.cumsum((0, *self.scales[:-1]))
        kept = np.concatenate(
            [s + np.arange(min(n, components)) for s, n in zip(starts, self.scales, strict=True)]
        )
        return np.asarray(self.plain[:, kept] + self.mirrored[:, kept])


def describe(pixels: np.ndarray, seed: int = 0) -> Features:
    """Features of uint8 (n, 48, 48) gray pictures; `seed` chooses those the components are fitted on, if many."""
    fitted_on = pixels[np.sort(np.random.default_rng(seed).permutation(len(pixels))[:_FITTED_ON])]
    blocks = [pixels[start : start + _BLOCK] for start in range(0, len(pixels), _BLOCK)]
    # Threads of BLAS wait for each other busily: where others use the processors, that takes six times as long.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        reducers = list(threads.map(lambda scale: _Reducer.fit(scale, fitted_on, seed), _SCALES))
        parts = list(threads.map(lambda block: [reducer.reduced(block) for reducer in reducers], blocks))
    plain, mirrored = (
        np.concatenate([np.hstack([both[side] for both in part]) for part in parts]) for side in (0, 1)
    )
    return Features(plain, mirrored, tuple(reducer.directions.shape[1] for reducer in reducers))


@dataclass(frozen=True)
class _Reducer:
    """The components of one scale: float32 mean (d,) and directions (d, kept) of its histograms."""

    scale: _Scale
    mean: np.ndarray
    directions: np.ndarray

    @classmethod
    def fit(cls, scale: _Scale, pixels: np.ndarray, seed: int) -> _Reducer:
        histogram = scale.histogram(pixels)
        mean = (histogram.mean(axis=0) + scale.mirror(histogram).mean(axis=0)) / 2
        return cls(scale, mean, _principal(histogram - mean, scale.components, seed))

    def reduced(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float32 (n, kept) of pictures, and of their mirror images."""
        histogram = self.scale.histogram(pixels)
        flipped = self.scale.mirror(histogram)
        return (histogram - self.mean) @ self.directions, (flipped - self.mean) @ self.directions


def _principal(centred: np.ndarray, keep: int, seed: int) -> np.ndarray:
    """The first principal directions of float32 (n, d) as columns, the most spread first.

    scikit-learn's randomized solver (Halko et al. 2011): the first tenth of the directions needs no full decomposition.
    """
    from sklearn.utils.extmath import randomized_svd  # takes a second to import

    _, spread, directions = randomized_svd(
        centred, min(keep, *centred.shape), n_oversamples=20, n_iter=3, random_state=seed
    )
    return np.asarray(directions[spread**2 > spread[0] ** 2 * 1e-6].T)
