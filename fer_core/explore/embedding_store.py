"""Maps of a version: what the faces are described by, laid out in two dimensions, and kept with the dataset.

Faces are described by their pixels, by histograms of gradients ("hog"), by what the model that ships sees in them before it
names an emotion ("emotions"), or by a run's answers ("run:<id>": its log-probabilities, so that faces the model finds alike
lie together).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.atomic import skip_if_unwritable
from fer_core.base.checksums import checked_file
from fer_core.base.errors import FerError, NotFound
from fer_core.data.dataset import Dataset
from fer_core.explore import embedding
from fer_core.explore.facts import ImageFacts
from fer_core.explore.features import describe
from fer_core.explore.neighbours import signatures
from fer_core.inference import model_registry
from fer_core.inference.face_features import FeatureReader
from fer_core.jobs.reporter import ProgressFn
from fer_core.runs import store
from fer_core.runs.predictions import read_all

AT_MOST = 30_000
"""Faces on a map; of more, a spread sample."""
_SCHEMA = 1
_FLOOR = 1e-4
_BLOCK = 4096
_LOOKED = 512
_LEADING = 60  # components of each scale of gradients


def map_path(dataset: Dataset, version: str, features: str, method: str) -> Path:
    """Where a map of a version (by id) is kept."""
    name = f"map-{_SCHEMA}-{version}-{quote(features, safe='')}-{method}.parquet"
    return dataset.quality_dir / name


def load_map(dataset: Dataset, version: str, features: str, method: str) -> pd.DataFrame | None:
    """The map kept for a version (by id), or None where there is none or its file is damaged."""
    try:
        return pd.read_parquet(map_path(dataset, version, features, method))
    except (OSError, ValueError):
        return None


def compute_map(
    facts: ImageFacts,
    features: str = "pixels",
    method: str = "pca",
    *,
    sample: int = embedding.SAMPLE,
    progress: ProgressFn | None = None,
) -> pd.DataFrame:
    """Lay out the readable images of a version.

    Args:
        facts: of the version.
        features: "pixels", "hog", "emotions" or "run:<id>".
        method: "pca" or "tsne".
        sample: faces that t-SNE lays out itself.
        progress: told what is done.

    Returns:
        image_id, x and y (float32, -1..1), laid (bool: laid out itself) and `place` (int64, in the manifest), with
        `attrs`: images, explained (share of variance of a "pca").

    Raises:
        FerError: no such method or features.
        NotFound: no such run, or it has no predictions for this version.
    """
    positions = np.flatnonzero(facts.readable)
    vectors: NDArray[Any] | None = None
    if features.startswith("run:"):
        positions, vectors = _of_run(facts, features.removeprefix("run:"))
    elif features not in ("pixels", "hog", "emotions"):
        raise FerError('The features must be "pixels", "hog", "emotions" or "run:<id>"', received=features)
    (label, _), (split, splits) = facts.category("label"), facts.category("split")
    groups = label.astype(np.int64) * (len(splits) + 1) + split
    images = len(positions)
    chosen = embedding.stratified_sample(groups[positions], AT_MOST)
    positions = positions[chosen]
    if vectors is None:
        if progress:
            progress(0, 0, "describing the faces")
        vectors = _described(facts, positions, features, progress)
    else:
        vectors = vectors[chosen]
    layout = embedding.lay_out(vectors, groups[positions], method, sample=sample, progress=progress)
    table = pd.DataFrame(
        {
            "image_id": pd.Series(facts.columns.ids(positions), dtype="str"),
            "x": layout.points[:, 0],
            "y": layout.points[:, 1],
            "laid": layout.laid,
            "place": positions,
        }
    )
    table.attrs = {"images": images, "explained": layout.explained_variance}
    return table


def save_map(facts: ImageFacts, features: str, method: str, table: pd.DataFrame) -> None:
    """Keep a map with its dataset; a reader sees the old one or the new one whole."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    path = map_path(facts.dataset, facts.version, features, method)
    with skip_if_unwritable(), checked_file(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _described(
    facts: ImageFacts, positions: NDArray[np.int64], features: str, progress: ProgressFn | None
) -> NDArray[np.float32]:
    rows, pixels = facts.columns.numbers("row")[positions], facts.dataset.pixels()
    if features == "hog":
        return describe(np.asarray(pixels[rows])).leading(_LEADING)
    if features == "emotions":
        return _seen(facts, rows, progress)
    parts = []
    for start in range(0, len(rows), _BLOCK):
        parts.append(signatures(np.asarray(pixels[rows[start : start + _BLOCK]])))
        if progress:
            progress(min(start + _BLOCK, len(rows)), len(rows), "faces described")
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)


def _seen(facts: ImageFacts, rows: NDArray[np.int64], progress: ProgressFn | None) -> NDArray[np.float32]:
    """What the shipped model sees in faces."""
    found = model_registry.shipped(facts.dataset.workspace)
    if not found:
        raise NotFound("The model that ships is not here", hint="Use hog or pixels")
    reader, pixels = FeatureReader.open(found.path), facts.dataset.pixels()
    parts = []
    for start in range(0, len(rows), _LOOKED):
        part = np.asarray(pixels[rows[start : start + _LOOKED]])
        parts.append(reader.look(part)[1])
        if progress:
            progress(min(start + _LOOKED, len(rows)), len(rows), "faces described")
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)


def _of_run(facts: ImageFacts, run_id: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Places of the images a run has judged, and its centred log-probabilities."""
    run = store.get(facts.dataset.workspace, run_id)
    table = read_all(run.folder)
    positions = facts.columns.positions(table.index)
    known = positions >= 0
    if not known.any():
        raise NotFound("The run has no predictions for images of this version", received=run.id)
    names = [c for c in table.columns if str(c).startswith("p_")]
    logs = np.log(np.maximum(table[names].to_numpy(np.float32)[known], _FLOOR))
    return positions[known], np.asarray(logs - logs.mean(axis=1, keepdims=True), np.float32)
