"""What the explorer reads, kept by version id, and by what else it depends on: journal, ranking, run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from fer_core import mislabels
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
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
def _facts(dataset: Dataset, version: str) -> ImageFacts:
    return ImageFacts(dataset, version)


@st.cache_resource(max_entries=4, show_spinner=False)
def holding(dataset: Dataset, newest: str) -> pd.DataFrame:
    """The verdicts that hold, by image id; `newest` is the key of the journal's newest entry."""
    return verdicts_by_image(Journal(dataset.journal_path).decisions())


@st.cache_resource(max_entries=4, show_spinner=False)
def _decided(dataset: Dataset, version: str, newest: str) -> np.ndarray:
    known = _facts(dataset, version)
    held = holding(dataset, newest)
    codes = np.zeros(len(known), np.int32)
    positions = known.columns.positions(held.index)
    present = positions >= 0
    actions = held["action"].map(_OF_ACTION).to_numpy(np.int32)
    codes[positions[present]] = actions[present]
    return codes


@st.cache_resource(max_entries=4, show_spinner=False)
def _ranked(
    dataset: Dataset, version: str, method: str, changed: float
) -> tuple[np.ndarray, np.ndarray] | None:
    known = _facts(dataset, version)
    table = mislabels.load(dataset, version, method)
    if table is None:
        return None
    positions = known.columns.positions(table["image_id"])
    present = positions >= 0
    score, wrong = np.full(len(known), np.nan), np.zeros(len(known), bool)
    score[positions[present]] = table["score"].to_numpy(np.float64)[present]
    wrong[positions[present]] = table["likely_wrong"].to_numpy(bool)[present]
    return score, wrong


@st.cache_resource(max_entries=12, show_spinner=False)
def _answers(run: Run, stamp: float) -> pd.DataFrame:
    return predictions.read_all(run.folder)


def run_answers(run: Run) -> pd.DataFrame:
    """What a run answered, by image id."""
    return _answers(run, predictions.changed_at(run.folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _said(dataset: Dataset, version: str, run: Run, stamp: float) -> tuple[np.ndarray, ...]:
    known = _facts(dataset, version)
    table = _answers(run, stamp)
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
def _across(dataset: Dataset, version: str, stamp: tuple[float, ...]) -> np.ndarray:
    known = _facts(dataset, version)
    found = known_leaks.of_version(dataset, version, cache.manifest(dataset, version))
    return _flagged(known, found.images["image_id"].unique())


def _flagged(known: ImageFacts, images: Sequence[str] | np.ndarray) -> np.ndarray:
    positions = known.columns.positions(images)
    flagged = np.zeros(len(known), bool)
    flagged[positions[positions >= 0]] = True
    return flagged


@st.cache_resource(max_entries=4, show_spinner=False)
def _conflicts(dataset: Dataset, version: str, stamp: tuple[float, ...]) -> tuple[LabelConflicts, np.ndarray]:
    known = _facts(dataset, version)
    found = label_conflicts(dataset, version, cache.manifest(dataset, version))
    return found, _flagged(known, found.images)


def conflicts(dataset: Dataset, version: str) -> LabelConflicts:
    """Copies of one picture under two labels, of every kind that was compared."""
    return _conflicts(dataset, version, leaks.stamp(dataset, version))[0]


def facts(dataset: Dataset, version: str, newest: str, run: Run | None) -> ImageFacts:
    """Everything known about a version: with the decisions that hold, its ranking and a run's answers, if any; copies
    across splits and with another label are of every kind that was compared.

    Args:
        newest: key of the journal's newest entry.
        run: whose answers are "said", "confidence" and "run_wrong".
    """
    known = _facts(dataset, version)
    categories: dict[str, Category] = {"decision": (_decided(dataset, version, newest), DECISIONS)}
    measures = {}
    stamp = leaks.stamp(dataset, version)
    flags = {"copy_across_splits": _across(dataset, version, stamp)}
    flags["copy_other_label"] = _conflicts(dataset, version, stamp)[1]
    if kept := methods(dataset, version):
        best = "folds" if "folds" in kept else kept[0]
        changed = ranking_path(dataset, version, best).stat().st_mtime
        if (ranked := _ranked(dataset, version, best, changed)) is not None:
            measures["label_score"], flags["likely_wrong"] = ranked
    if run is not None:
        said, names, confidence, wrong = _said(dataset, version, run, predictions.changed_at(run.folder))
        categories["said"] = (said, tuple(map(str, names)))
        measures["confidence"], flags["run_wrong"] = confidence, wrong
    return known.also(categories=categories, measures=measures, flags=flags)


@st.cache_data(max_entries=16, show_spinner="Averaging the faces")
def mean_of(dataset: Dataset, version: str, label: str, split: str) -> mean_faces.MeanFace:
    """Mean and spread of one class, in one split or in all (""), of a version."""
    known = _facts(dataset, version)
    codes, names = known.category("label")
    chosen = known.readable & (codes == names.index(label))
    if split:
        parts, splits = known.category("split")
        chosen &= parts == splits.index(split)
    return mean_faces.mean_face(dataset.pixels(), known.columns.numbers("row")[chosen])


SIGNATURES_UP_TO = 40_000
"""Images of a dataset up to which each has its own vector in memory; of more, perceptual hashes choose first."""


@st.cache_data(max_entries=64, show_spinner=False)
def nearest(dataset: Dataset, version: str, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the readable images most like one, best first, and their similarities (-1..1)."""
    known = _facts(dataset, version)
    good = np.flatnonzero(known.readable)
    rows = known.columns.numbers("row")[good]
    own = int(np.searchsorted(good, position))
    pixels = dataset.pixels()
    if len(pixels) <= SIGNATURES_UP_TO:
        vectors = cache.signatures(dataset)
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


@st.cache_data(max_entries=64, show_spinner=False)
def picture(dataset: Dataset, source: str, path: str, edge: int = 480) -> np.ndarray | None:
    """A file as it is, at most `edge` pixels on a side; None where it is gone or no picture."""
    try:
        pixels = decode(read_source_file(locate_source(dataset.sources, source), path), path).pixels
    except (FerError, OSError):
        return None
    image = Image.fromarray(pixels)
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return np.asarray(image)
