"""Paired experiments: runs that differ in one thing alone, held against each other on the same images.

for row in find_pairs(entries, "val", version, manifest):
    row.axis, row.before, row.after, row.gain["difference"]      # colour, gray, rgb, +.008
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from fer_core.base.workspace import Workspace
from fer_core.evaluation import hyperparameters, leaderboard, ranking, scores, significance
from fer_core.evaluation.data_axis import settings
from fer_core.evaluation.significance import Gain
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


@dataclass(frozen=True)
class ControlledPair:
    """Two entries that differ along one axis.

    Attributes:
        axis: of `AXES`, else the name of the one setting.
        before, after: what each side has, in words.
        first, second: ids of the runs behind each.
        gain: `significance.gain` of the second over the first; p corrected for all pairs (Holm).
        images: how many the gain was judged by: those that neither has learned from.
    """

    axis: str
    before: str
    after: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    gain: Gain
    images: int


def find_pairs(
    entries: Sequence[Sequence[Run]], split: str, version: str, manifest: pd.DataFrame | None = None
) -> list[ControlledPair]:
    """Pairs of entries that differ along one axis, seeds aside; of several alike, each with the oldest.

    The data they have learned from is an axis like any other: its lineage counts as settings. Each pair is judged by the
    images that neither has learned from.

    Args:
        entries: runs, the newest first; several in one are seeds of one recipe. Of a pair the older is the first, and of
            two that have learned from different versions the one of the earlier.
        split, version, manifest: as `ranking.rank`.
    """
    # A run that was stopped early has not done what its recipe says.
    whole = [entry for entry in reversed(entries) if entry[0].info.get("state") == "finished"]
    known = [(entry, found) for entry in whole if (found := hyperparameters.with_data(entry[0])) is not None]
    pairs = _newest_of_each(list(_pairs(known)))
    used = {entry[0].id: entry for pair in pairs for entry in (pair.one, pair.two)}
    if not used:
        return []
    answers = ranking.split_answers(list(used.values()), split, version, manifest)
    place = {name: i for i, name in enumerate(answers.entries)}
    result = []
    for pair in pairs:
        first, second = (
            tuple(run.id for run in entry if run.id not in answers.left_out) for entry in (pair.one, pair.two)
        )
        if first in place and second in place and (told := answers.gain(place[first], place[second])):
            result.append(ControlledPair(pair.axis, pair.before, pair.after, first, second, *told))
    corrected = significance.holm([row.gain["p"] for row in result])
    return [
        replace(row, gain=Gain({**row.gain, "p": p, "told_apart": p < significance.ALPHA}))
        for row, p in zip(result, corrected, strict=True)
    ][::-1]


def of_workspace(
    workspace: Workspace, runs: Sequence[Run] = (), split: str = "val", via: str = "python"
) -> list[tuple[str, str, ControlledPair]]:
    """`find_pairs` on every version, of the runs that have predictions for it: dataset, version and pair.

    A pair is told once: on the newest version that one of its two has learned from, else on the newest of all.

    Args:
        workspace: where they are.
        runs: which; none for all that are not archived.
        split: "val" or "test". Every look at test is recorded.
        via: who looks, for the ledger.
    """
    chosen = {run.id for run in runs}
    versions: dict[tuple[str, str], list[leaderboard.LeaderboardRow]] = {}
    own: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for row in leaderboard.rows(workspace):
        wanted = row["run"] in chosen if runs else not row["archived"]
        if wanted and row["state"] in ("finished", "stopped"):
            own[row["run"]] = str(row["version"])
            numbers[str(row["version"])] = row["number"] or 0
            for version in (str(row["version"]), *row["on"]):
                versions.setdefault((str(row["dataset"]), version), []).append(row)
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, str, ControlledPair]] = {}
    for dataset, version in sorted(versions, key=lambda source: numbers.get(source[1], 0)):
        entries = [
            [Run(workspace.runs / row["run"]) for row in entry]
            for entry in leaderboard.group_seeds(versions[dataset, version])
        ]
        scores.look_at_all([run for entry in entries for run in entry], split, via, version)
        manifest = scores.manifest_of(workspace, dataset, version)
        for pair in find_pairs(entries, split, version, manifest):
            names, ours = (pair.first, pair.second), (own[pair.first[0]], own[pair.second[0]])
            if version in ours or names not in found or found[names][1] not in ours:
                found[names] = dataset, version, pair
    return list(found.values())


@dataclass(frozen=True)
class _Pair:
    axis: str
    before: str
    after: str
    one: Sequence[Run]
    two: Sequence[Run]


def _pairs(found: Sequence[tuple[Sequence[Run], Mapping[str, Any]]]) -> Iterator[_Pair]:
    """Of the entries that are equal but for one axis, each with the oldest."""
    names = _varying([values for _, values in found])
    axes = {axis: [name for name in names if _within(name, parts)] for axis, parts in AXES.items()}
    other = [name for name in names if not any(name in part for part in axes.values())]
    told: set[frozenset[str]] = set()
    for axis, inside in [*axes.items(), *((name, [name]) for name in other)]:
        alike: dict[str, list[tuple[Sequence[Run], Mapping[str, Any]]]] = {}
        for entry, values in found:
            rest = [values.get(name) for name in names if name not in inside]
            alike.setdefault(json.dumps(rest, default=str), []).append((entry, values))
        if settings.VERSION in inside:  # what was there before the data were changed comes first
            alike = {
                key: sorted(group, key=lambda g: settings.number(g[0][0])) for key, group in alike.items()
            }
        for (base, old), *others in alike.values() if inside else ():
            for entry, values in others:
                ids = frozenset({base[0].id, entry[0].id})
                differ = [name for name in inside if old.get(name) != values.get(name)]
                if differ and ids not in told:
                    told.add(ids)
                    if settings.VERSION in differ:
                        sides = settings.told_sides(base[0], entry[0])
                    else:
                        sides = _side(axis, old, differ), _side(axis, values, differ)
                    yield _Pair(axis, *sides, base, entry)


def _newest_of_each(pairs: list[_Pair]) -> list[_Pair]:
    """At most `MOST`: the newest of every axis, then the second newest of every axis, ...; in the order they came in."""
    counts: dict[str, int] = {}
    turns = []
    for i in sorted(range(len(pairs)), key=lambda i: _newer(pairs[i]), reverse=True):
        counts[pairs[i].axis] = counts.get(pairs[i].axis, 0) + 1
        turns.append((counts[pairs[i].axis], i))
    return [pairs[i] for i in sorted(i for _, i in sorted(turns)[:MOST])]


def _newer(pair: _Pair) -> str:
    """Id of the newer of the two: ids begin with a number."""
    return max(pair.one[0].id, pair.two[0].id)


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
