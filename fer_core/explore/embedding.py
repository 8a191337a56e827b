"""Faces on a map: two coordinates each, so that faces alike lie together.

`pca` takes a second for tens of thousands of faces. `tsne` (van der Maaten and Hinton 2008; openTSNE's Barnes-Hut
implementation) shows far more structure and takes minutes, so it lays out a spread sample and puts every other face
among its nearest neighbours of the sample, as openTSNE's `transform` starts out.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.jobs.reporter import ProgressFn

METHODS = ("pca", "tsne")
SAMPLE = 5000
"""Faces that t-SNE lays out itself."""
_INPUTS = 50  # principal components that t-SNE sees
_NEIGHBOURS = 5
_ITERATIONS, _EXAGGERATED = 375, 125  # of 750 and 250, 47 of 100 nearest neighbours stay near too
_TOLD_EVERY = 25
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
        explained_variance: share of the variance that two principal components hold, 0..1; NaN for t-SNE.
    """

    points: NDArray[np.float32]
    laid: NDArray[np.bool_]
    explained_variance: float


def stratified_sample(groups: NDArray[np.int64], size: int, seed: int = 0) -> NDArray[np.int64]:
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


def principal_components(vectors: Array, keep: int, seed: int = 0) -> tuple[NDArray[np.float32], float]:
    """Principal components, largest first: float32 (n, keep), and the share of the variance they hold.

    The sign of each is fixed (its largest loading is positive), so that a map is the same again.
    """
    if len(vectors) < 2:
        return np.zeros((len(vectors), keep), np.float32), 0.0
    some = vectors
    if len(vectors) > _FITTED_ON:
        some = vectors[np.random.default_rng(seed).choice(len(vectors), _FITTED_ON, replace=False)]
    from sklearn.decomposition import PCA  # takes a second to import, and only maps need it

    model = PCA(min(keep, *some.shape), svd_solver="covariance_eigh").fit(some)
    found = np.zeros((len(vectors), keep), np.float32)
    found[:, : model.n_components_] = model.transform(vectors)
    share = float(model.explained_variance_ratio_.sum())
    return found, share if np.isfinite(share) else 0.0


def lay_out(
    vectors: Array,
    groups: NDArray[np.int64],
    method: str = "pca",
    *,
    sample: int = SAMPLE,
    progress: ProgressFn | None = None,
) -> Layout:
    """Two coordinates for every vector.

    Args:
        vectors: float (n, d).
        groups: int64 (n,), what the sample of t-SNE must hold in proportion.
        method: one of `METHODS`.
        sample: faces that t-SNE lays out itself.
        progress: told how many iterations are done.

    Raises:
        FerError: no such method.
    """
    if method not in METHODS:
        raise FerError(f"The method must be one of {', '.join(METHODS)}", received=method)
    if method == "pca" or len(vectors) < 8:
        points, explained = principal_components(vectors, 2)
        return Layout(_scaled(points), np.ones(len(vectors), bool), explained)
    inputs, _ = principal_components(vectors, min(_INPUTS, vectors.shape[1]))
    chosen = stratified_sample(groups, sample)
    laid = _tsne(inputs[chosen], progress)
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


def _tsne(inputs: NDArray[np.float32], progress: ProgressFn | None) -> NDArray[np.float32]:
    from openTSNE import TSNE  # takes seconds to import, and only this needs it

    done = itertools.count(_TOLD_EVERY, _TOLD_EVERY)

    def tell(step: int, error: float, points: Array) -> bool:
        """`step` begins anew after the exaggeration; False: it goes on."""
        if progress:
            progress(next(done), _ITERATIONS, "steps of the layout")
        return False

    if progress:
        progress(0, _ITERATIONS, "steps of the layout")
    model = TSNE(
        perplexity=min(30.0, (len(inputs) - 1) / 3),
        initialization="pca",
        early_exaggeration_iter=_EXAGGERATED,
        n_iter=_ITERATIONS - _EXAGGERATED,
        neighbors="exact",
        negative_gradient_method="bh",
        # Threads that wait for each other at every step cost more than they save while there are few points.
        n_jobs=-1 if len(inputs) > _THREADS_FROM else 1,
        random_state=0,
        callbacks=tell,
        callbacks_every_iters=_TOLD_EVERY,
    )
    return np.asarray(model.fit(inputs), np.float32)


def _among(
    known: NDArray[np.float32],
    laid: NDArray[np.float32],
    others: NDArray[np.float32],
    progress: ProgressFn | None,
) -> NDArray[np.float32]:
    """Each at the mean of its nearest neighbours' places, the nearer the heavier."""
    from sklearn.neighbors import NearestNeighbors

    result = np.empty((len(others), 2), np.float32)
    finder = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(known)), algorithm="brute").fit(known)
    for start in range(0, len(others), _BLOCK):
        part = others[start : start + _BLOCK]
        apart, near = finder.kneighbors(part)
        weight = 1 / (apart + 1e-6)
        weight /= weight.sum(axis=1, keepdims=True)
        result[start : start + len(part)] = np.einsum("nk,nkc->nc", weight, laid[near])
        if progress:
            progress(start + len(part), len(others), "faces put on the map")
    return result
