"""What the explorer reads, kept by version id, and by what else it depends on: journal, ranking, run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.data.images import decode
from fer_core.data.sources import located, read_one
from fer_core.errors import FerError
from fer_core.quality import mean_faces, mislabels
from fer_core.quality.facts import Category, Facts
from fer_core.quality.mislabel_store import methods, ranking_path
from fer_core.quality.neighbours import alike
from fer_core.review.journal import Journal
from fer_core.review.labels import verdicts
from fer_core.runs import answers, store
from fer_core.runs.run import Run
from fer_core.ui import cache
from fer_core.workspace import Workspace

_ALIKE = 240
DECISIONS = ("undecided", "relabelled", "kept", "deleted", "ambiguous")
_OF_ACTION = {"relabel": 1, "keep": 2, "delete": 3, "ambiguous": 4}


@st.cache_resource(max_entries=4, show_spinner=False)
def _facts(root: str, name: str, version: str) -> Facts:
    return Facts(open_dataset(Workspace(Path(root)), name), version)


@st.cache_resource(max_entries=4, show_spinner=False)
def _verdicts(path: str, newest: str) -> pd.DataFrame:
    return verdicts(Journal(Path(path)).decisions())


def holding(dataset: Dataset, newest: str) -> pd.DataFrame:
    """The verdicts that hold, by image id; `newest` is the key of the journal's newest entry."""
    return _verdicts(str(dataset.journal_path), newest)


@st.cache_resource(max_entries=4, show_spinner=False)
def _decided(root: str, name: str, version: str, newest: str) -> np.ndarray:
    known = _facts(root, name, version)
    held = holding(known.dataset, newest)
    codes = np.zeros(len(known), np.int32)
    places = known.columns.places(held.index)
    there = places >= 0
    actions = held["action"].map(_OF_ACTION).to_numpy(np.int32)
    codes[places[there]] = actions[there]
    return codes


@st.cache_resource(max_entries=4, show_spinner=False)
def _ranked(
    root: str, name: str, version: str, method: str, changed: float
) -> tuple[np.ndarray, np.ndarray] | None:
    known = _facts(root, name, version)
    table = mislabels.load(known.dataset, version, method)
    if table is None:
        return None
    places = known.columns.places(table["image_id"])
    there = places >= 0
    score, wrong = np.full(len(known), np.nan), np.zeros(len(known), bool)
    score[places[there]] = table["score"].to_numpy(np.float64)[there]
    wrong[places[there]] = table["likely_wrong"].to_numpy(bool)[there]
    return score, wrong


@st.cache_resource(max_entries=12, show_spinner=False)
def _answers(root: str, run_id: str, stamp: float) -> pd.DataFrame:
    return answers.answers(store.get(Workspace(Path(root)), run_id))


def run_answers(workspace: Workspace, run: Run) -> pd.DataFrame:
    """What a run answered, by image id."""
    return _answers(str(workspace.root), run.id, answers.stamp(run))


@st.cache_resource(max_entries=4, show_spinner=False)
def _said(root: str, name: str, version: str, run_id: str, stamp: float) -> tuple[np.ndarray, ...]:
    known = _facts(root, name, version)
    table = _answers(root, run_id, stamp)
    places = known.columns.places(table.index)
    there = places >= 0
    names = tuple(sorted(table["said"].unique()))
    said, p = np.full(len(known), -1, np.int32), np.full(len(known), np.nan)
    said[places[there]] = pd.Index(names).get_indexer(table["said"])[there]
    p[places[there]] = table["p"].to_numpy(np.float64)[there]
    label, classes = known.category("label")
    own = np.array([*(names.index(c) if c in names else -2 for c in classes), -2])[label]
    return said, np.array(names, dtype=object), p, (said >= 0) & (said != own)


def runs_of(workspace: Workspace, dataset: str) -> list[Run]:
    """Runs on a dataset that have left predictions, newest first."""
    found = [r for r in store.list_runs(workspace) if r.dataset == dataset and answers.stamp(r)]
    return sorted(found, key=lambda run: run.id, reverse=True)


def facts(dataset: Dataset, version: str, newest: str, run: Run | None) -> Facts:
    """Everything known about a version: with the decisions that hold, its ranking and a run's answers, if any.

    Args:
        newest: key of the journal's newest entry.
        run: whose answers are "said", "confidence" and "run_wrong".
    """
    root, name = str(dataset.workspace.root), dataset.name
    known = _facts(root, name, version)
    categories: dict[str, Category] = {"decision": (_decided(root, name, version, newest), DECISIONS)}
    measures, flags = {}, {}
    if kept := methods(dataset, version):
        best = "folds" if "folds" in kept else kept[0]
        changed = ranking_path(dataset, version, best).stat().st_mtime
        if (ranked := _ranked(root, name, version, best, changed)) is not None:
            measures["label_score"], flags["likely_wrong"] = ranked
    if run is not None:
        said, names, confidence, wrong = _said(root, name, version, run.id, answers.stamp(run))
        categories["said"] = (said, tuple(map(str, names)))
        measures["confidence"], flags["run_wrong"] = confidence, wrong
    return known.also(categories=categories, measures=measures, flags=flags)


@st.cache_data(max_entries=16, show_spinner="Averaging the faces")
def mean_of(root: str, name: str, version: str, label: str, split: str) -> mean_faces.Mean:
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
def _alike(root: str, name: str, version: str, place: int) -> tuple[np.ndarray, np.ndarray]:
    known = _facts(root, name, version)
    good = np.flatnonzero(known.readable)
    rows = known.columns.numbers("row")[good]
    own = int(np.searchsorted(good, place))
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
    best, similarity = alike(pixels, rows, known.columns.numbers("phash")[good], own)
    return good[best[:_ALIKE]], similarity[:_ALIKE]


def nearest(dataset: Dataset, version: str, place: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the readable images most like one, best first, and their similarities (-1..1)."""
    return _alike(str(dataset.workspace.root), dataset.name, version, place)


@st.cache_data(max_entries=64, show_spinner=False)
def picture(root: str, name: str, source: str, path: str, edge: int = 480) -> np.ndarray | None:
    """A file as it is, at most `edge` pixels on a side; None where it is gone or no picture."""
    dataset = open_dataset(Workspace(Path(root)), name)
    try:
        pixels = decode(read_one(located(dataset.sources, source), path), path).pixels
    except (FerError, OSError):
        return None
    image = Image.fromarray(pixels)
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return np.asarray(image)
