"""Making probabilities mean what they say, and saying "uncertain" where they do not suffice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_core.base.arrays import Floats, Ints

LOWEST, HIGHEST = 0.05, 20.0
_GOLDEN = (5**0.5 - 1) / 2
_TINY = 1e-30
_RIGHT = 0.02  # a temperature so near 1 changes no probability by more than a rounding


def scaled(p: Floats, temperature: float) -> Floats:
    """Probabilities at another temperature (Guo et al., ICML 2017): softmax(log p / T). float64 (n, classes)."""
    logits = np.log(np.maximum(p, _TINY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(truth: Ints, p: Floats) -> float:
    """The temperature with the smallest log loss, between .05 and 20; fit it on validation, never on test.

    The loss is convex in 1 / T, so a golden-section search over log T finds its one minimum.
    """
    logits = np.log(np.maximum(p, _TINY))
    logits -= logits.max(axis=1, keepdims=True)
    given = float(logits[np.arange(len(truth)), truth].mean())

    def loss(log_temperature: float) -> float:
        slope = float(np.exp(-log_temperature))
        return float(np.log(np.exp(logits * slope).sum(axis=1)).mean()) - slope * given

    low, high = float(np.log(LOWEST)), float(np.log(HIGHEST))
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(40):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return float(np.exp((low + high) / 2))


def direction(temperature: float) -> str:
    """What a fitted temperature says of a model: "too sure", "too timid" or "about right"."""
    if abs(temperature - 1) <= _RIGHT:
        return "about right"
    return "too sure" if temperature > 1 else "too timid"


def threshold_for(curve: pd.DataFrame, precision: float) -> dict[str, float] | None:
    """The lowest threshold at which answers are right as often as wanted.

    Args:
        curve: `curves.risk_coverage` of validation.
        precision: wanted share of right answers among those given, 0..1.

    Returns:
        threshold, coverage (share of images answered) and precision (reached); None where no threshold reaches it.
    """
    good = curve[curve["precision"] >= precision]
    if good.empty:
        return None
    return {str(name): float(value) for name, value in good.iloc[-1].items()}
