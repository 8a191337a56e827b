"""Paired tests: equal to the reference, and silent on runs that are equal."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from fer_core.evaluation.significance import compare, holm, mcnemar, pairwise_p_values, ranks


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_mid_p_of_the_binomial(first: int, second: int) -> None:
    n, low = first + second, min(first, second)
    expected = min(1, 2 * binom.cdf(low, n, 0.5) - binom.pmf(low, n, 0.5)) if n else 1
    assert mcnemar(first, second) == pytest.approx(expected, abs=1e-9)
    assert mcnemar(second, first) == mcnemar(first, second)


def equal_runs(rng: np.random.Generator, groups: int, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Two runs of equal accuracy; copies of a picture are answered alike."""
    p = np.clip(rng.normal(0.75, 0.2, groups), 0.02, 0.98)
    return np.repeat(rng.random((2, groups)) < p, copies, axis=1), np.repeat(np.arange(groups), copies)


@pytest.mark.parametrize("copies", [1, 4])
def test_equal_runs_are_told_apart_in_one_case_of_twenty(copies: int) -> None:
    rng = np.random.default_rng(11 + copies)
    wrong = dict.fromkeys(("p_bootstrap", "p", "interval"), 0)
    for seed in range(1000):
        correct, groups = equal_runs(rng, 400, copies)
        found = compare(correct[0], correct[1], groups, draws=500, seed=seed)
        wrong["p_bootstrap"] += found["p_bootstrap"] < 0.05
        wrong["p"] += found["told_apart"]
        wrong["interval"] += not found["interval"][0] <= 0 <= found["interval"][1]
    for name, count in wrong.items():
        assert 30 <= count <= 70, (name, count)


def test_counting_copies_as_evidence_would_cry_wolf() -> None:
    rng = np.random.default_rng(2)
    cases = [equal_runs(rng, 200, 4) for _ in range(300)]
    naive = np.mean([compare(*c, draws=10)["p_mcnemar"] < 0.05 for c, _ in cases])
    assert naive > 0.2


def test_a_better_run_is_found_with_what_it_fixed_and_broke() -> None:
    first = np.array([True] * 700 + [False] * 300)
    second = first.copy()
    second[700:760] = True
    second[:20] = False
    found = compare(first, second)
    assert (found["fixed"], found["broke"]) == (60, 20)
    assert found["difference"] == pytest.approx(0.04)
    low, high = found["interval"]
    assert 0.02 < low < 0.04 < high < 0.06
    assert found["told_apart"]
    back = compare(second, first)
    assert back["difference"] == -found["difference"]
    assert back["p"] == found["p"]


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("seeds", [False, True])
def test_all_pairs_at_once_equal_each_pair(copies: bool, seeds: bool) -> None:
    rng = np.random.default_rng(5)
    correct = rng.random((6, 3000)) < np.linspace(0.6, 0.63, 6)[:, None]
    groups = rng.integers(0, 1200, 3000) if copies else np.arange(3000)
    members = np.array([0, 0, 0, 1, 2, 2]) if seeds else np.arange(6)
    table = pairwise_p_values(correct, groups if copies else None, members if seeds else None)
    shares = [correct[members == i].mean(axis=0) for i in range(members.max() + 1)]
    assert table.shape == (len(shares), len(shares))
    assert np.diag(table) == pytest.approx(1)
    for (i, first), (j, second) in itertools.combinations(enumerate(shares), 2):
        d = np.bincount(groups, weights=second - first)
        z = abs(d.sum()) / math.sqrt((d**2).sum())
        assert table[i, j] == table[j, i] == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-9)
    best = np.argmax([share.mean() for share in shares])
    assert ranks(correct, groups if copies else None, members if seeds else None)[best][0] == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_by_its_definition(values: list[float]) -> None:
    found = holm(values)
    order = np.argsort(values, kind="stable")
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1, values[index] * (len(values) - place)))
        assert found[index] == pytest.approx(highest, abs=1e-11)


def test_equal_runs_share_a_rank_and_a_worse_one_does_not() -> None:
    rng = np.random.default_rng(8)
    base = rng.random(2000) < 0.8
    flip = lambda share: np.where(rng.random(2000) < share, ~base, base)  # noqa: E731
    correct = np.stack([flip(0.02), flip(0.02), flip(0.3), flip(0.3)])
    assert [r for r, _ in ranks(correct)] == [1, 1, 3, 3]
    assert all(shared for _, shared in ranks(correct))
    assert ranks(correct[[0, 2]]) == [(1, False), (2, False)]
    assert ranks(correct[:1]) == [(1, False)]
    assert ranks(correct[[0, 0]]) == [(1, True), (1, True)]


def test_among_many_equal_runs_hardly_ever_one_stands_out() -> None:
    rng = np.random.default_rng(4)
    alarms = sum(max(r for r, _ in ranks(rng.random((10, 500)) < 0.7)) > 1 for _ in range(400))
    assert alarms <= 30  # .05 of 400 is 20
