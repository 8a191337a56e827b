"""What stays if the reviewer stops: the interval holds the truth about as often as it says, and never guesses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_core.review.remaining_errors import (
    MIN_DECISIONS,
    estimate_remaining,
    spot_checks,
    with_spot_checks,
    wrong_labels,
)


def world(seed: int, images: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and which labels are wrong; how good the scores are differs from world to world."""
    random = np.random.default_rng(seed)
    offset, slope = random.normal(-0.7, 0.8), random.uniform(0.4, 1.3)
    scores = np.clip(random.beta(0.6, 1.2, images), 1e-3, 1 - 1e-3)
    chance = 1 / (1 + np.exp(-(offset + slope * np.log((1 - scores) / scores))))
    return scores, random.random(images) < chance


@pytest.mark.parametrize(
    ("order", "decisions"), [("worst", 60), ("worst", 400), ("random", 60), ("random", 300)]
)
def test_the_interval_holds_the_truth(order: str, decisions: int) -> None:
    held, worlds = 0, 200
    for seed in range(worlds):
        scores, wrong = world(seed)
        picked = (
            np.argsort(scores) if order == "worst" else np.random.default_rng(seed).permutation(len(scores))
        )
        seen, rest = picked[:decisions], picked[decisions:]
        told = estimate_remaining(scores[seen], wrong[seen], scores[rest])
        assert told is not None
        assert told.low <= told.wrong <= told.high
        held += told.low <= wrong[rest].sum() <= told.high
    assert held / worlds >= 0.85  # .90 less chance


def test_spot_checks_in_a_queue_of_the_worst_tell_how_many_stay() -> None:
    held = 0
    for seed in range(60):
        scores, wrong = world(seed)
        ids = [str(number) for number in range(len(scores))]
        checks = spot_checks(pd.DataFrame({"image_id": ids, "score": scores}), seed)
        assert sorted(checks) == sorted(ids)
        worst = [str(number) for number in np.argsort(scores)[:300]]
        seen = np.array([int(image) for image in with_spot_checks(worst, checks)[:200]])
        assert len(set(seen.tolist())) == 200
        rest = np.setdiff1d(np.arange(len(scores)), seen)
        told = estimate_remaining(scores[seen], wrong[seen], scores[rest], expected=float((1 - scores).sum()))
        assert told is not None
        held += told.low <= wrong[rest].sum() <= told.high
    assert held / 60 >= 0.8


def test_spot_checks_are_one_in_three_and_end_with_the_queue() -> None:
    assert with_spot_checks(["a", "b", "c", "d"], ["x", "a", "y"], 3) == ["a", "b", "x", "c", "d", "y"]
    assert with_spot_checks([], ["x"], 3) == ["x"]
    assert with_spot_checks(["a"], [], 3) == ["a"]
    table = pd.DataFrame({"image_id": [str(n) for n in range(4000)], "score": [0.5] * 2000 + [0.999] * 2000})
    first = spot_checks(table)[:400]
    assert first == spot_checks(table.iloc[::-1])[:400]  # whatever the order of the rows
    assert sum(int(image) < 2000 for image in first) > 330  # sqrt(.25) to sqrt(.001): 94 %


def test_random_order_tells_more() -> None:
    scores, wrong = world(3)
    width = {}
    for order, picked in (
        ("worst", np.argsort(scores)),
        ("random", np.random.default_rng(0).permutation(1200)),
    ):
        told = estimate_remaining(scores[picked[:200]], wrong[picked[:200]], scores[picked[200:]])
        assert told is not None
        width[order] = told.high - told.low
    assert width["random"] < width["worst"]
    assert width["random"] < 200


def test_it_says_nothing_before_there_is_enough() -> None:
    assert estimate_remaining([], [], [0.1, 0.2]) is None
    few = MIN_DECISIONS - 1
    assert estimate_remaining([0.1] * few, [True] * few, [0.5]) is None
    assert estimate_remaining([0.1] * MIN_DECISIONS, [True] * MIN_DECISIONS, [0.5]) is not None


def test_nothing_left_is_nothing_wrong() -> None:
    told = estimate_remaining(np.linspace(0, 1, 30), np.arange(30) < 10, [])
    assert told is not None
    assert (told.images, told.wrong, told.low, told.high, told.found) == (0, 0, 0, 0, 10)


def test_what_counts_as_wrong() -> None:
    ranking = pd.DataFrame({"image_id": list("abcdef"), "label": ["sad"] * 6})
    decisions = pd.DataFrame(
        {
            "action": ["relabel", "relabel", "keep", "delete", "delete", "ambiguous", "relabel"],
            "image_id": ["a", "b", "c", "d", "e", "f", "gone"],
            "label": ["happy", "sad", "", "", "", "", "happy"],  # b was relabelled to what it now is
            "other": ["", "", "", "", "copy", "", ""],
        }
    )
    assert wrong_labels(ranking, decisions).to_dict() == {
        "a": True,
        "b": False,
        "c": False,
        "d": True,
        "f": False,
    }
