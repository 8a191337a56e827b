"""What the Compare page reads and computes, kept while the files behind it stay the same.

Kept things are shared between draws and sessions: whoever gets one does not change it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.evaluation import (
    ablation,
    controlled_pairs,
    ensembles,
    progress,
    ranking,
    run_pair,
    scores,
)
from fer_core.evaluation.leakage import run_leaks
from fer_core.evaluation.paired.attribution import Attribution
from fer_core.evaluation.ranking import Ranking
from fer_core.evaluation.run_answers import RunAnswers, read_answers
from fer_core.evaluation.slices import of_run
from fer_core.runs import predictions
from fer_core.runs.records import Scores
from fer_core.runs.run import Run
from fer_core.splits import leaks
from fer_core.ui.shell import cache

RunIds = tuple[str, ...]
"""Ids of the runs behind one row of the leaderboard: several where seeds are folded."""


def manifest(workspace: Workspace, dataset: str, version: str) -> pd.DataFrame | None:
    """The manifest of a version; None where it is gone."""
    try:
        return cache.manifest(open_dataset(workspace, dataset), version)
    except (FerError, OSError, ValueError):
        return None


def stamp(run: Run, split: str, version: str) -> int:
    """When the predictions for a version, or the run's own, were written, in nanoseconds; 0 where there are none."""
    name = predictions.predictions_path(run.folder, split).name
    for path in (f"{run.folder}/on-{version}/{name}", f"{run.folder}/{name}"):
        try:
            return os.stat(path).st_mtime_ns
        except OSError:
            continue
    return 0


@st.cache_resource(max_entries=12, show_spinner=False)
def _ranked(
    root: str,
    dataset: str,
    entries: tuple[RunIds, ...],
    split: str,
    version: str,
    stamps: tuple[int, ...],
    common: bool,
) -> Ranking:
    known = manifest(Workspace(Path(root)), dataset, version)
    told = sorted(zip((name for entry in entries for name in entry), stamps, strict=True))
    answers = _answers(root, tuple(told), split, version)
    return ranking.rank(_runs(root, entries), split, version, known, common=common, answers=answers)


@st.cache_resource(max_entries=2, show_spinner=False)
def _answers(root: str, told: tuple[tuple[str, int], ...], split: str, version: str) -> RunAnswers:
    """Of runs with their stamps: read once, whether seeds are one row or each has its own."""
    folder = Workspace(Path(root)).runs
    return read_answers([Run(folder / name) for name, _ in told], split, version)


def ranked(
    workspace: Workspace,
    dataset: str,
    entries: Sequence[RunIds],
    split: str,
    version: str,
    common: bool = False,
) -> Ranking:
    """Ranks of entries on a split; `common`: on the images that none of them has learned from."""
    return _ranked(*_asked(workspace, dataset, entries, split, version), common)


def _asked(
    workspace: Workspace, dataset: str, entries: Sequence[RunIds], split: str, version: str
) -> tuple[str, str, tuple[RunIds, ...], str, str, tuple[int, ...]]:
    """What an answer about entries depends on."""
    folder = workspace.runs
    stamps = tuple(stamp(Run(folder / name), split, version) for entry in entries for name in entry)
    return str(workspace.root), dataset, tuple(entries), split, version, stamps


def _runs(root: str, entries: Sequence[RunIds]) -> list[list[Run]]:
    folder = Workspace(Path(root)).runs
    return [[Run(folder / name) for name in entry] for entry in entries]


@st.cache_resource(max_entries=6, show_spinner=False)
def _paired(
    root: str, dataset: str, entries: tuple[RunIds, ...], split: str, version: str, stamps: tuple[int, ...]
) -> controlled_pairs.PairedExperiments:
    known = manifest(Workspace(Path(root)), dataset, version)
    newest = sorted(entries, key=min, reverse=True)
    return controlled_pairs.find_pairs(_runs(root, newest), split, version, known)


def experiments(
    workspace: Workspace, dataset: str, entries: Sequence[RunIds], split: str, version: str
) -> controlled_pairs.PairedExperiments:
    """Pairs of entries that differ in one thing, see `evaluation.controlled_pairs`."""
    return _paired(*_asked(workspace, dataset, entries, split, version))


@st.cache_resource(max_entries=6, show_spinner=False)
def _journey(
    root: str, dataset: str, entries: tuple[RunIds, ...], split: str, version: str, stamps: tuple[int, ...]
) -> progress.Journey:
    known = manifest(Workspace(Path(root)), dataset, version)
    return progress.journey(_runs(root, entries), split, version, known)


def journey(
    workspace: Workspace, dataset: str, entries: Sequence[RunIds], split: str, version: str
) -> progress.Journey:
    """How the best came about, see `evaluation.progress`."""
    return _journey(*_asked(workspace, dataset, entries, split, version))


@st.cache_resource(max_entries=6, show_spinner=False)
def _attribution(
    folders: tuple[str, str], split: str, version: str, stamps: tuple[tuple[str, str, int], ...]
) -> Attribution:
    first, second = (Run(Path(folder)) for folder in folders)
    known = manifest(first.workspace, first.dataset, version)
    return ablation.attribute(first, second, split, version, known)


