"""Cues: every emotion and every pair has one, in either order; a dataset's own words take their place."""

from __future__ import annotations

from itertools import combinations

import pytest

from fer_core.base.emotions import EMOTIONS
from fer_core.explore import cues


@pytest.mark.parametrize("name", EMOTIONS)
def test_every_emotion_has_signs_of_every_part(name: str) -> None:
    found = cues.cues_for(name)
    assert found is not None
    assert tuple(found.signs) == cues.PARTS
    assert all(found.signs.values())
    assert "Ekman" in found.source


@pytest.mark.parametrize(("first", "second"), list(combinations(EMOTIONS, 2)))
def test_every_pair_is_told_apart_in_either_order(first: str, second: str) -> None:
    found = cues.difference_between(first, second)
    assert found is not None
    assert found == cues.difference_between(second, first)
    assert found.labels == (first, second)  # canonical order
    assert found.look
    assert f"{first}:" in found.how  # says what each of them does
    assert f"{second}:" in found.how
    assert not found.own


def test_signs_are_distinct_where_action_units_differ() -> None:
    """No two emotions share brows, eyes and mouth: a copy of a line by mistake would tell nothing."""
    shown = [cues.cues_for(name) for name in EMOTIONS]
    faces = {(one.signs["brows"], one.signs["eyes"], one.signs["mouth"]) for one in shown if one}
    assert len(faces) == len(EMOTIONS)


def test_own_words_take_their_place() -> None:
    notes = {
        "classes": {"sad": {"distinguishes": "Wet eyes"}, "happy": {"confuses": "surprise"}, "bored": {"confuses": "sad"}},
        "pairs": {"neutral or sad": "Ask Ada"},
    }  # fmt: skip
    sad, happy, bored = (cues.cues_for(name, notes) for name in ("Sadness", "happy", "bored"))
    assert sad is not None
    assert (sad.note, dict(sad.signs), sad.source) == ("Wet eyes", {}, "")
    assert happy is not None
    assert (happy.signs["brows"], happy.confused) == ("at rest", "surprise")
    assert bored is not None
    assert (bored.note, bored.confused) == ("", "sad")
    pair = cues.difference_between("sad", "neutral", notes)
    assert pair is not None
    assert (pair.look, pair.how, pair.own) == ("", "Ask Ada", True)


def test_what_nobody_knows_is_none() -> None:
    assert cues.cues_for("bored") is None
    assert cues.difference_between("sad", "bored") is None
    assert cues.difference_between("sad", "sadness") is None  # one class, two spellings
    assert [one.labels for one in cues.differences(("sad", "happy", "bored"))] == [("happy", "sad")]
