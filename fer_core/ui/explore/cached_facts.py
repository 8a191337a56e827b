"""What the explorer reads, kept by version id, and by what else it depends on: journal, ranking, run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from fer_core import mislabels
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.data.images import decode
from fer_core.data.sources import locate_source, read_source_file
from fer_core.explore import mean_faces
from fer_core.explore.facts import Category, ImageFacts
from fer_core.explore.neighbours import nearest_by_hash
from fer_core.mislabels.store import methods, ranking_path
from fer_core.review.journal import Journal
from fer_core.review.verdicts import verdicts_by_image
from fer_core.runs import predictions, store
from fer_core.runs.run import Run
from fer_core.splits import known_leaks, leaks
from fer_core.splits.conflicts import LabelConflicts, label_conflicts
from fer_core.ui.shell import cache

_ALIKE = 240
DECISIONS = ("undecided", "relabelled", "kept", "deleted", "ambiguous")
_OF_ACTION = {"relabel": 1, "keep": 2, "delete": 3, "ambiguous": 4}


@st.cache_resource(max_entries=4, show_spinner=False)
def _facts(root: str, name: str, version: str) -> ImageFacts:
    return ImageFacts(open_dataset(Workspace(Path(root)), name), version)


@st.cache_resource(max_entries=4, show_spinner=False)
def _verdicts(path: str, newest: str) -> pd.DataFrame:
    return verdicts_by_image(Journal(Path(path)).decisions())


def holding(dataset: Dataset, newest: str) -> pd.DataFrame:
    """The verdicts that hold, by image id; `newest` is the key of the journal's newest entry."""
    return _verdicts(str(dataset.journal_path), newest)


@st.cache_resource(max_entries=4, show_spinner=False)
def _decided(root: str, name: str, version: str, newest: str) -> np.ndarray:
    known = _facts(root, name, version)
    held = holding(known.dataset, newest)
    codes = np.zeros(len(known), np.int32)
    positions = known.columns.positions(held.index)
    present = positions >= 0
    actions = held["action"].map(_OF_ACTION).to_numpy(np.int32)
    codes[positions[present]] = actions[present]
    return codes


@st.cache_resource(max_entries=4, show_spinner=False)
def _ranked(
    root: str, name: str, version: str, method: str, changed: float
) -> tuple[np.ndarray, np.ndarray] | None:
    known = _facts(root, name, version)
    table = mislabels.load(known.dataset, version, method)
    if table is None:
        return None
    positions = known.columns.positions(table["image_id"])
    present = positions >= 0
    score, wrong = np.full(len(known), np.nan), np.zeros(len(known), bool)
    score[positions[present]] = table["score"].to_numpy(np.float64)[present]
    wrong[positions[present]] = table["likely_wrong"].to_numpy(bool)[present]
    return score, wrong


@st.cache_resource(max_entries=12, show_spinner=False)
def _answers(root: str, run_id: str, stamp: float) -> pd.DataFrame:
    return predictions.read_all(store.get(Workspace(Path(root)), run_id).folder)


