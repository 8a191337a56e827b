"""The parts of the score: pooled opinions, learned noise, votes, and what is ambiguous rather than wrong."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from cleanlab.count import compute_confident_joint
from face_tables import faces, manifest_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import average_precision_score

from fer_core import mislabels
from fer_core.mislabels.noise import label_posterior, label_quality, noise_matrices
from fer_core.mislabels.pool import logs, pooled, pooled_weights
from fer_core.mislabels.scores import is_spread
from fer_core.mislabels.summary import wrong_level

EMOTIONS = ("happy", "neutral", "sad", "surprise")
WRONG = (8, 12, 16, 20, 24, 28, 32, 36)
"""Happy faces that are labelled sad."""


def noisy(n: int, noise: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True labels, given labels drawn by noise[true, given], and honest probabilities of the given ones."""
    rng = np.random.default_rng(seed)
    classes = len(noise)
    true = rng.integers(0, classes, n)
    labels = np.array([rng.choice(classes, p=noise[t]) for t in true])
    evidence = rng.normal(0, 1, (n, classes)) + 2.0 * np.eye(classes)[true]
    posterior = softmax(2.0 * evidence, axis=1)
    return true, labels, posterior @ noise


def test_a_useless_opinion_gets_no_weight_and_a_good_one_its_own() -> None:
    true, labels, chances = noisy(4000, np.full((3, 3), 0.05) + 0.85 * np.eye(3))
    targets = np.eye(3)[labels]
    rubbish = softmax(np.random.default_rng(1).normal(size=(4000, 3)), axis=1)
    weights = pooled_weights([logs(chances), logs(rubbish)], targets)
    assert weights[0] == pytest.approx(1, abs=0.1)
    assert weights[1] == pytest.approx(0, abs=0.05)
    assert (pooled([logs(chances), logs(rubbish)], weights).argmax(axis=1) == true).mean() > 0.8


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_a_pool_explains_the_labels_no_worse_than_its_members(seed: int) -> None:
    rng = np.random.default_rng(seed)
    opinions = [logs(softmax(rng.normal(size=(50, 3)), axis=1)) for _ in range(3)]
    targets = np.eye(3)[rng.integers(0, 3, 50)]

    def loss(logits: np.ndarray) -> float:
        return float(-(targets * np.log(softmax(logits, axis=1))).sum())

    weights = pooled_weights(opinions, targets)
    assert (weights >= 0).all()
    assert loss(pooled(opinions, weights)) <= min(map(loss, opinions)) + 1e-3


def test_learned_noise_is_the_planted_noise() -> None:
    """One class in five of the third is called the second; the matrices say so."""
    noise = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0.2, 0.8]])
    _, labels, chances = noisy(6000, noise)
    given_true, true_given = noise_matrices(labels, chances)
    assert given_true.sum(axis=0) == pytest.approx(1)
    assert true_given.sum(axis=0) == pytest.approx(1)
    assert given_true[1, 2] == pytest.approx(0.2, abs=0.08)
    assert given_true[0, 2] < 0.03
    joint = compute_confident_joint(labels, chances, calibrate=True)
    assert given_true == pytest.approx(joint / joint.sum(axis=0), abs=0.02)


def test_knowing_how_labels_go_wrong_finds_more_of_them() -> None:
    noise = np.array([[0.98, 0.01, 0.01], [0.01, 0.98, 0.01], [0.01, 0.29, 0.7]])
    true, labels, chances = noisy(6000, noise)
    wrong = labels != true
    plain = average_precision_score(wrong, -chances[np.arange(6000), labels])
    assert average_precision_score(wrong, -label_posterior(labels, chances)) > plain
    assert average_precision_score(wrong, -label_quality(labels, chances)) > plain


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(12, 80))
def test_scores_are_probabilities_for_any_labels(seed: int, classes: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(classes, 0.3), n)
    labels = rng.integers(0, classes, n)
    scores = label_quality(labels, chances)
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_class_nobody_carries_is_no_obstacle() -> None:
    chances = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    assert np.isfinite(label_quality(np.arange(50) % 3, chances)).all()
    assert (label_posterior(np.zeros(50, int), chances) == 1).all()


def test_spread_is_no_majority() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.51, 0.29, 0.2], [0, 0, 0], [5, 5, 0], [6, 4, 0]])
    assert is_spread(shares).tolist() == [True, False, False, True, False]


