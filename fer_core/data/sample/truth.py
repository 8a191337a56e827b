"""What is known of a sample: the faults that were planted in it."""

from __future__ import annotations

from typing import TypedDict


class PlantedPair(TypedDict):
    """Original and copy, and what was done to it."""

    paths: list[str]
    note: str


class SampleTruth(TypedDict):
    """`truth.json`: what was planted. Every path is inside the sample's folder, with "/" between parts.

    Attributes:
        emotions: path -> emotion drawn, blank pictures left out.
        exact, near, mirrored, conflicting: pairs, 24, 16, 8 and 6. A `conflicting` copy carries a wrong label too and
            is not counted in `wrong_labels`.
        wrong_labels: path -> right label, 60.
        unreadable: path -> what it is, 5.
        blank: paths, 6.
    """

    seed: int
    count: int
    emotions: dict[str, str]
    exact: list[PlantedPair]
    near: list[PlantedPair]
    mirrored: list[PlantedPair]
    conflicting: list[PlantedPair]
    wrong_labels: dict[str, str]
    unreadable: dict[str, str]
    blank: list[str]