def run_answers(workspace: Workspace, run: Run) -> pd.DataFrame:
    """What a run answered, by image id."""
    return _answers(str(workspace.root), run.id, predictions.changed_at(run.folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _said(root: str, name: str, version: str, run_id: str, stamp: float) -> tuple[np.ndarray, ...]:
    known = _facts(root, name, version)
    table = _answers(root, run_id, stamp)
    positions = known.columns.positions(table.index)
    present = positions >= 0
    names = tuple(sorted(table["said"].unique()))
    said, p = np.full(len(known), -1, np.int32), np.full(len(known), np.nan)
    said[positions[present]] = pd.Index(names).get_indexer(table["said"])[present]
    p[positions[present]] = table["p"].to_numpy(np.float64)[present]
    label, classes = known.category("label")
    own = np.array([*(names.index(c) if c in names else -2 for c in classes), -2])[label]
    return said, np.array(names, dtype=object), p, (said >= 0) & (said != own)


def runs_of(workspace: Workspace, dataset: str) -> list[Run]:
    """Runs on a dataset that have left predictions, newest first."""
    found = [
        r for r in store.list_runs(workspace) if r.dataset == dataset and predictions.changed_at(r.folder)
    ]
    return sorted(found, key=lambda run: run.id, reverse=True)


@st.cache_resource(max_entries=4, show_spinner=False)
def _across(root: str, name: str, version: str, stamp: tuple[float, ...]) -> np.ndarray:
    known = _facts(root, name, version)
    found = known_leaks.of_version(known.dataset, version, cache.manifest(known.dataset, version))
    return _flagged(known, found.images["image_id"].unique())


def _flagged(known: ImageFacts, images: Sequence[str] | np.ndarray) -> np.ndarray:
    positions = known.columns.positions(images)
    flagged = np.zeros(len(known), bool)
    flagged[positions[positions >= 0]] = True
    return flagged


@st.cache_resource(max_entries=4, show_spinner=False)
def _conflicts(
    root: str, name: str, version: str, stamp: tuple[float, ...]
) -> tuple[LabelConflicts, np.ndarray]:
    known = _facts(root, name, version)
    found = label_conflicts(known.dataset, version, cache.manifest(known.dataset, version))
    return found, _flagged(known, found.images)


def conflicts(dataset: Dataset, version: str) -> LabelConflicts:
    """Copies of one picture under two labels, of every kind that was compared."""
    root = str(dataset.workspace.root)
    return _conflicts(root, dataset.name, version, leaks.stamp(dataset, version))[0]


def facts(dataset: Dataset, version: str, newest: str, run: Run | None) -> ImageFacts:
    """Everything known about a version: with the decisions that hold, its ranking and a run's answers, if any; copies
    across splits and with another label are of every kind that was compared.

    Args:
        newest: key of the journal's newest entry.
        run: whose answers are "said", "confidence" and "run_wrong".
    """
    root, name = str(dataset.workspace.root), dataset.name
    known = _facts(root, name, version)
    categories: dict[str, Category] = {"decision": (_decided(root, name, version, newest), DECISIONS)}
    measures = {}
    stamp = leaks.stamp(dataset, version)
    flags = {"copy_across_splits": _across(root, name, version, stamp)}
    flags["copy_other_label"] = _conflicts(root, name, version, stamp)[1]
    if kept := methods(dataset, version):
        best = "folds" if "folds" in kept else kept[0]
        changed = ranking_path(dataset, version, best).stat().st_mtime
        if (ranked := _ranked(root, name, version, best, changed)) is not None:
            measures["label_score"], flags["likely_wrong"] = ranked
    if run is not None:
        said, names, confidence, wrong = _said(
            root, name, version, run.id, predictions.changed_at(run.folder)
        )
        categories["said"] = (said, tuple(map(str, names)))
        measures["confidence"], flags["run_wrong"] = confidence, wrong
    return known.also(categories=categories, measures=measures, flags=flags)


@st.cache_data(max_entries=16, show_spinner="Averaging the faces")
def mean_of(root: str, name: str, version: str, label: str, split: str) -> mean_faces.MeanFace:
    """Mean and spread of one class, in one split or in all (""), of a version."""
    known = _facts(root, name, version)
    codes, names = known.category("label")
    chosen = known.readable & (codes == names.index(label))
    if split:
        parts, splits = known.category("split")
        chosen &= parts == splits.index(split)
    return mean_faces.mean_face(known.dataset.pixels(), known.columns.numbers("row")[chosen])


SIGNATURES_UP_TO = 40_000
"""Images of a dataset up to which each has its own vector in memory; of more, perceptual hashes choose first."""


@st.cache_data(max_entries=64, show_spinner=False)
def _alike(root: str, name: str, version: str, position: int) -> tuple[np.ndarray, np.ndarray]:
    known = _facts(root, name, version)
    good = np.flatnonzero(known.readable)
    rows = known.columns.numbers("row")[good]
    own = int(np.searchsorted(good, position))
    pixels = known.dataset.pixels()
    if len(pixels) <= SIGNATURES_UP_TO:
        vectors = cache.signatures(known.dataset)
        similarity = (vectors @ vectors[rows[own]])[rows]
        similarity[own] = -2  # not its own neighbour
        count = min(_ALIKE, len(rows) - 1)
        if count < 1:
            return good[:0], similarity[:0]
        best = np.argpartition(-similarity, count - 1)[:count]
        best = best[np.argsort(-similarity[best], kind="stable")]
        return good[best], similarity[best]
    best, similarity = nearest_by_hash(pixels, rows, known.columns.numbers("phash")[good], own)
    return good[best[:_ALIKE]], similarity[:_ALIKE]


def nearest(dataset: Dataset, version: str, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the readable images most like one, best first, and their similarities (-1..1)."""
    return _alike(str(dataset.workspace.root), dataset.name, version, position)


@st.cache_data(max_entries=64, show_spinner=False)
def picture(root: str, name: str, source: str, path: str, edge: int = 480) -> np.ndarray | None:
    """A file as it is, at most `edge` pixels on a side; None where it is gone or no picture."""
    dataset = open_dataset(Workspace(Path(root)), name)
    try:
        pixels = decode(read_source_file(locate_source(dataset.sources, source), path), path).pixels
    except (FerError, OSError):
        return None
    image = Image.fromarray(pixels)
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return np.asarray(image)
