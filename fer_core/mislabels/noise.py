"""How likely a label is right, given what the picture looks like and how labels go wrong in this set.

A label may be doubtful because the picture looks like another class, and because labels of its class are often
given to pictures of that other class. The second is learned from the set itself: confident learning (Northcutt,
Jiang and Chuang 2021, cleanlab's implementation) counts how often pictures of one true class carry another label.
With Bayes' rule, and noise that depends on the true class alone,

    p(true = j | picture) = sum over k of p(true = j | label = k) p(label = k | picture)
    p(true = j | picture, label = k) ~ p(label = k | true = j) p(true = j | picture)

where j = k says how likely the label is right. The score of a label is halfway, in log-odds, between what the
picture looks like (cleanlab's self-confidence) and this posterior: the first is surer about single pictures, the
second about classes.
"""

from __future__ import annotations

import warnings

import numpy as np
from cleanlab.count import compute_confident_joint, estimate_latent
from cleanlab.rank import get_label_quality_scores
from scipy.special import expit, logit

_FLOOR = 1e-9
_PRIOR = 1.0  # pictures added to every pair of classes, so that what was never seen is not impossible


def label_quality(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The score of each label, float64 (n,), 0..1, low is bad; arguments as `label_posterior`."""
    looks = get_label_quality_scores(labels, probabilities, method="self_confidence")
    right = label_posterior(labels, probabilities)
    halves = [logit(np.clip(half, _FLOOR, 1 - _FLOOR)) for half in (looks, right)]
    return np.asarray(expit((halves[0] + halves[1]) / 2))


def label_posterior(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """How likely each label is right, float64 (n,), 0..1.

    Args:
        labels: int64 (n,).
        probabilities: float64 (n, classes), of the *given* labels, out of sample; rows sum to 1.
    """
    present, own = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return np.ones(len(labels))
    seen = probabilities[:, present] + 1e-12
    seen /= seen.sum(axis=1, keepdims=True)
    given_true, true_given = noise_matrices(own, seen)
    true = seen @ true_given.T
    joint = given_true[own] * true
    right: np.ndarray = joint[np.arange(len(own)), own] / joint.sum(axis=1)
    return right


def noise_matrices(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p(label = k | true = j) at [k, j], columns summing to 1, and p(true = j | label = k) at [j, k], likewise.

    Args:
        labels: int64 (n,), every class occurring.
        probabilities: float64 (n, classes), out of sample.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes of few pictures, which the prior takes care of
        joint = compute_confident_joint(labels, probabilities, calibrate=True) + _PRIOR
        _, noise, inverse = estimate_latent(joint, labels)
    return np.asarray(noise), np.asarray(inverse)
