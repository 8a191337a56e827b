"""Entries that differ along one axis alone, before anybody holds them against each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fer_core.evaluation import hyperparameters
from fer_core.evaluation.data_axis import settings
from fer_core.runs.run import Run

AXES: dict[str, tuple[str, ...]] = {
    "colour": ("model.color",),
    "frozen or fine-tuned": ("model.trainable_layers",),
    "pretrained": ("model.weights",),
    "depth and width": ("model.blocks", "model.head"),
    "backbone": ("model.backbone", "model.backbone_size"),
    "loss": ("loss",),
    "optimizer": ("optimizer",),
    "schedule": ("schedule",),
    "augmentation": ("augmentation",),
    "class balance": ("training.class_weight", "training.sampling"),
    "copies settled": ("data.copies", settings.VERSION),
    "pictures dropped": ("data.pictures", settings.VERSION),
    "labels": ("data.labels", settings.VERSION),
    "merged images": ("data.merged", settings.VERSION),
    "splits": ("data.splits", settings.VERSION),
    "training data": ("data",),
}
"""What an experiment is about -> the settings, or tables of settings, in which its two sides may differ."""
MOST = 60
"""Pairs told at most: the newest of each axis in turn."""


RunEntry = Sequence[Run]


@dataclass(frozen=True)
class KnownEntry:
    """An entry, its settings, and the version it has learned from."""

    runs: RunEntry
    values: Mapping[str, Any]
    version: str
    number: int


@dataclass(frozen=True)
class CandidatePair:
    """Two entries, and the settings of an axis in which they `differ`."""

    axis: str
    differ: Sequence[str]
    one: KnownEntry
    two: KnownEntry

    def sides(self) -> tuple[str, str]:
        """What each has, in words."""
        if settings.VERSION in self.differ:
            return settings.told_sides(self.one.runs[0], self.two.runs[0])
        one, two = (_side(self.axis, known.values, self.differ) for known in (self.one, self.two))
        return one, two


def candidate_pairs(found: Sequence[KnownEntry]) -> Iterator[CandidatePair]:
    """Of the entries that are equal but for one axis, each with the oldest."""
    names = _varying([known.values for known in found])
    axes = {axis: [name for name in names if _within(name, parts)] for axis, parts in AXES.items()}
    other = [name for name in names if not any(name in part for part in axes.values())]
    codes = {name: _numbered([known.values.get(name) for known in found]) for name in names}
    told: set[frozenset[str]] = set()
    for axis, inside in [*axes.items(), *((name, [name]) for name in other)]:
        alike: dict[tuple[int, ...], list[KnownEntry]] = {}
        outside = [codes[name] for name in names if name not in inside]
        for row, known in enumerate(found):
            alike.setdefault(tuple(column[row] for column in outside), []).append(known)
        for same in alike.values() if inside else ():
            if settings.VERSION in inside:  # what was there before the data were changed comes first
                same.sort(key=lambda known: known.number)
            base, *others = same
            for known in others:
                ids = frozenset({base.runs[0].id, known.runs[0].id})
                differ = [name for name in inside if base.values.get(name) != known.values.get(name)]
                if differ and ids not in told:
                    told.add(ids)
                    yield CandidatePair(axis, differ, base, known)


def axes_of(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Along which axes of `AXES`, else by which settings, these differ."""
    names = _varying(found)
    told = [axis for axis, parts in AXES.items() if any(_within(name, parts) for name in names)]
    return told + [name for name in names if not any(_within(name, parts) for parts in AXES.values())]


def _numbered(values: Sequence[Any]) -> list[int]:
    """Equal numbers for equal values: to hold hundreds of entries against each other by numbers is fast."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(json.dumps(value, default=str), len(numbers)) for value in values]


def newest_of_each(pairs: list[CandidatePair]) -> list[CandidatePair]:
    """At most `MOST`: the newest of every axis, then the second newest of every axis, ...; in the order they came in."""
    counts: dict[str, int] = {}
    turns = []
    for i in sorted(range(len(pairs)), key=lambda i: _newer(pairs[i]), reverse=True):
        counts[pairs[i].axis] = counts.get(pairs[i].axis, 0) + 1
        turns.append((counts[pairs[i].axis], i))
    return [pairs[i] for i in sorted(i for _, i in sorted(turns)[:MOST])]


def _newer(pair: CandidatePair) -> str:
    """Id of the newer of the two: ids begin with a number."""
    return max(pair.one.runs[0].id, pair.two.runs[0].id)


def _varying(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Settings that are not the same everywhere, the seed aside."""
    names = dict.fromkeys(name for values in found for name in values if name != hyperparameters.SEED)
    return [name for name in names if any(values.get(name) != found[0].get(name) for values in found)]


def _within(name: str, parts: Sequence[str]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def _side(axis: str, values: Mapping[str, Any], differ: Sequence[str]) -> str:
    """What one side has where they differ, in words."""
    kinds = [name for name in differ if name.endswith(".name")]
    shown = kinds or list(differ[:3])
    bare = len(shown) == 1 and (kinds or axis == shown[0] or AXES.get(axis) == (shown[0],))
    parts = [
        hyperparameters.value_text(values.get(name))
        if bare
        else f"{hyperparameters.short_name(name, differ)} {hyperparameters.value_text(values.get(name))}"
        for name in shown
    ]
    return ", ".join(parts) + (" …" if len(differ) > 3 and not kinds else "")
