"""A quick judge of labels: kernel ridge classification in which no picture is judged by its own label.

A Gaussian kernel between every face and some thousands of others (Nyström's approximation, Williams and Seeger
2001), summed over a face and its mirror image, then least squares on the labels. What the model would say of a
picture had it not been fitted on it, or on its group, follows from the residuals and the hat matrix without
fitting again (Allen 1974; for groups, the same with blocks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.special import softmax

from fer_core.explore.features import Features

LANDMARKS = 4000
PENALTY = 0.3
_WIDTH = 1.5  # over the median squared distance between two faces
_BLOCK = 4096
_CENTERED_ON = 4096  # pictures
_ROOM = 1 << 30  # bytes of the kernel to keep; beyond, its rows are computed twice

Tell = Callable[[str], None]


def held_out_scores(
    features: Features, targets: np.ndarray, groups: np.ndarray, seed: int = 0, tell: Tell = lambda what: None
) -> np.ndarray:
    """What a model fitted on the other groups says of every picture.

    Args:
        features: of n pictures.
        targets: float (n, classes), rows sum to 1.
        groups: int64 (n,): pictures of one group are held out together.
        seed: which pictures are the landmarks.
        tell: told what is being done.

    Returns:
        float64 (n, classes): about 1 for the class it sees, 0 for others.
    """
    tell("Comparing faces")
    order = np.argsort(groups, kind="stable")
    blocks = list(_whole_groups(groups[order]))
    kernel = _Kernel(features, order, seed)
    mean = targets.mean(axis=0)
    wanted = (targets - mean)[order].astype(np.float32)
    normal = np.zeros((kernel.width, kernel.width), dtype=np.float32)
    moment = np.zeros((kernel.width, targets.shape[1]), dtype=np.float32)
    for block in blocks:
        rows = kernel.rows(block)
        normal += rows.T @ rows
        moment += rows.T @ wanted[block]
    tell("Fitting")
    normal[np.diag_indices_from(normal)] += PENALTY
    factor = cholesky(normal, lower=True, overwrite_a=True, check_finite=False)
    weights = solve_triangular(factor, moment, lower=True, check_finite=False)
    tell("Judging")
    held_out = np.empty(wanted.shape, dtype=np.float32)
    for block in blocks:
        hat = solve_triangular(factor, kernel.rows(block).T, lower=True, check_finite=False)
        residual = wanted[block] - hat.T @ weights
        held_out[block] = wanted[block] - _without_own(hat, residual, groups[order[block]])
    result = np.empty(targets.shape)
    result[order] = held_out + mean
    return result


def _without_own(hat: np.ndarray, residual: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Residuals as they would be without the picture's group; `hat` (d, n) is a root of the hat matrix."""
    leverage = np.einsum("dn,dn->n", hat, hat)
    result = residual / np.maximum(1 - leverage, 1e-3)[:, None]
    first, size = np.unique(groups, return_index=True, return_counts=True)[1:]
    for start, count in zip(first[size > 1], size[size > 1], strict=True):
        own = slice(start, start + count)
        inside = hat[:, own].T @ hat[:, own]
        result[own] = np.linalg.solve(np.eye(count) * (1 + 1e-6) - inside, residual[own])
    return np.asarray(result)


class _Kernel:
    """Similarity of pictures, either way round, to the landmarks, centred; kept where there is room for it."""

    def __init__(self, features: Features, order: np.ndarray, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._features, self._order = features, order
        self._marks = features.plain[rng.permutation(len(order))[:LANDMARKS]]
        some = features.plain[rng.permutation(len(order))[:600]]
        typical = float(np.median(_squared(some[::2], some[1::2])))
        self._scale = -_WIDTH / max(typical, 1e-9)
        self.width = len(self._marks)
        self._center = self._similarity(rng.permutation(len(order))[:_CENTERED_ON]).mean(axis=0)
        self._keep = 4 * len(order) * self.width <= _ROOM
        self._kept: dict[int, np.ndarray] = {}

    def rows(self, block: slice) -> np.ndarray:
        """float32 (n, landmarks) of a block of the order."""
        known = self._kept.get(block.start)
        if known is not None:
            return known
        rows = self._similarity(self._order[block]) - self._center
        if self._keep:
            self._kept[block.start] = rows
        return np.asarray(rows)

    def _similarity(self, which: np.ndarray) -> np.ndarray:
        total = np.zeros((len(which), self.width), dtype=np.float32)
        for side in (self._features.plain, self._features.mirrored):
            square = _squared(side[which], self._marks)
            square *= self._scale
            total += np.exp(square, out=square)
        return total


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances of all rows of a to all rows of b."""
    square = a @ b.T
    square *= -2
    square += (a * a).sum(axis=1)[:, None]
    square += (b * b).sum(axis=1)
    return np.asarray(np.maximum(square, 0, out=square))


def _whole_groups(ordered: np.ndarray) -> Iterator[slice]:
    """Slices of about `_BLOCK` rows that split no group of the sorted array."""
    starts = np.append(np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1)), len(ordered))
    begin = 0
    while begin < len(ordered):
        end = int(starts[np.searchsorted(starts, min(begin + _BLOCK, len(ordered)), side="left")])
        yield slice(begin, end)
        begin = end


def neighbour_shares(
    vectors: np.ndarray, targets: np.ndarray, groups: np.ndarray, count: int = 20, seed: int = 0
) -> np.ndarray:
    """Share of every class among the nearest faces of other groups, by cosine similarity.

    Args:
        vectors: float32 (n, d).
        targets: float (n, classes), rows sum to 1.
        groups: int64 (n,): a picture's own group is not asked.
        count: neighbours.
        seed: which pictures are asked where there are more than 30,000.

    Returns:
        float64 (n, classes), rows sum to 1.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(length, 1e-9)
    asked = np.random.default_rng(seed).permutation(len(unit))[:30_000]
    others, owner = np.ascontiguousarray(unit[asked].T), groups[asked]
    count = min(count, len(asked) - 1)
    shares = np.empty(targets.shape)
    for start in range(0, len(unit), 1024):
        block = slice(start, start + 1024)
        near = unit[block] @ others
        near[groups[block][:, None] == owner] = -2
        best = np.argpartition(-near, count - 1, axis=1)[:, :count]
        known = np.take_along_axis(near, best, axis=1) > -2
        votes = (targets[asked][best] * known[:, :, None]).sum(axis=1)
        shares[block] = votes / np.maximum(known.sum(axis=1), 1)[:, None]
    return shares


def tempered(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Probabilities from logits, at the temperature at which they explain the targets best (Guo et al. 2017)."""
    temperatures = np.geomspace(0.02, 8, 60)
    losses = [-(targets * np.log(softmax(logits / t, axis=1) + 1e-12)).sum() for t in temperatures]
    return np.asarray(softmax(logits / temperatures[int(np.argmin(losses))], axis=1))
