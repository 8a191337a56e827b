"""Curves and intervals: equal to scikit-learn's, and honest about the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from fer_core.evaluation import curves, metrics
from fer_core.evaluation.calibration import direction, fit_temperature, scaled, threshold_for
from fer_core.evaluation.intervals import MEASURES, intervals
from fer_core.evaluation.votes.vote_agreement import against_votes


def case(seed: int, n: int, classes: int, skill: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    logits = np.round(rng.normal(size=(n, classes)), 1) + skill * np.eye(classes)[truth]
    p = np.exp(logits)
    return truth, p / p.sum(axis=1, keepdims=True)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 200), st.integers(2, 5), st.sampled_from([0.0, 1.0, 4.0]))
def test_areas_kappa_and_shares_equal_scikit_learns(seed: int, n: int, classes: int, skill: float) -> None:
    truth, p = case(seed, n, classes, skill)
    names = tuple("abcde"[:classes])
    found = curves.areas(names, truth, p)
    for i, name in enumerate(names):
        positive = truth == i
        if not positive.any() or positive.all():
            assert found[name]["auc"] is None
            continue
        assert found[name]["auc"] == pytest.approx(sk.roc_auc_score(positive, p[:, i]))
        expected = sk.average_precision_score(positive, p[:, i])
        assert found[name]["average_precision"] == pytest.approx(expected)
        fpr, tpr, _ = sk.roc_curve(positive, p[:, i], drop_intermediate=False)
        own = curves.roc(positive, p[:, i])
        assert own.fpr == pytest.approx(fpr)
        assert own.tpr == pytest.approx(tpr)
    said = p.argmax(axis=1)
    counts = metrics.confusion(truth, said, classes)
    if len(set(truth) | set(said)) > 1:
        assert metrics.kappa(counts) == pytest.approx(sk.cohen_kappa_score(truth, said))
    for by, normalize in (("row", "true"), ("column", "pred")):
        expected = sk.confusion_matrix(truth, said, labels=range(classes), normalize=normalize)
        assert metrics.normalised(counts, by) == pytest.approx(expected)
    rows = curves.reliability(truth, p)
    gap = (rows["images"] * (rows["accuracy"] - rows["confidence"]).abs()).sum() / n
    assert gap == pytest.approx(metrics.calibration_error(truth, p))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(2, 4), st.booleans())
def test_measures_of_the_bootstrap_are_those_of_the_report(seed: int, n: int, k: int, copies: bool) -> None:
    truth, p = case(seed, n, k)
    said = p.argmax(axis=1)
    table = pd.DataFrame(p, columns=[f"p_{c}" for c in "abcd"[:k]])
    table = table.assign(image_id=range(n), label=[("abcd")[t] for t in truth])
    expected = metrics.evaluate(table)
    counts = metrics.confusion(truth, said, k)[None].astype(float)
    for name, measure in MEASURES.items():
        assert measure(counts)[0] == pytest.approx(expected[name])
    groups = np.arange(n) // 2 if copies else None
    for low, high in intervals(truth, said, k, groups, draws=50).values():
        assert -1 <= low <= high <= 1


@pytest.mark.parametrize("copies", [1, 3])
def test_intervals_cover_the_truth_in_95_of_100_cases(copies: int) -> None:
    """1,000 simulated test sets of 600 pictures, each in one or three copies."""
    rng = np.random.default_rng(copies)
    answers = np.array([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.05, 0.15, 0.8]])
    share = np.array([0.5, 0.3, 0.2])
    whole = (answers * share[:, None])[None] * 1e6
    expected = {name: MEASURES[name](whole)[0] for name in ("accuracy", "macro_f1", "kappa")}
    covered = dict.fromkeys(expected, 0)
    for seed in range(1000):
        cell = rng.choice(9, 600 // copies, p=(answers * share[:, None]).ravel())
        cell = np.repeat(cell, copies)
        groups = np.arange(len(cell)) // copies
        found = intervals(cell // 3, cell % 3, 3, groups, draws=300, seed=seed)
        for name, truth in expected.items():
            covered[name] += found[name][0] <= truth <= found[name][1]
    for name, count in covered.items():
        assert 930 <= count <= 970, (name, count)


def test_temperature_is_found_again() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1, 1], 6000)
    truth = np.array([rng.choice(4, p=row) for row in p])
    assert fit_temperature(truth, p) == pytest.approx(1, abs=0.06)
    sharp = scaled(p, 0.4)
    found = fit_temperature(truth, sharp)
    assert found == pytest.approx(2.5, rel=0.06)
    assert metrics.calibration_error(truth, scaled(sharp, found)) < 0.03
    assert metrics.calibration_error(truth, sharp) > 0.1
    assert (scaled(p, 3).argmax(axis=1) == p.argmax(axis=1)).all()


def test_the_lowest_threshold_that_keeps_its_promise() -> None:
    truth = np.array([0, 0, 0, 1, 0])
    top = np.array([0.9, 0.8, 0.7, 0.6, 0.6])
    p = np.stack([top, 1 - top], axis=1)
    curve = curves.risk_coverage(truth, p)
    assert curve["coverage"].tolist() == [0.2, 0.4, 0.6, 1.0]
    assert curve["precision"].tolist() == [1, 1, 1, 0.8]
    assert threshold_for(curve, 0.9) == {"threshold": 0.7, "coverage": 0.6, "precision": 1.0}
    assert threshold_for(curve, 0.8) == {"threshold": 0.6, "coverage": 1.0, "precision": 0.8}
    assert threshold_for(curves.risk_coverage(1 - truth, p), 0.9) is None


def test_votes_are_held_against_the_answers() -> None:
    table = pd.DataFrame(
        {"image_id": list("abcd"), "label": ["happy", "sad", "sad", "happy"],
         "p_happy": [0.5, 0.25, 0.5, 0.9], "p_sad": [0.5, 0.75, 0.5, 0.1]}
    )  # fmt: skip
    votes = pd.DataFrame({"happy": [8, 4, 5], "sad": [2, 6, 5], "fear": [0, 9, 0]}, index=["a", "b", "c"])
    found = against_votes(table, votes)
    assert found is not None
    assert (found["images"], found["majority"]) == (3, 2)
    assert (found["agreement"], found["label_agreement"]) == (1.0, 1.0)
    expected = [np.log(2), -(0.4 * np.log(0.25) + 0.6 * np.log(0.75)), np.log(2)]
    assert found["cross_entropy"] == pytest.approx(np.mean(expected))
    assert found["entropy"] < found["cross_entropy"]
    assert against_votes(table, votes[["fear"]]) is None


def test_what_a_temperature_says() -> None:
    said = [direction(t) for t in (0.5, 0.97, 0.99, 1.0, 1.015, 1.03, 4.0)]
    assert said == [*["underconfident"] * 2, *["about right"] * 3, *["overconfident"] * 2]
