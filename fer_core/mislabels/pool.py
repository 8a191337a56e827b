"""Several opinions about labels as one: a logarithmic pool whose weights are learned from the labels themselves.

The pooled logits are the weighted sum of the opinions' log-probabilities (Genest and Zidek 1986). The weights, none
below zero, are those with which the pool explains the given labels best. Because every opinion is out of sample,
that is a fair question; an opinion that adds nothing gets no weight, whoever made it. With one opinion it is
temperature scaling (Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy  # its parts load when first used

_FLOOR = 1e-6
"""Probabilities below count as this: one zero must not outvote everybody."""


def logs(probabilities: np.ndarray, floor: float = _FLOOR) -> np.ndarray:
    """Log-probabilities, float64 (n, classes), of rows that sum to 1."""
    return np.asarray(np.log(np.maximum(probabilities, floor)))


def pooled_weights(opinions: Sequence[np.ndarray], targets: np.ndarray) -> np.ndarray:
    """float64 (k,), none below 0: the weights with which the opinions explain the targets best.

    Args:
        opinions: k times float64 (n, classes), log-probabilities.
        targets: float64 (n, classes), rows sum to 1.
    """
    stacked = np.stack([np.asarray(one, dtype=np.float64) for one in opinions])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = np.tensordot(weights, stacked, 1)
        miss = scipy.special.softmax(logits, axis=1) - targets
        value = -(targets * scipy.special.log_softmax(logits, axis=1)).sum() / len(targets)
        return float(value), np.einsum("knc,nc->k", stacked, miss) / len(targets)

    start = np.full(len(stacked), 1 / len(stacked))
    # The upper bound matters for tiny sets alone, which can be explained perfectly.
    found = scipy.optimize.minimize(
        loss, start, jac=True, bounds=[(0.0, 20.0)] * len(stacked), method="L-BFGS-B"
    )
    return np.asarray(found.x)


def pooled(opinions: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """float64 (n, classes): the logits of the pool."""
    return np.asarray(np.tensordot(weights, np.stack(opinions), 1))