def given_probabilities(table: pd.DataFrame, sure: float = 0.97) -> pd.DataFrame:
    """Probabilities that are sure of every image's own emotion, which is not always its label."""
    true = [EMOTIONS[i % 4] for i in range(len(table))]
    rows = np.where(np.array(true)[:, None] == np.array(EMOTIONS), sure, (1 - sure) / 3)
    return pd.DataFrame(rows, index=pd.Index(table["image_id"]), columns=list(EMOTIONS))


@pytest.fixture(scope="module")
def labelled() -> tuple[pd.DataFrame, np.ndarray]:
    pixels = faces(120)
    labels = [EMOTIONS[i % 4] for i in range(120)]
    for i in WRONG:
        labels[i] = "sad"
    return manifest_of(pixels, labels=labels), pixels


def test_given_probabilities_judge_the_images_they_know(labelled: tuple[pd.DataFrame, np.ndarray]) -> None:
    table, pixels = labelled
    ranked = mislabels.rank(table, pixels, given_probabilities(table).iloc[:100])
    assert sorted(ranked["image_id"]) == sorted(table["image_id"][:100])
    worst = ranked.head(len(WRONG))
    assert set(worst["image_id"]) == set(table["image_id"][list(WRONG)])
    assert (worst["suggested"] == "happy").all()
    assert (worst["suggested_p"] > worst["given_p"]).all()
    assert worst["likely_wrong"].sum() >= len(WRONG) // 2
    assert not ranked[len(WRONG) :]["likely_wrong"].any()
    assert set(ranked.attrs["weights"]) == {"model", "neighbours", "quick"}


def test_ambiguous_images_are_not_called_wrong(labelled: tuple[pd.DataFrame, np.ndarray]) -> None:
    table, pixels = labelled
    said = given_probabilities(table)
    said.iloc[8] = [0.36, 0.32, 0.01, 0.31]
    ranked = mislabels.rank(table, pixels, said).set_index("image_id")
    row = ranked.loc[table["image_id"][8]]
    assert row["ambiguous"]
    assert not row["likely_wrong"]
    assert " or " in row["why"]
    assert not (ranked["likely_wrong"] & ranked["ambiguous"]).any()
    assert (ranked["issue"] == (ranked["likely_wrong"] | (ranked["issue"] & ranked["ambiguous"]))).all()


def test_votes_outweigh_what_was_computed_and_are_told(labelled: tuple[pd.DataFrame, np.ndarray]) -> None:
    table, pixels = labelled
    votes = pd.DataFrame(0.0, index=pd.Index(table["image_id"]), columns=list(EMOTIONS)).iloc[:40]
    votes.iloc[0] = [0, 10, 0, 0]
    votes.iloc[1] = [0, 5, 5, 0]
    ranked = mislabels.rank(table, pixels, given_probabilities(table), votes=votes).set_index("image_id")
    against, split = (ranked.loc[table["image_id"][i]] for i in (0, 1))
    assert (against["suggested"], bool(against["likely_wrong"])) == ("neutral", True)
    assert "0 of 10 people say happy" in against["why"]
    assert split["ambiguous"]
    assert (split["p_neutral"], split["p_sad"]) == (
        pytest.approx(0.5, abs=0.09),
        pytest.approx(0.42, abs=0.05),
    )
    assert sorted(ranked.loc[table["image_id"][0], "votes"]) == [0, 0, 0, 10]
    assert "votes" not in mislabels.rank(table, pixels, given_probabilities(table))


def test_noise_matrix_and_pairs_count_the_same_images(labelled: tuple[pd.DataFrame, np.ndarray]) -> None:
    table, pixels = labelled[0].copy(), labelled[1]
    table.loc[13, "label"] = "surprise"
    said = given_probabilities(table)
    ranked = mislabels.rank(table, pixels, said)
    matrix = mislabels.noise_matrix(ranked)
    assert list(matrix.index) == list(matrix.columns) == ["happy", "surprise", "neutral", "sad"]
    issues = ranked[ranked["issue"]]
    counted = Counter(zip(issues["label"], issues["suggested"], strict=True))
    assert counted[("sad", "happy")] > 0
    assert all(matrix.loc[pair] == count for pair, count in counted.items())
    assert int(matrix.to_numpy().sum()) == len(issues)
    queues = mislabels.pair_queues(mislabels.likely_wrong(ranked))
    assert queues.iloc[0][["label", "suggested"]].tolist() == ["sad", "happy"]
    assert queues["images"].is_monotonic_decreasing
    assert queues["images"].sum() == len(mislabels.likely_wrong(ranked))


def test_so_many_wrong_labels_need_a_review() -> None:
    assert [wrong_level(wrong, 100) for wrong in (0, 1, 2, 3)] == ["good", "warn", "warn", "bad"]
    assert wrong_level(0, 0) == "good"
