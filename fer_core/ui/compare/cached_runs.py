"""What the Compare page reads and computes, kept while the files behind it stay the same.

Kept things are shared between draws and sessions: whoever gets one does not change it.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from altair.utils import schemapi

from fer_core.data.datasets import open_dataset
from fer_core.errors import FerError
from fer_core.evaluation import ablation, curves, ensembles, journey, paired, ranking, scores
from fer_core.evaluation import pair as pairs
from fer_core.evaluation.calibration import fit_temperature, scaled
from fer_core.evaluation.metrics import Floats, Ints, calibration_error, read
from fer_core.evaluation.ranking import Ranking
from fer_core.runs.run import Run
from fer_core.ui import cache
from fer_core.workspace import Workspace

_specs: dict[Hashable, dict[str, Any]] = {}
_MOST = 64  # charts

Entry = tuple[str, ...]
"""Ids of the runs behind one row of the leaderboard: several where seeds are folded."""


@dataclass(frozen=True)
class Trust:
    """How far probabilities can be trusted.

    Attributes:
        reliability, coverage: tables of `evaluation.curves`, of the split shown.
        fit: risk against coverage on validation, which thresholds are read from.
        error, after: calibration error as it is, and at the temperature fitted on validation.
        temperature: that temperature.
    """

    reliability: pd.DataFrame
    coverage: pd.DataFrame
    fit: pd.DataFrame
    error: float
    temperature: float
    after: float


def manifest(workspace: Workspace, dataset: str, version: str) -> pd.DataFrame | None:
    """The manifest of a version; None where it is gone."""
    try:
        return cache.manifest(open_dataset(workspace, dataset), version)
    except (FerError, OSError, ValueError):
        return None


def stamp(run: Run, split: str, version: str) -> int:
    """When the predictions for a version, or the run's own, were written, in nanoseconds; 0 where there are none.

    Asks the disk alone: hundreds of runs are looked at with every draw.
    """
    name = f"predictions-{split}.parquet"
    for path in (f"{run.folder}/on-{version}/{name}", f"{run.folder}/{name}"):
        try:
            return os.stat(path).st_mtime_ns
        except OSError:
            continue
    return 0


@st.cache_resource(max_entries=12, show_spinner=False)
def _ranked(
    root: str, dataset: str, entries: tuple[Entry, ...], split: str, version: str, stamps: tuple[int, ...]
) -> Ranking:
    workspace = Workspace(Path(root))
    runs = [[Run(workspace.runs / name) for name in entry] for entry in entries]
    return ranking.rank(runs, split, version, manifest(workspace, dataset, version))


def ranked(workspace: Workspace, dataset: str, entries: Sequence[Entry], split: str, version: str) -> Ranking:
    """Ranks of entries on a common split."""
    return _ranked(*_asked(workspace, dataset, entries, split, version))


def _asked(
    workspace: Workspace, dataset: str, entries: Sequence[Entry], split: str, version: str
) -> tuple[str, str, tuple[Entry, ...], str, str, tuple[int, ...]]:
    """What an answer about entries depends on."""
    stamps = tuple(stamp(Run(workspace.runs / name), split, version) for entry in entries for name in entry)
    return str(workspace.root), dataset, tuple(entries), split, version, stamps


def _runs(root: str, entries: Sequence[Entry]) -> list[list[Run]]:
    return [[Run(Workspace(Path(root)).runs / name) for name in entry] for entry in entries]


@st.cache_resource(max_entries=6, show_spinner=False)
def _paired(
    root: str, dataset: str, entries: tuple[Entry, ...], split: str, version: str, stamps: tuple[int, ...]
) -> list[paired.Paired]:
    known = manifest(Workspace(Path(root)), dataset, version)
    newest = sorted(entries, key=min, reverse=True)
    return paired.find(_runs(root, newest), split, version, known)


def experiments(
    workspace: Workspace, dataset: str, entries: Sequence[Entry], split: str, version: str
) -> list[paired.Paired]:
    """Pairs of entries that differ in one thing, see `evaluation.paired`."""
    return _paired(*_asked(workspace, dataset, entries, split, version))


@st.cache_resource(max_entries=6, show_spinner=False)
def _journey(
    root: str, dataset: str, entries: tuple[Entry, ...], split: str, version: str, stamps: tuple[int, ...]
) -> list[journey.Stage]:
    return journey.stages(
        _runs(root, entries), split, version, manifest(Workspace(Path(root)), dataset, version)
    )


def stages(
    workspace: Workspace, dataset: str, entries: Sequence[Entry], split: str, version: str
) -> list[journey.Stage]:
    """How the best came about, see `evaluation.journey`."""
    return _journey(*_asked(workspace, dataset, entries, split, version))


@st.cache_resource(max_entries=6, show_spinner=False)
def _attribution(
    folders: tuple[str, str], split: str, version: str, stamps: tuple[tuple[str, str, int], ...]
) -> ablation.Attribution:
    first, second = (Run(Path(folder)) for folder in folders)
    known = manifest(first.workspace, first.dataset, version)
    return ablation.attribute(first, second, split, version, known)


def attribution(
    first: Run, second: Run, singles: Sequence[Run], split: str, version: str
) -> ablation.Attribution:
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
    root: str, dataset: str, entries: tuple[Entry, ...], split: str, version: str, stamps: tuple[int, ...]
) -> ensembles.Stack:
    return ensembles.gather([run for entry in _runs(root, entries) for run in entry], split, version)


@st.cache_resource(max_entries=12, show_spinner=False)
def _mixed(
    asked: tuple[str, str, tuple[Entry, ...], str, str, tuple[int, ...]],
    fitted: tuple[str, str, tuple[Entry, ...], str, str, tuple[int, ...]],
    greedy: bool,
) -> tuple[Mapping[str, int], ensembles.Outcome]:
    stack = _stack(*asked)
    root, dataset, entries, split, version, _ = asked
    known = manifest(Workspace(Path(root)), dataset, version)
    groups = None if known is None else scores.pictures(known, stack.ids)
    if not greedy:
        weights = dict.fromkeys((name for entry in entries for name in entry), 1)
        return weights, ensembles.judge(stack, weights, groups)
    weights = ensembles.greedy(_stack(*fitted))
    if split == "val":
        return weights, ensembles.judge_greedy(stack, groups)
    return weights, ensembles.judge(stack, weights, groups)


def mixed(
    workspace: Workspace, dataset: str, names: Sequence[str], split: str, version: str, greedy: bool
) -> tuple[Mapping[str, int], ensembles.Outcome]:
    """Members and weights of an ensemble of runs, and what it is worth on a split.

    Args:
        workspace, dataset, split, version: where it is judged.
        names: runs to choose from if `greedy`, which is done on validation; otherwise its members.
        greedy: see `ensembles.greedy`; judged on validation it is cross-fitted.

    Raises:
        FerError: as `ensembles.gather`.
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
) -> pairs.Pair:
    first, second = (Run(Path(folder)) for folder in folders)
    return pairs.pair(first, second, split, version, manifest(first.workspace, dataset, version))