def attribution(first: Run, second: Run, singles: Sequence[Run], split: str, version: str) -> Attribution:
    """What each single change between two runs gains, see `evaluation.ablation`.

    Args:
        first, second: the runs.
        singles: that try one change each: what is known changes as they end.
        split, version: judged by.

    Raises:
        FerError: as `ablation.attribute`.
    """
    stamps = tuple((run.id, str(run.state), stamp(run, split, version)) for run in (first, second, *singles))
    return _attribution((str(first.folder), str(second.folder)), split, version, stamps)


@st.cache_resource(max_entries=4, show_spinner=False)
def _stack(
    root: str, dataset: str, entries: tuple[RunIds, ...], split: str, version: str, stamps: tuple[int, ...]
) -> ensembles.RunStack:
    return ensembles.stack_predictions(
        [run for entry in _runs(root, entries) for run in entry], split, version
    )


@st.cache_resource(max_entries=12, show_spinner=False)
def _mixed(
    asked: tuple[str, str, tuple[RunIds, ...], str, str, tuple[int, ...]],
    fitted: tuple[str, str, tuple[RunIds, ...], str, str, tuple[int, ...]],
    greedy: bool,
) -> tuple[Mapping[str, int], ensembles.EnsembleResult]:
    stack = _stack(*asked)
    root, dataset, _, split, version, _ = asked
    known = manifest(Workspace(Path(root)), dataset, version)
    groups = None if known is None else scores.picture_ids(known, stack.ids)
    return ensembles.worth(stack, split, _stack(*fitted) if greedy else None, groups)


def mixed(
    workspace: Workspace, dataset: str, names: Sequence[str], split: str, version: str, greedy: bool
) -> tuple[Mapping[str, int], ensembles.EnsembleResult]:
    """Members and weights of an ensemble of runs, and what it is worth on a split.

    Args:
        workspace, dataset, split, version: where it is judged.
        names: runs to choose from if `greedy`, which is done on validation; otherwise its members.
        greedy: see `ensembles.select_greedily`; judged on validation it is cross-fitted.

    Raises:
        FerError: as `ensembles.stack_predictions`.
    """
    entries = [(name,) for name in names]
    return _mixed(
        _asked(workspace, dataset, entries, split, version),
        _asked(workspace, dataset, entries, "val", version),
        greedy,
    )


@st.cache_resource(max_entries=12, show_spinner=False)
def _pair(
    folders: tuple[str, str], dataset: str, split: str, version: str, stamps: tuple[int, ...]
) -> run_pair.RunComparison:
    first, second = (Run(Path(folder)) for folder in folders)
    return run_pair.compare_runs(first, second, split, version, manifest(first.workspace, dataset, version))


def pair(first: Run, second: Run, split: str, version: str) -> run_pair.RunComparison:
    """Two runs image by image.

    Raises:
        FerError: they cannot be held against each other.
    """
    stamps = (stamp(first, split, version), stamp(second, split, version))
    return _pair((str(first.folder), str(second.folder)), first.dataset, split, version, stamps)


@st.cache_resource(max_entries=24, show_spinner=False)
def _own_leaks(folder: str, split: str, stamp: int, known: tuple[float, ...]) -> run_leaks.OwnLeakCost | None:
    return run_leaks.own_cost(Run(Path(folder)), split)


def own_leaks(run: Run, split: str) -> run_leaks.OwnLeakCost | None:
    """What leaked images did to the figure of a run on its own version; None where nobody can tell, or has looked."""
    try:
        known = leaks.stamp(open_dataset(run.workspace, run.dataset), run.version)
        return _own_leaks(str(run.folder), split, stamp(run, split, run.version), known)
    except (FerError, OSError):
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _slices(folder: str, split: str, version: str, stamp: int) -> of_run.RunSlices:
    return of_run.slices_of(Run(Path(folder)), split, version)


def slices(run: Run, split: str, version: str) -> of_run.RunSlices:
    """Where a run fails more often, see `evaluation.slices`.

    Raises:
        FerError: it has no answers there, or its version is gone.
    """
    return _slices(str(run.folder), split, version, stamp(run, split, version))


@st.cache_resource(max_entries=24, show_spinner=False)
def _details(folder: str, split: str, version: str, stamp: int) -> Scores:
    run = Run(Path(folder))
    found = scores.stored_scores(run, split, version)
    return found if "intervals" in found else scores.compute(run, split, version)


def details(run: Run, split: str, version: str) -> Scores:
    """All scores of a run on a split; of test only what somebody has asked to see.

    Raises:
        FerError: there are none.
    """
    return _details(str(run.folder), split, version, stamp(run, split, version))


@st.cache_resource(max_entries=12, show_spinner=False)
def _answered(folder: str, split: str, version: str, stamp: int) -> pd.DataFrame:
    table = scores.predictions(Run(Path(folder)), split, version)
    if "seen" in table:
        table = table[~table["seen"]].drop(columns="seen").reset_index(drop=True)
    names = [str(c) for c in table if str(c).startswith("p_")]
    p = table[names].to_numpy()
    said = pd.Series(names).str.removeprefix("p_").to_numpy()[p.argmax(axis=1)]
    return table.assign(said=said, sure=p.max(axis=1))


def answered(run: Run, split: str, version: str) -> pd.DataFrame:
    """Predictions with what the run says (`said`) and how sure it is (`sure`)."""
    return _answered(str(run.folder), split, version, stamp(run, split, version))
