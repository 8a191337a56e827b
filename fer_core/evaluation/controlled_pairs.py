"""Paired experiments: runs that differ in one thing alone, held against each other on the same images.

for row in find_pairs(entries, "val", version, manifest).pairs:
    row.axis, row.before, row.after, row.gain["difference"]      # colour, gray, rgb, +.008
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from fer_core.base.workspace import Workspace
from fer_core.evaluation import hyperparameters, leaderboard, ranking, scores, significance
from fer_core.evaluation.data_axis import settings
from fer_core.evaluation.paired.candidates import (
    CandidatePair,
    KnownEntry,
    RunEntry,
    candidate_pairs,
    newest_of_each,
)
from fer_core.evaluation.significance import Gain
from fer_core.runs.run import Run

_REASONS = 3  # told


@dataclass(frozen=True)
class ControlledPair:
    """Two entries that differ along one axis.

    Attributes:
        axis: of `candidates.AXES`, else the name of the one setting.
        before, after: what each side has, in words.
        first, second: ids of the runs behind each.
        gain: `significance.gain` of the second over the first; p corrected for all pairs that are told (Holm).
        images: how many the gain was judged by: those that neither has learned from.
    """

    axis: str
    before: str
    after: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    gain: Gain
    images: int


@dataclass(frozen=True)
class PairedExperiments:
    """Pairs that are told, one family of tests; how many `more` there are beyond `candidates.MOST`; and of each that cannot be
    judged, why not."""

    pairs: list[ControlledPair]
    more: int = 0
    unjudged: tuple[str, ...] = ()


def find_pairs(
    entries: Sequence[RunEntry],
    split: str,
    version: str,
    manifest: pd.DataFrame | None = None,
    apart: Sequence[Run] = (),
) -> PairedExperiments:
    """Pairs of entries that differ along one axis, seeds aside; of several alike, each with the oldest.

    The data they have learned from is an axis like any other: its lineage counts as settings. Each pair is judged by the
    images that neither has learned from.

    Args:
        entries: runs, the newest first; several in one are seeds of one recipe. Of a pair the older is the first, and of
            two that have learned from different versions the one of the earlier.
        split, version, manifest: as `ranking.rank`.
        apart: runs without answers there, whose pairs cannot be judged.
    """
    every = list(candidate_pairs(_known(reversed(entries))))
    stopped = {entry[0].id for entry in entries if not _finished(entry)}
    others = candidate_pairs(_known(reversed(entries), also_stopped=True)) if stopped else ()
    cut = sum(bool(stopped & {pair.one.runs[0].id, pair.two.runs[0].id}) for pair in others)
    chosen = newest_of_each(every)
    judged = _judged(chosen, split, version, manifest)
    found = [pair for pair in judged if isinstance(pair, ControlledPair)]
    reasons = [pair for pair in judged if isinstance(pair, str)] + [_STOPPED] * cut
    if apart:
        whole = sorted([*entries, *([run] for run in apart)], key=lambda entry: entry[0].id)
        missing = {run.id for run in apart}
        reasons += [
            _NO_ANSWERS
            for pair in candidate_pairs(_known(whole))
            if missing & {pair.one.runs[0].id, pair.two.runs[0].id}
        ]
    return PairedExperiments(_corrected(found)[::-1], len(every) - len(chosen), tuple(reasons))


_NO_IMAGES = "one of the two has learned from each image"
_STOPPED = "one of the two was stopped before its end"
_NO_ANSWERS = "one of the two has no answers there"
_NOWHERE = "the two have answers for no version in common (`fer evaluate RUN --version VERSION` asks a run)"


def why_unjudged(reasons: Sequence[str]) -> str:
    """`2 pairs that differ in one thing alone cannot be judged: ...`, the most frequent reasons; "" where there are none."""
    if not reasons:
        return ""
    often = [why.rstrip(".") for why, _ in Counter(reasons).most_common(_REASONS)]
    more = len(set(reasons)) - len(often)
    words = "; ".join(often) + (f"; {more:,} other reasons" if more else "")
    pairs = "1 pair that differs" if len(reasons) == 1 else f"{len(reasons):,} pairs that differ"
    return f"{pairs} in one thing alone cannot be judged: {words}"


def _finished(entry: RunEntry) -> bool:
    """A run that was stopped early has not done what its recipe says."""
    return entry[0].info.get("state") == "finished"


def _known(entries: Iterable[RunEntry], also_stopped: bool = False) -> list[KnownEntry]:
    return [
        KnownEntry(entry, found, entry[0].version, settings.number(entry[0]))
        for entry in entries
        if (also_stopped or _finished(entry)) and (found := hyperparameters.with_data(entry[0])) is not None
    ]


def _judged(
    pairs: Sequence[CandidatePair], split: str, version: str, manifest: pd.DataFrame | None
) -> list[ControlledPair | str]:
    """Every pair with its gain, p not corrected yet; in words why not, where one of the two cannot be judged there."""
    used = {known.runs[0].id: known.runs for pair in pairs for known in (pair.one, pair.two)}
    if not used:
        return []
    answers = ranking.split_answers(list(used.values()), split, version, manifest)
    place = {name: i for i, name in enumerate(answers.entries)}
    result: list[ControlledPair | str] = []
    for pair in pairs:
        first, second = (
            tuple(run.id for run in known.runs if run.id not in answers.left_out)
            for known in (pair.one, pair.two)
        )
        told = answers.gain(place[first], place[second]) if first in place and second in place else None
        if told:
            result.append(ControlledPair(pair.axis, *pair.sides(), first, second, *told))
            continue
        gone = (answers.left_out.get(run.id) for known in (pair.one, pair.two) for run in known.runs)
        result.append(next((f"{why}" for why in gone if why), _NO_IMAGES))
    return result


def _corrected(rows: Sequence[ControlledPair]) -> list[ControlledPair]:
    corrected = significance.holm([row.gain["p"] for row in rows])
    return [
        replace(row, gain=Gain({**row.gain, "p": p, "told_apart": p < significance.ALPHA}))
        for row, p in zip(rows, corrected, strict=True)
    ]


@dataclass(frozen=True)
class _Place:
    """A pair where it is to be judged."""

    dataset: str
    version: str
    pair: CandidatePair


def of_workspace(
    workspace: Workspace, runs: Sequence[Run] = (), split: str = "val", via: str = "python"
) -> tuple[list[tuple[str, str, ControlledPair]], int, list[str]]:
    """The pairs of a whole workspace: dataset, version and pair; how many more there are; and why others cannot be judged.

    A pair is told once: on the newest version that one of its two has learned from, else on the newest of all that both have
    predictions for. All that are told are one family of tests.

    Args:
        workspace: where they are.
        runs: which; none for all that are not archived.
        split: "val" or "test". Every look at test is recorded.
        via: who looks, for the ledger.
    """
    chosen = {run.id for run in runs}
    datasets: dict[str, list[leaderboard.LeaderboardRow]] = {}
    for row in leaderboard.rows(workspace):
        wanted = row["run"] in chosen if runs else not row["archived"]
        if wanted and row["state"] in ("finished", "stopped"):
            datasets.setdefault(str(row["dataset"]), []).append(row)
    every: list[_Place] = []
    unjudged: list[str] = []
    for name, there in datasets.items():
        places, reasons = _places(workspace, name, there)
        every += places
        unjudged += reasons
    kept = set(map(id, newest_of_each([place.pair for place in every])))
    told = [place for place in every if id(place.pair) in kept]
    found: dict[int, ControlledPair] = {}
    for source in dict.fromkeys((place.dataset, place.version) for place in told):
        here = [i for i, place in enumerate(told) if (place.dataset, place.version) == source]
        pairs = [told[i].pair for i in here]
        used = {run.id: run for pair in pairs for run in (*pair.one.runs, *pair.two.runs)}
        scores.look_at_all(used.values(), split, via, source[1])
        judged = _judged(pairs, split, source[1], scores.manifest_of(workspace, *source))
        found |= {i: pair for i, pair in zip(here, judged, strict=True) if isinstance(pair, ControlledPair)}
        unjudged += [pair for pair in judged if isinstance(pair, str)]
    corrected = dict(zip(found, _corrected(list(found.values())), strict=True))
    rows = [(told[i].dataset, told[i].version, corrected[i]) for i in sorted(corrected, reverse=True)]
    return rows, len(every) - len(told), unjudged


def _places(
    workspace: Workspace, dataset: str, rows: Sequence[leaderboard.LeaderboardRow]
) -> tuple[list[_Place], list[str]]:
    """Every pair of a dataset once, at the version it is judged on; and of each that shares none, why it is not judged."""
    on: dict[str, list[leaderboard.LeaderboardRow]] = {}
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[str(row["version"])] = row["number"] or 0
        for version in (str(row["version"]), *row["on"]):
            on.setdefault(version, []).append(row)
    groups = leaderboard.group_seeds(rows)
    group = {row["run"]: number for number, folded in enumerate(groups) for row in folded}
    values = [hyperparameters.with_data(Run(workspace.runs / folded[0]["run"])) for folded in groups]
    found: dict[frozenset[int], _Place] = {}
    for version in sorted(on, key=lambda version: numbers.get(version, 0)):
        for pair in candidate_pairs(_entries(workspace, on[version], group, values)):
            key = _groups(pair, group)
            own = (pair.one.version, pair.two.version)
            if version in own or key not in found or found[key].version not in own:
                found[key] = _Place(dataset, version, pair)
    unjudged = [
        _NOWHERE
        for pair in candidate_pairs(_entries(workspace, rows, group, values))
        if _groups(pair, group) not in found
    ]
    return list(found.values()), unjudged


def _groups(pair: CandidatePair, group: Mapping[str, int]) -> frozenset[int]:
    return frozenset(group[known.runs[0].id] for known in (pair.one, pair.two))


def _entries(
    workspace: Workspace,
    rows: Sequence[leaderboard.LeaderboardRow],
    group: Mapping[str, int],
    values: Sequence[Mapping[str, Any] | None],
) -> list[KnownEntry]:
    """Finished runs, seeds together, the oldest first; `values` are the settings of each group."""
    return [
        KnownEntry(
            [Run(workspace.runs / row["run"]) for row in folded],
            told,
            str(lead["version"]),
            lead["number"] or 0,
        )
        for folded in reversed(leaderboard.group_seeds(rows))
        if (lead := folded[0])["state"] == "finished" and (told := values[group[lead["run"]]]) is not None
    ]
