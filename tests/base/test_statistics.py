"""Wilson’s interval and the chi-square p value are SciPy’s."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from fer_core.base.statistics import Z95, chi2_p_value, wilson_interval


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts: tuple[int, int]) -> None:
    right, number = counts
    known = binomtest(right, number).proportion_ci(confidence_level=0.95, method="wilson")
    low, high = wilson_interval(right / number, number)
    assert (float(low), float(high)) == pytest.approx((known.low, known.high), abs=1e-10)


def test_many_at_once() -> None:
    shares, numbers = np.array([0.0, 0.5, 1.0]), np.array([3, 7.5, 20])
    low, high = wilson_interval(shares, numbers)
    assert [(float(a), float(b)) for a, b in zip(low, high, strict=True)] == [
        tuple(map(float, wilson_interval(share, number)))
        for share, number in zip(shares, numbers, strict=True)
    ]
    assert (float(low[0]), float(high[-1])) == pytest.approx((0, 1), abs=1e-12)


def test_the_width_is_the_normal_distributions() -> None:
    assert pytest.approx(norm.ppf(0.975), abs=1e-12) == Z95


@pytest.mark.parametrize("degrees", [1, 2, 7, 12, 301])
@pytest.mark.parametrize("chi2", [0.0, 1e-9, 0.3, 10.0, 700.0, 1e6])
def test_the_chi_square_p_value_is_scipys(chi2: float, degrees: int) -> None:
    assert chi2_p_value(chi2, degrees) == pytest.approx(
        scipy.special.chdtrc(degrees, chi2), rel=1e-9, abs=1e-300
    )