def pair(first: Run, second: Run, split: str, version: str) -> pairs.Pair:
    """Two runs image by image.

    Raises:
        FerError: they cannot be held against each other.
    """
    stamps = (stamp(first, split, version), stamp(second, split, version))
    return _pair((str(first.folder), str(second.folder)), first.dataset, split, version, stamps)


@st.cache_resource(max_entries=24, show_spinner=False)
def _details(folder: str, split: str, version: str, stamp: int) -> dict[str, Any]:
    run = Run(Path(folder))
    found = scores.stored(run, split, version)
    return found if "intervals" in found else scores.compute(run, split, version)


def details(run: Run, split: str, version: str) -> dict[str, Any]:
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


@st.cache_resource(max_entries=24, show_spinner=False)
def leaks(root: str, dataset: str, version: str) -> int | None:
    """Pictures that lie in train and in a split one judges by; None where the version is gone."""
    found = manifest(Workspace(Path(root)), dataset, version)
    if found is None:
        return None
    table = found[found["error"] == ""]
    learned = set(table.loc[table["split"] == "train", "pixel_hash"])
    held = set(table.loc[table["split"].isin(["val", "test"]), "pixel_hash"])
    return len(learned & held)


@st.cache_resource(max_entries=12, show_spinner=False)
def _arrays(folder: str, split: str, version: str, stamp: int) -> tuple[tuple[str, ...], Ints, Floats]:
    """Names, labels and probabilities, as `metrics.read`."""
    return read(answered(Run(Path(folder)), split, version).drop(columns=["said", "sure"]))


@st.cache_resource(max_entries=12, show_spinner=False)
def _trust(folder: str, split: str, version: str, stamps: tuple[int, int]) -> Trust:
    _, truth, p = _arrays(folder, split, version, stamps[0])
    _, fit_truth, fit_p = _arrays(folder, "val", version, stamps[1])
    temperature = fit_temperature(fit_truth, fit_p)
    return Trust(
        curves.reliability(truth, p),
        curves.risk_coverage(truth, p),
        curves.risk_coverage(fit_truth, fit_p),
        calibration_error(truth, p),
        temperature,
        calibration_error(truth, scaled(p, temperature)),
    )


def trust(run: Run, split: str, version: str) -> Trust:
    """How far a run's probabilities can be trusted.

    Raises:
        FerError: it has no predictions there, or none on validation to fit by.
    """
    stamps = stamp(run, split, version), stamp(run, "val", version)
    return _trust(str(run.folder), split, version, stamps)


@st.cache_resource(max_entries=12, show_spinner=False)
def _class_curves(folder: str, split: str, version: str, stamp: int, kind: str) -> pd.DataFrame:
    return curves.per_class(*_arrays(folder, split, version, stamp), kind)


def class_curves(run: Run, split: str, version: str, kind: str) -> pd.DataFrame:
    """ROC ("roc") or precision-recall ("pr") curves of the classes, see `evaluation.curves.per_class`."""
    return _class_curves(str(run.folder), split, version, stamp(run, split, version), kind)


def chart(build: Callable[[], alt.LayerChart], *key: Hashable) -> None:
    """Draw a chart that is built once per `key`, unchecked: holding it against Altair's schema takes longer than all
    else, and the tests of `charts` do it.

    Args:
        build: makes the chart.
        key: of strings and numbers, the first unique on the page; the others say what the figure depends on.
    """
    if key not in _specs:
        if len(_specs) >= _MOST:
            _specs.clear()
        with schemapi.debug_mode(False):
            _specs[key] = build().to_dict(validate=False)
    st.vega_lite_chart(copy.deepcopy(_specs[key]), theme=None, key=str(key[0]))
