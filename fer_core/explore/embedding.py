"""Faces on a map: two coordinates each, so that faces alike lie together.

`pca` takes a second for tens of thousands of faces. `tsne` (van der Maaten and Hinton 2008; scikit-learn's Barnes-Hut
implementation) shows far more structure and takes minutes, so it lays out a spread sample and puts every other face
among its nearest neighbours of the sample, as openTSNE's `transform` starts out.
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_core.errors import FerError
from fer_core.jobs import ProgressFn

METHODS = ("pca", "tsne")
SAMPLE = 5000
"""Faces that t-SNE lays out itself."""
_INPUTS = 50  # principal components that t-SNE sees
_NEIGHBOURS = 5
_ITERATIONS = 750
_THREADS_FROM = 2000
_FITTED_ON = 20_000
_BLOCK = 2048

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Layout:
    """Places on the map.

    Attributes:
        points: float32 (n, 2), scaled to -1..1.
        laid: bool (n,), whether a point was laid out itself; the others stand among their neighbours.
        explained: share of the variance that two principal components hold, 0..1; NaN for t-SNE.
    """

    points: NDArray[np.float32]
    laid: NDArray[np.bool_]
    explained: float


def spread_sample(groups: NDArray[np.int64], size: int, seed: int = 0) -> NDArray[np.int64]:
    """Places of `size` items, every group in proportion and none left out while there is room; int64, sorted.

    Args:
        groups: int64 (n,), such as class and split of each item.
        size: how many; all where there are no more.
        seed: of the draw.
    """
    if len(groups) <= size:
        return np.arange(len(groups))
    draw = np.random.default_rng(seed)
    codes, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    # Within each group a random order, its items at even distances in 0..1: the lowest of all are the sample.
    order = draw.permutation(len(groups))
    order = order[np.argsort(inverse[order], kind="stable")]
    rank = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = (rank + draw.random(len(codes)).repeat(counts) * 1e-3) / counts.repeat(counts)
    return np.sort(order[np.argsort(keys, kind="stable")[:size]])


def components(vectors: Array, keep: int, seed: int = 0) -> tuple[NDArray[np.float32], float]:
    """Principal components, largest first: float32 (n, keep), and the share of the variance they hold.

    The sign of each is fixed (its largest loading is positive), so that a map is the same again.
    """
    if not len(vectors):
        return np.zeros((0, keep), np.float32), 0.0
    some = vectors
    if len(vectors) > _FITTED_ON:
        some = vectors[np.random.default_rng(seed).choice(len(vectors), _FITTED_ON, replace=False)]
    mean = some.mean(axis=0)
    centred = some - mean
    values, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    values, directions = values[::-1][:keep], directions[:, ::-1][:, :keep]
    directions = directions * np.sign(
        directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
    )
    total = float(np.square(centred, dtype=np.float64).sum())
    found = np.zeros((len(vectors), keep), np.float32)
    found[:, : directions.shape[1]] = (vectors - mean) @ directions.astype(np.float32)
    return found, float(values.clip(0).sum() / total) if total > 0 else 0.0


def lay_out(
    vectors: Array,
    groups: NDArray[np.int64],
    method: str = "pca",
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    progress: ProgressFn | None = None,
) -> Layout:
    """Two coordinates for every vector.

    Args:
        vectors: float (n, d).
        groups: int64 (n,), what the sample of t-SNE must hold in proportion.
        method: one of `METHODS`.
        sample: faces that t-SNE lays out itself.
        seed: of the sample; the layout itself starts from the principal components.
        progress: told how many iterations are done.

    Raises:
        FerError: no such method.
    """
    if method not in METHODS:
        raise FerError(f"The method must be one of {', '.join(METHODS)}", received=method)
    if method == "pca" or len(vectors) < 8:
        points, explained = components(vectors, 2, seed)
        return Layout(_scaled(points), np.ones(len(vectors), bool), explained)
    inputs, _ = components(vectors, min(_INPUTS, vectors.shape[1]), seed)
    chosen = spread_sample(groups, sample, seed)
    laid = _tsne(inputs[chosen], seed, progress)
    points = np.empty((len(vectors), 2), np.float32)
    points[chosen] = laid
    rest = np.setdiff1d(np.arange(len(vectors)), chosen, assume_unique=True)
    points[rest] = _among(inputs[chosen], laid, inputs[rest], progress)
    own = np.zeros(len(vectors), bool)
    own[chosen] = True
    return Layout(_scaled(points), own, float("nan"))


def _scaled(points: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(points):
        return points
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    reach = max(float(np.abs(points - middle).max()), 1e-9)
    return np.asarray((points - middle) / reach, np.float32)


def _tsne(inputs: NDArray[np.float32], seed: int, progress: ProgressFn | None) -> NDArray[np.float32]:
    from sklearn.manifold import TSNE  # takes seconds to import, and only this needs it
    from threadpoolctl import threadpool_limits

    perplexity = min(30.0, (len(inputs) - 1) / 3)
    model = TSNE(
        2, perplexity=perplexity, init="pca", learning_rate="auto", max_iter=_ITERATIONS, random_state=seed,
        verbose=2 if progress else 0, n_jobs=-1,
    )  # fmt: skip
    # Threads that wait for each other at every step cost more than they save while there are few points.
    with threadpool_limits(None if len(inputs) > _THREADS_FROM else 1, user_api="openmp"):
        if progress is None:
            return np.asarray(model.fit_transform(inputs), np.float32)
        progress(0, _ITERATIONS, "steps of the layout")
        with contextlib.redirect_stdout(_Watch(progress)):
            return np.asarray(model.fit_transform(inputs), np.float32)


class _Watch(io.StringIO):
    """Reads from what scikit-learn prints how far it is; it has no other way to tell."""

    def __init__(self, progress: ProgressFn) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str) -> int:
        if found := re.search(r"Iteration (\d+)", text):
            self._progress(min(int(found[1]), _ITERATIONS), _ITERATIONS, "steps of the layout")
        return len(text)


def _among(
    known: NDArray[np.float32],
    laid: NDArray[np.float32],
    others: NDArray[np.float32],
    progress: ProgressFn | None,
) -> NDArray[np.float32]:
    """Each at the mean of its nearest neighbours' places, the nearer the heavier."""
    result = np.empty((len(others), 2), np.float32)
    lengths = np.einsum("nd,nd->n", known, known)
    count = min(_NEIGHBOURS, len(known))
    for start in range(0, len(others), _BLOCK):
        part = others[start : start + _BLOCK]
        apart = lengths[None] - 2 * part @ known.T + np.einsum("nd,nd->n", part, part)[:, None]
        near = np.argpartition(apart, count - 1, axis=1)[:, :count]
        weight = 1 / (np.sqrt(np.maximum(np.take_along_axis(apart, near, 1), 0)) + 1e-6)
        weight /= weight.sum(axis=1, keepdims=True)
        result[start : start + len(part)] = np.einsum("nk,nkc->nc", weight, laid[near])
        if progress:
            progress(start + len(part), len(others), "faces put on the map")
    return result
