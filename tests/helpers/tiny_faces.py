"""Datasets small enough to learn in seconds: each class is a bright stripe at a place of its own, with noise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.manifest import image_id
from fer_core.data.save_version import save_version
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.training.data import TrainingData, from_manifest

CLASSES = ("happy", "neutral", "sad")
COUNTS = {"train": 96, "val": 30, "test": 12}

TINY_MODEL = [
    {"kind": "conv", "filters": 8, "convs": 1, "strides": 2, "batch_norm": "before_activation"},
    {"kind": "flatten"},
]


def tiny_recipe(**settings: object) -> Recipe:
    """A network of a few thousand numbers; `a__b=1` sets the field `a.b`."""
    fields = {"name": "tiny", "model.blocks": TINY_MODEL, "training.batch_size": 16, "training.epochs": 2}
    fields |= {"optimizer.learning_rate": 0.01, "model.batch_norm_momentum": 0.5}
    return override(load("base"), fields | {k.replace("__", "."): v for k, v in settings.items()})


def table(counts: dict[str, int] = COUNTS, classes: tuple[str, ...] = CLASSES) -> pd.DataFrame:
    """A manifest whose classes take turns."""
    rows = [
        (split, classes[n % len(classes)], f"{split}/{n}.png")
        for split, count in counts.items()
        for n in range(count)
    ]
    found = pd.DataFrame(rows, columns=["split", "label", "path"])
    found["image_id"] = [image_id("tiny", path) for path in found["path"]]
    found["row"] = range(len(found))
    found["source"], found["mode"], found["format"], found["error"] = "tiny", "gray", "PNG", ""
    found["pixel_hash"] = found["file_hash"] = found["image_id"]
    found[["width", "height"]], found["phash"] = 48, 0
    found[["brightness", "contrast", "sharpness"]] = 0.5
    return found


def pictures(manifest: pd.DataFrame, seed: int = 0) -> np.ndarray:
    """uint8 (n, 48, 48): a stripe whose height tells the class."""
    names = sorted(set(manifest["label"]))
    images = np.random.default_rng(seed).integers(0, 120, (len(manifest), 48, 48))
    for image, label in zip(images, manifest["label"], strict=True):
        top = 4 + 14 * names.index(label)
        image[top : top + 8] += 120
    return images.astype(np.uint8)


def tiny_data(counts: dict[str, int] = COUNTS, classes: tuple[str, ...] = CLASSES) -> TrainingData:
    manifest = table(counts, classes)
    return from_manifest(manifest, pictures(manifest)[..., np.newaxis])


def tiny_dataset(root: Path, manifest: pd.DataFrame | None = None) -> Dataset:
    """The same on disk, as a dataset `tiny` of a workspace."""
    manifest = table() if manifest is None else manifest
    dataset = Dataset(Workspace(root), "tiny")
    (dataset.folder / "pixels").mkdir(parents=True)
    about = {"name": "tiny", "head": "none yet", "source": {"path": "tiny"}, "problems": []}
    (dataset.folder / "dataset.json").write_text(json.dumps(about))
    np.save(dataset.folder / "pixels" / "48x48-gray.npy", pictures(manifest))
    save_version(dataset, manifest, parent=None, operation="import")
    return dataset
