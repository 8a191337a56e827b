"""Can a small model tell two sources apart? If it can, a classifier may learn the source instead of the face.

A class that is filled from one other source carries that source's camera, compression and framing. Where a
linear model on gradients, tone and spectrum tells the sources apart within the class, far better than chance,
the filled class may be recognised by its source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_core.base.statistics import Z95

FOLDS = 5
MIN_IMAGES = 20
"""Images of each source below which nothing can be said."""
_MOST = 600
_PENALTY = 1.0


@dataclass(frozen=True)
class Probe:
    """How well the sources can be told apart.

    Attributes:
        auroc: probability that the model ranks a new picture above an old one, out of fold; 0.5 is chance.
        low, high: its 95 % interval (Hanley and McNeil, 1982).
        old, new: pictures of each source the model saw.
    """

    auroc: float
    low: float
    high: float
    old: int
    new: int

    @property
    def verdict(self) -> str:
        """ "good" where chance cannot be ruled out or it is below .6, "warn" below .75, else "bad"."""
        if self.low <= 0.5 or self.auroc < 0.6:
            return "good"
        return "warn" if self.auroc < 0.75 else "bad"


def probe(old: NDArray[np.uint8], new: NDArray[np.uint8], seed: int = 0) -> Probe | None:
    """Train a linear model to tell two stacks of faces of one class apart, and measure it out of fold.

    Args:
        old, new: uint8 (n, 48, 48) and (m, 48, 48) gray; at most 600 of each are looked at.
        seed: which ones, and the folds.

    Returns:
        None where one of the two has fewer than 20 pictures.
    """
    if min(len(old), len(new)) < MIN_IMAGES:
        return None
    from sklearn.linear_model import RidgeClassifier  # takes a second to import
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    rng = np.random.default_rng(seed)
    picked = [stack[np.sort(rng.permutation(len(stack))[:_MOST])] for stack in (old, new)]
    pictures = np.concatenate(picked)
    truth = np.repeat([0, 1], [len(stack) for stack in picked])
    features = _features(pictures)
    scores = np.zeros(len(truth))
    for train, held in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, truth):
        linear = RidgeClassifier(_PENALTY, class_weight="balanced", solver="cholesky")
        model = linear.fit(features[train], truth[train])
        scores[held] = model.decision_function(features[held])
    auroc = float(roc_auc_score(truth, scores))
    spread = Z95 * _standard_error(auroc, len(picked[1]), len(picked[0]))
    low, high = max(auroc - spread, 0.0), min(auroc + spread, 1.0)
    return Probe(auroc, low, high, len(picked[0]), len(picked[1]))


def _features(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Gradient histograms beside tone (brightness, contrast) and power by spatial frequency.

    Each of the two blocks is standardised and has length 1 on average, so that three numbers about the light
    weigh as much as nine hundred about the face.
    """
    size = pictures.shape[1]
    describer = cv2.HOGDescriptor((size, size), (16, 16), (8, 8), (8, 8), 9)
    gradients = [np.ravel(np.asarray(describer.compute(np.ascontiguousarray(face)))) for face in pictures]
    levels = pictures.astype(np.float64)
    tone = [levels.mean(axis=(1, 2)), levels.std(axis=(1, 2))]
    power = np.abs(np.fft.fftshift(np.fft.fft2(levels), axes=(1, 2))) ** 2
    off = np.arange(size) - size // 2
    ring = np.minimum(np.hypot(*np.meshgrid(off, off)).astype(int), size // 2 - 1)
    flat = power.reshape(len(power), -1)
    spectrum = [np.log1p(flat[:, ring.ravel() == radius].mean(axis=1)) for radius in range(size // 2)]
    return np.column_stack([_standard(np.stack(gradients)), _standard(np.column_stack([*tone, *spectrum]))])


def _standard(block: NDArray[Any]) -> NDArray[np.float64]:
    spread = np.maximum(block.std(axis=0), 1e-9)
    return np.asarray((block - block.mean(axis=0)) / spread / math.sqrt(block.shape[1]))


def _standard_error(auroc: float, positive: int, negative: int) -> float:
    """Of an area under the curve, after Hanley and McNeil (Radiology 143, 1982)."""
    first, second = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = auroc * (1 - auroc)
    variance += (positive - 1) * (first - auroc**2) + (negative - 1) * (second - auroc**2)
    return math.sqrt(max(variance, 0.0) / (positive * negative))
