"""Cues beside the face: the few signs that tell an emotion, and what separates two of them.

They ship for the eight emotions (`cues.toml`, after Ekman and Friesen); what a dataset's notes say of a class, or of a
pair of classes, takes their place.

    >>> cues_for("sad").signs["brows"]
    'inner ends drawn up and together, so that they slope outward (AU 1+4)'
    >>> difference_between("sad", "neutral").look
    'inner brows, mouth corners'
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import TypedDict, cast

from fer_core.base.emotions import EMOTIONS, canonical_emotion, ordered_classes
from fer_core.data.notes import Notes, pair_key

PARTS = ("brows", "eyes", "mouth", "cheeks")
_FILE = Path(__file__).with_name("cues.toml")


@dataclass(frozen=True)
class Cues:
    """What tells a class.

    Attributes:
        label: the class.
        signs: part of the face (`PARTS`) -> what it does; empty where `note` says it.
        note: the dataset's own words; "" where the shipped ones hold.
        confused: what the dataset's notes say it is confused with, "" for nothing.
        source: of the signs; "" of a note.
    """

    label: str
    signs: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    confused: str = ""
    source: str = ""


@dataclass(frozen=True)
class Difference:
    """What separates two classes.

    Attributes:
        labels: both, in canonical order.
        look: where to look first: "inner brows, mouth corners"; "" where a note says it.
        how: what each does there, or the dataset's own words.
        own: whether these are the dataset's own words.
    """

    labels: tuple[str, str]
    look: str
    how: str
    own: bool = False


class _Look(TypedDict):
    """Of two classes: where to look, and what it does there."""

    look: str
    how: str


class _Shipped(TypedDict):
    """The file of cues: class -> part of the face -> what it does, and two classes, joined by a dash -> the difference."""

    source: str
    signs: dict[str, dict[str, str]]
    between: dict[str, _Look]


def cues_for(label: str, notes: Notes | None = None) -> Cues | None:
    """The cues of a class; None of a class that is no emotion and has no note.

    Args:
        label: a class, in any known spelling.
        notes: of the dataset, from `data.notes.read_notes`.
    """
    name = canonical_emotion(label)
    told = notes["classes"].get(name, {}) if notes else {}
    note, confused = str(told.get("distinguishes", "")), str(told.get("confuses", ""))
    if note:
        return Cues(name, note=note, confused=confused)
    if name in EMOTIONS:
        return Cues(name, _shipped()["signs"][name], confused=confused, source=source())
    return Cues(name, confused=confused) if confused else None


def difference_between(first: str, second: str, notes: Notes | None = None) -> Difference | None:
    """What separates two classes, in either order; None of one and the same, or where nothing is known.

    Args:
        first, second: classes, in any known spelling.
        notes: of the dataset, from `data.notes.read_notes`.
    """
    labels = ordered_classes({canonical_emotion(first), canonical_emotion(second)})
    if len(labels) != 2:
        return None
    pair = (labels[0], labels[1])
    if note := notes["pairs"].get(pair_key(*pair)) if notes else None:
        return Difference(pair, "", str(note), own=True)
    told = _shipped()["between"].get("-".join(pair))
    return Difference(pair, told["look"], told["how"]) if told else None


def differences(labels: tuple[str, ...], notes: Notes | None = None) -> list[Difference]:
    """Every pair of these classes of which something is known, in canonical order."""
    found = [difference_between(a, b, notes) for a, b in combinations(ordered_classes(labels), 2)]
    return [one for one in found if one is not None]


def source() -> str:
    """Where the shipped cues come from, one sentence without its full stop."""
    return str(_shipped()["source"])


@cache
def _shipped() -> _Shipped:
    return cast(_Shipped, tomllib.loads(_FILE.read_text(encoding="utf-8")))
