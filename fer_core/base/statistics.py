"""Intervals and p values that several rooms need; closed forms, so that no page waits for SciPy to load."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054
"""Half the width of a 95 % interval, in standard deviations of a normal distribution."""


def wilson_interval(share: ArrayLike, number: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % score intervals of shares (Wilson 1927), as SciPy's `binomtest(...).proportion_ci(method="wilson")`.

    >>> low, high = wilson_interval(2 / 4, 4)
    >>> print(f"{low:.2f} to {high:.2f}")
    0.15 to 0.85

    Args:
        share: what was found, 0..1, any shape.
        number: of how many, at least 1; an effective number may be a fraction.

    Returns:
        Lower and upper ends, float64 of the common shape.
    """
    p, n = np.asarray(share, np.float64), np.asarray(number, np.float64)
    middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def chi2_p_value(chi2: float, degrees: int) -> float:
    """How probable a chi-square of at least this is by chance (0..1), as SciPy's `special.chdtrc`.

    >>> f"{chi2_p_value(3.841458820694124, 1):.3f}"
    '0.050'

    Args:
        chi2: the statistic, at least 0.
        degrees: degrees of freedom, a whole number from 1.
    """
    if not chi2:
        return 1.0
    half, odd = chi2 / 2, degrees % 2
    powers = np.arange(odd / 2, degrees / 2).tolist()
    terms = [math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in powers]
    return math.fsum(terms) + (math.erfc(math.sqrt(half)) if odd else 0.0)
