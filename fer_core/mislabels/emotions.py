"""The judge that knows faces: the model that ships, asked about every image that it has not learned.

It was trained on what ten people saw in each face, not on the labels in question, and names emotions far better than a model that
learns from these labels can. It is asked about the face as it is and mirrored; of its eight emotions those of the set
count. Images it has learned, or a copy of which it has learned, it would judge from memory: it is not asked about them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import FerError, ModelFileError
from fer_core.data.manifest import classes, readable
from fer_core.duplicates.learned import FILE, LearnedPictures, digest
from fer_core.explore.features import Features
from fer_core.inference import model_registry
from fer_core.inference.face_features import FeatureReader
from fer_core.inference.predictor import Predictor

if TYPE_CHECKING:
    from pathlib import Path

    from fer_core.base.workspace import Workspace
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

_BLOCK = 1024
MIN_CLASSES = 2
"""Emotions a set must share with the model."""


@dataclass(frozen=True)
class EmotionOpinion:
    """What the model says of the readable images of a version, in manifest order.

    Attributes:
        probabilities: index image_id, columns the version's classes, float64; rows sum to 1, or are NaN where it was
            not asked.
        sight: what it saw, float32 (n, d), NaN where it was not asked.
        learned: images it has learned, or copies of which.
        unknown: images whose label is no emotion it knows.
        model: `learned.digest` of its file.
    """

    probabilities: pd.DataFrame
    sight: Features
    learned: int
    unknown: int
    model: str


def shipped(workspace: Workspace) -> Path | None:
    """The model that ships, if what it has learned is known; else None."""
    model = model_registry.shipped(workspace)
    return model.path if model and model.path.with_name(FILE).is_file() else None


def can_judge(workspace: Workspace, names: tuple[str, ...]) -> bool:
    """Whether the shipped model is there and may judge a set of these classes."""
    path = shipped(workspace)
    return path is not None and len(_shared(Predictor.load(path).classes, names)) >= MIN_CLASSES


def judge_images(
    dataset: Dataset, version: str, progress: ProgressFn | None = None, images: Iterable[str] | None = None
) -> EmotionOpinion:
    """Ask the shipped model about a version, or about some of its images alone.

    Raises:
        ModelFileError: no shipped model, or nobody knows what it has learned.
        FerError: the set shares fewer than two emotions with it.
    """
    found = model_registry.shipped(dataset.workspace)
    if not found:
        raise ModelFileError("The model that ships is not here", hint="Use the method quick")
    path = found.path
    learned, reader = LearnedPictures.beside(path), FeatureReader.open(path)
    manifest = dataset.manifest(version)
    table, names = readable(manifest), classes(manifest)
    if images is not None:
        table = table[table["image_id"].isin(list(images))]
    shared = _shared(reader.classes, names)
    if len(shared) < MIN_CLASSES:
        raise FerError(
            "The set shares fewer than two emotions with the model that ships",
            received=", ".join(names),
            hint=f"It knows {', '.join(reader.classes)}; use the method quick",
        )
    pixels = dataset.pixels()[table["row"].to_numpy(np.int64)]
    if progress:
        progress(0, len(table), "images compared with those the model has learned")
    memory = learned.has(pixels)
    known = table["label"].isin(list(shared)).to_numpy(bool)
    asked = np.flatnonzero(~memory & known)
    said, plain, mirrored = _looked(reader, pixels, asked, progress)
    columns = [reader.classes.index(name) for name in shared.values()]
    some = said[:, columns].astype(np.float64) + 1e-12
    chances = np.full((len(table), len(names)), np.nan)
    chances[asked] = 0.0
    own = np.array([names.index(name) for name in shared])
    chances[asked[:, None], own] = some / some.sum(axis=1, keepdims=True)
    frame = pd.DataFrame(chances, index=pd.Index(table["image_id"], name="image_id"), columns=list(names))
    sight = Features(
        _spread(plain, asked, len(table)), _spread(mirrored, asked, len(table)), (plain.shape[1],)
    )
    return EmotionOpinion(frame, sight, int(memory.sum()), int((~known).sum()), digest(path))


def _looked(
    reader: FeatureReader, pixels: np.ndarray, asked: np.ndarray, progress: ProgressFn | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities averaged over both looks, and what was seen in each, scaled so that every feature counts alike."""
    parts = []
    for start in range(0, max(len(asked), 1), _BLOCK):
        if progress:
            progress(start, len(asked), "images judged by the model that ships")
        part = pixels[asked[start : start + _BLOCK]]
        (p, plain), (q, mirrored) = reader.look(part), reader.look(part, mirror=True)
        parts.append(((p + q) / 2, plain, mirrored))
    said, plain, mirrored = (np.concatenate(each) for each in zip(*parts, strict=True))
    mean, spread = (plain.mean(axis=0), plain.std(axis=0) + 1e-3) if len(plain) else (0.0, 1.0)
    return said, (plain - mean) / spread, (mirrored - mean) / spread


def _spread(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    result = np.full((count, values.shape[1]), np.nan, np.float32)
    result[rows] = values
    return result


def _shared(known: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str]:
    """Class of the set -> class of the model, of those both have."""
    return {name: canonical_emotion(name) for name in names if canonical_emotion(name) in known}
