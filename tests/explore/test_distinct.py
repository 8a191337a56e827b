"""How distinct classes are: known shares, by hand."""

import numpy as np
import pytest

from fer_core.explore.distinct import distinctness

NAMES = ("happy", "sad", "neutral")


def test_known_shares() -> None:
    labels = np.array(["happy"] * 2 + ["sad"] * 2 + ["neutral"] * 6)
    shares = np.array([[1, 0, 0]] * 2 + [[0, 0.75, 0.25]] * 2 + [[0, 0.25, 0.75]] * 6, dtype=float)
    found = distinctness(labels, shares, NAMES)
    assert [one.label for one in found] == ["happy", "sad", "neutral"]
    assert [one.images for one in found] == [2, 2, 6]
    assert found[0].distinct == 1.0
    assert found[1].distinct == pytest.approx(0.75 / 1.25)  # kept / (kept + lost + taken), however many faces
    assert found[2].distinct == pytest.approx(0.75 / 1.25)
    assert (found[1].confused, found[2].confused) == ("neutral", "sad")
    assert found[1].share == pytest.approx(0.25)


def test_classes_nobody_can_tell_apart_have_a_third() -> None:
    labels = np.array(["happy", "sad"])
    for one in distinctness(labels, np.array([[2.0, 2, 0], [5, 5, 0]]), NAMES):  # votes: any sum
        assert one.distinct == pytest.approx(1 / 3)


def test_faces_nobody_judged_do_not_count() -> None:
    labels = np.array(["happy", "happy", "happy", "sad"])
    shares = np.array([[1, 0, 0], [0, 0, 0], [np.nan] * 3, [0, 1, 0]])
    assert [(one.label, one.images, one.distinct) for one in distinctness(labels, shares, NAMES)] == [
        ("happy", 1, 1.0),
        ("sad", 1, 1.0),
    ]
    assert distinctness(labels, np.zeros((4, 3)), NAMES) == []


def test_a_class_of_no_vote_column_is_of_others() -> None:
    """Belief that goes to a class without faces is not the class's own either."""
    (only,) = distinctness(np.array(["happy"]), np.array([[0.6, 0.4, 0.0]]), NAMES)
    assert only.confused == ""
    assert only.distinct == pytest.approx(0.6)
