"""What pages read more than once, cached by dataset and version id: a version never changes, so its cache never goes stale."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from fer_core import mislabels
from fer_core.base.tables import column_values
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import classes
from fer_core.data.pixels import pixel_file
from fer_core.duplicates.exact import DuplicateGroups, find_exact
from fer_core.explore import neighbours
from fer_core.inference import model_registry
from fer_core.inference.ensemble import Ensemble
from fer_core.inference.metadata import sidecar
from fer_core.inference.onnx_file import Graph
from fer_core.inference.predictor import Predictor
from fer_core.review.journal import Journal
from fer_core.review.snapshot import JournalSnapshot, follow


@st.cache_resource(max_entries=8, show_spinner=False)
def _manifest(dataset: Dataset, version: str) -> pd.DataFrame:
    return dataset.manifest(version)


def manifest(dataset: Dataset, version: str) -> pd.DataFrame:
    """The manifest of a version (a copy: change it freely)."""
    # pandas copies on write, so this costs nothing, and nobody can change what the others see.
    return _manifest(dataset, version).copy(deep=False)


@st.cache_resource(max_entries=8, show_spinner=False)
def exact_groups(dataset: Dataset, version: str) -> DuplicateGroups:
    """Groups of equal pixels in a version."""
    return find_exact(manifest(dataset, version))


@st.cache_resource(max_entries=8, show_spinner=False)
def class_names(dataset: Dataset, version: str) -> tuple[str, ...]:
    """Class names of a version, in canonical order."""
    return classes(manifest(dataset, version))


@st.cache_resource(max_entries=8, show_spinner=False)
def _rows(dataset: Dataset, version: str) -> dict[str, int]:
    table = manifest(dataset, version)
    return dict(zip(column_values(table["image_id"]), table["row"].tolist(), strict=True))


def pixel_rows(dataset: Dataset, version: str, image_ids: Iterable[str]) -> NDArray[np.int64]:
    """Where the pixels of images lie (the manifest's `row`), int64; -1 of one that is not in the version."""
    known = _rows(dataset, version)
    return np.array([known.get(one, -1) for one in image_ids], np.int64)


@st.cache_resource(show_spinner=False)
def _readings() -> dict[str, JournalSnapshot]:
    return {}


def journal(dataset: Dataset) -> JournalSnapshot:
    """The journal as it is now; after a decision only what was added is read."""
    known, path = _readings(), dataset.journal_path
    found = known[str(path)] = follow(Journal(path), known.get(str(path)))
    return found


def faces(dataset: Dataset, rows: pd.Series | NDArray[np.int64] | list[int]) -> NDArray[np.uint8]:
    """Pixels of the given manifest `row` numbers, uint8 (n, 48, 48); a black square where there are none (row -1)."""
    wanted = np.asarray(rows, np.int64)
    store = dataset.pixels()
    if not len(store):
        return np.zeros((len(wanted), 48, 48), np.uint8)
    pixels = np.asarray(store[np.clip(wanted, 0, None)])
    pixels[wanted < 0] = 0
    return pixels


@st.cache_resource(max_entries=4, show_spinner=False)
def _signatures(dataset: Dataset, state: tuple[int, int]) -> NDArray[np.float32]:
    return neighbours.signatures(dataset.pixels()[: state[0]])


def pixels_state(dataset: Dataset) -> tuple[int, int]:
    """Rows of the dataset's pixel file, and when it was written: as long as both are the same, so are its pictures."""
    return len(dataset.pixels()), pixel_file(dataset.folder).stat().st_mtime_ns


def signatures(dataset: Dataset) -> NDArray[np.float32]:
    """Vectors of all pictures of a dataset, for finding look-alikes, indexed by the manifest's `row`."""
    return _signatures(dataset, pixels_state(dataset))


@st.cache_data(max_entries=4, show_spinner=False)
def _ranking(dataset: Dataset, version: str, method: str, changed: float) -> pd.DataFrame | None:
    return mislabels.load(dataset, version, method)


def ranking(dataset: Dataset, version: str, method: str = "quick") -> pd.DataFrame | None:
    """The stored ranking of a version's labels, worst first; None while there is none."""
    file = mislabels.ranking_path(dataset, version, method)
    if not file.is_file():
        return None
    return _ranking(dataset, version, method, file.stat().st_mtime)


@st.cache_resource(max_entries=8, show_spinner=False)  # as many as can be asked side by side
def _model(path: str, changed: float, about: float) -> Predictor | Ensemble:
    return model_registry.open_model(Path(path))


def predictor(model: Path) -> Predictor | Ensemble:
    """A model, loaded and warm; loaded anew when its file, or what is said about it, has changed."""
    return _model(str(model), *_changed(model))


@st.cache_resource(max_entries=32, show_spinner=False)
def _missing_metadata(path: str, changed: float, about: float) -> Graph | None:
    return model_registry.missing_metadata(Path(path))


def missing_metadata(model: Path) -> Graph | None:
    """See `model_registry.missing_metadata`; asked anew when the file, or what is said about it, has changed."""
    return _missing_metadata(str(model), *_changed(model))


def _changed(model: Path) -> tuple[float, float]:
    file, about = (path.stat().st_mtime if path.exists() else 0.0 for path in (model, sidecar(model)))
    return file, about
