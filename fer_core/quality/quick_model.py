"""A quick judge of labels: kernel ridge classification, out of fold, in seconds.

A Gaussian kernel between every face and some thousands of others (Nyström's approximation, Williams and Seeger
2001), averaged over a face and its mirror image, then least squares on the labels. The normal equations are summed
once per fold, so leaving a fold out is a subtraction.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

LANDMARKS = 4000
_WIDTH = 1.5  # over the median squared distance between two faces
_PENALTIES = (0.3, 1.0, 3.0)

Tell = Callable[[str], None]


def out_of_fold(
    plain: np.ndarray, mirrored: np.ndarray, labels: np.ndarray, folds: np.ndarray, seed: int, tell: Tell
) -> np.ndarray:
    """Class probabilities of every picture from a model that has not seen its fold.

    Args:
        plain, mirrored: float32 (n, d) features of each picture and of its mirror image.
        labels: int64 (n,) class numbers from 0; every class in at least two folds.
        folds: int64 (n,) fold of each picture.
        seed: which pictures are the landmarks.
        tell: told what is being done.

    Returns:
        float64 (n, classes), rows sum to 1.
    """
    tell("Comparing faces")
    kernel = _kernel(plain, mirrored, seed)
    targets = np.eye(labels.max() + 1, dtype=np.float32)[labels]
    targets -= targets.mean(axis=0)
    parts = [folds == fold for fold in np.unique(folds)]
    gram = [kernel[part].T @ kernel[part] for part in parts]
    moment = [kernel[part].T @ targets[part] for part in parts]
    candidates = []
    for penalty in _PENALTIES:
        tell("Fitting")
        scores = np.empty(targets.shape)
        for part, own_gram, own_moment in zip(parts, gram, moment, strict=True):
            normal = sum(gram) - own_gram
            normal[np.diag_indices_from(normal)] += penalty
            factor = cho_factor(normal, overwrite_a=True, check_finite=False)
            weights = cho_solve(factor, sum(moment) - own_moment, check_finite=False)
            scores[part] = kernel[part] @ weights
        candidates.append(_calibrate(scores, labels, parts))
    return min(candidates, key=lambda p: log_loss(labels, p, labels=range(p.shape[1])))


def _kernel(plain: np.ndarray, mirrored: np.ndarray, seed: int) -> np.ndarray:
    """float32 (n, landmarks): similarity of each picture, either way round, to the landmarks; centred."""
    rng = np.random.default_rng(seed)
    marks = plain[rng.permutation(len(plain))[:LANDMARKS]]
    some = plain[rng.permutation(len(plain))[:600]]
    between = _squared(some[::2], some[1::2])
    scale = -_WIDTH / max(float(np.median(between)), 1e-9)
    kernel = np.exp(scale * _squared(plain, marks)) + np.exp(scale * _squared(mirrored, marks))
    kernel -= kernel.mean(axis=0)
    return kernel


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances of all rows of a to all rows of b."""
    square = a @ b.T
    square *= -2
    square += (a * a).sum(axis=1)[:, None]
    square += (b * b).sum(axis=1)
    return np.maximum(square, 0, out=square)


def _calibrate(scores: np.ndarray, labels: np.ndarray, parts: list[np.ndarray]) -> np.ndarray:
    """Probabilities from scores: logistic regression on the scores of the other folds."""
    result = np.empty_like(scores)
    for part in parts:
        known = np.unique(labels[~part])
        model = LogisticRegression(C=10.0, max_iter=300).fit(scores[~part], labels[~part])
        logits = np.full((int(part.sum()), scores.shape[1]), -30.0)
        raw = model.decision_function(scores[part])
        logits[:, known] = np.column_stack([-raw, raw]) / 2 if raw.ndim == 1 else raw
        result[part] = softmax(logits, axis=1)
    return result
