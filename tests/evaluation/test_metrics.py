"""Every metric equals scikit-learn's, and says no to what is not a table of probabilities."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from fer_core.base.errors import RunError
from fer_core.evaluation import metrics, ranking

NAMES = ["happy", "surprise", "neutral", "sad", "anger"]


def predictions(
    seed: int, n: int, classes: int, skill: float = 1.0, present: int | None = None
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, present or classes, n)
    logits = rng.normal(size=(n, classes)) + skill * np.eye(classes)[truth]
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    table = pd.DataFrame(p.astype(np.float32), columns=[f"p_{name}" for name in NAMES[:classes]])
    table.insert(0, "image_id", [f"i{i}" for i in range(n)])
    table.insert(1, "label", [NAMES[t] for t in truth])
    return table


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(2, 5), st.sampled_from([0.0, 1.0, 5.0]))
def test_every_number_equals_scikit_learns(seed: int, n: int, classes: int, skill: float) -> None:
    table = predictions(seed, n, classes, skill, present=max(1, classes - seed % 2))
    got = metrics.evaluate(table)
    names, truth, p = metrics.read(table)
    predicted = p.argmax(axis=1)
    labels = list(range(classes))
    assert got["images"] == n
    assert got["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    recalls = sk.recall_score(truth, predicted, labels=sorted(set(truth)), average=None, zero_division=0)
    assert got["balanced_accuracy"] == pytest.approx(recalls.mean())
    for average in ("macro", "weighted"):
        expected = sk.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        for name, value in zip(("precision", "recall", "f1"), expected[:3], strict=True):
            assert got[f"{average}_{name}"] == pytest.approx(value)
    expected = sk.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    for index, name in enumerate(names):
        row = [got["per_class"][name][key] for key in ("precision", "recall", "f1", "support")]
        assert row == pytest.approx([column[index] for column in expected])
    assert got["confusion"]["counts"] == sk.confusion_matrix(truth, predicted, labels=labels).tolist()
    assert got["log_loss"] == pytest.approx(sk.log_loss(truth, p, labels=labels))
    if classes > 2:
        assert got["top2"] == pytest.approx(sk.top_k_accuracy_score(truth, p, k=2, labels=labels))
        assert got["brier"] == pytest.approx(sk.brier_score_loss(truth, p, labels=labels))
    else:
        assert got["top2"] == 1.0
        assert got["brier"] == pytest.approx(2 * sk.brier_score_loss(truth, p[:, 1], labels=labels))
    low, high = got["accuracy_interval"]
    assert 0 <= low <= got["accuracy"] + 1e-9
    assert got["accuracy"] - 1e-9 <= high <= 1
    json.dumps(got, allow_nan=False)


def test_calibration_error_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [1.0, 0.0]])
    truth = np.array([0, 1, 1, 0])
    # bins of .9 (half right), .7 (right) and 1.0 (right): (2 * .4 + .3 + 0) / 4
    assert metrics.calibration_error(truth, p) == pytest.approx(0.275)


def test_class_order_of_the_columns_does_not_matter() -> None:
    table = predictions(1, 200, 4)
    other = table[["image_id", "label", "p_sad", "p_happy", "p_neutral", "p_surprise"]]
    first, second = metrics.evaluate(table), metrics.evaluate(other)
    assert second["classes"] == ["sad", "happy", "neutral", "surprise"]
    for name in ("accuracy", "macro_f1", "log_loss", "brier", "ece", "top2"):
        assert second[name] == pytest.approx(first[name])
    assert second["per_class"]["sad"] == first["per_class"]["sad"]


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        low, high = metrics.accuracy_interval(rng.random(400) < 0.8)
        covered += low <= 0.8 <= high
    assert 0.92 <= covered / 400 <= 0.98


def test_copies_count_as_one_piece_of_evidence() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(100), 10)
    correct = np.repeat(rng.random(100) < 0.7, 10)
    alone = np.subtract(*metrics.accuracy_interval(correct)[::-1])
    together = np.subtract(*metrics.accuracy_interval(correct, groups)[::-1])
    assert together == pytest.approx(alone * np.sqrt(10), rel=0.15)


def test_a_perfect_score_on_few_images_is_not_called_certain() -> None:
    low, high = metrics.accuracy_interval(np.ones(20, dtype=bool))
    assert low == pytest.approx(0.839, abs=0.001)
    assert high == 1.0
    assert metrics.accuracy_interval(np.zeros(20, dtype=bool)) == pytest.approx((0, 0.161), abs=0.001)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.drop(columns="label"), "lack columns.*label"),
        (lambda t: t.iloc[:0], "no predictions"),
        (lambda t: t[["image_id", "label"]], "no predictions"),
        (lambda t: t.assign(image_id="same"), "predicted twice"),
        (lambda t: t.assign(label="contempt"), "not among the model's classes.*contempt"),
        (lambda t: t.assign(p_happy=np.nan), "not probabilities.*30 of 30 rows"),
        (lambda t: t.assign(p_happy=t["p_happy"] + 0.5), "not probabilities"),
        (lambda t: t.assign(p_happy=-0.1), "not probabilities"),
    ],
)
def test_what_is_not_a_table_of_probabilities_is_refused(spoil, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RunError, match=words):
        metrics.evaluate(spoil(predictions(0, 30, 3)))


def test_the_interval_is_the_leaderboard_s() -> None:
    rng = np.random.default_rng(5)
    correct, groups = rng.random((4, 300)) < 0.6, rng.integers(0, 120, 300)
    for copies in (None, groups):
        low, high = ranking._intervals(correct, copies)
        for row in range(4):
            assert metrics.accuracy_interval(correct[row], copies) == pytest.approx((low[row], high[row]))
