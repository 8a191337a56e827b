"""What a run learns from: the rows of a version, by split, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.data.records import classes, readable
from fer_core.errors import TooFewImages
from fer_core.models.spec import ModelSpec

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """The images of one split, in manifest order.

    Attributes:
        ids: image_id (n,) str.
        rows: rows of the pixel array, (n,) int64.
        labels: class numbers, (n,) int64: what accuracy and class weights go by.
        targets: what the loss is given, float32 (n, classes): the soft label where a person gave one, else one-hot.
            Rows sum to 1.
    """

    ids: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class TrainingData:
    """A version ready to train on.

    Attributes:
        pixels: uint8 (images, size, size, channels), memory-mapped.
        classes: class names in output order.
        splits: `train`, `val` and `test`; the last may be empty.
    """

    pixels: np.ndarray
    classes: tuple[str, ...]
    splits: dict[str, Split]

    @property
    def train(self) -> Split:
        return self.splits["train"]

    @property
    def val(self) -> Split:
        return self.splits["val"]


def load(dataset: Dataset, version: str, model: ModelSpec) -> TrainingData:
    """Read a version for a model: the manifest now, the pixels as they are used.

    Raises:
        NotFound: the version is not there.
        TooFewImages: fewer than two classes, or no images in `train` or `val`.
    """
    manifest = dataset.manifest(version)
    pixels = dataset.pixels(model.input_size, model.color)
    if pixels.ndim == 3:
        pixels = pixels[..., np.newaxis]
    return from_manifest(manifest, pixels)


def check_trainable(manifest: pd.DataFrame) -> None:
    """Raise TooFewImages where `load` would, before a run is made."""
    from_manifest(manifest, np.empty((0, 1, 1, 1), np.uint8))


def from_manifest(manifest: pd.DataFrame, pixels: np.ndarray) -> TrainingData:
    """`load` for tables that are at hand.

    Args:
        manifest: see `data.records`.
        pixels: uint8 (images, size, size, channels); `manifest["row"]` indexes it.
    """
    names = classes(manifest)
    table = readable(manifest)
    parts = {split: _split(table[table["split"] == split], names) for split in SPLITS}
    _check(parts, names)
    return TrainingData(pixels, names, parts)


def class_weights(labels: np.ndarray, count: int) -> np.ndarray:
    """Weight of each class, float32 (count,), with which all classes that occur count equally.

    n / (k * n_c), as scikit-learn's `balanced`; 0 for a class without images.
    """
    found = np.bincount(labels, minlength=count)
    present = found > 0
    weights = np.zeros(count, dtype=np.float32)
    weights[present] = len(labels) / (present.sum() * found[present])
    return weights


def _split(table: pd.DataFrame, names: tuple[str, ...]) -> Split:
    number = {name: index for index, name in enumerate(names)}
    labels = table["label"].map(number).to_numpy(dtype=np.int64)
    targets = np.eye(len(names), dtype=np.float32)[labels]
    if "soft_label" in table:
        soft = table["soft_label"].notna().to_numpy()
        if soft.any():
            targets[soft] = np.array(table["soft_label"][soft].tolist(), dtype=np.float32)
    return Split(
        ids=table["image_id"].to_numpy(dtype=object),
        rows=table["row"].to_numpy(dtype=np.int64),
        labels=labels,
        targets=targets,
    )


def _check(parts: dict[str, Split], names: tuple[str, ...]) -> None:
    for split in ("train", "val"):
        if not len(parts[split]):
            raise TooFewImages(
                f"This version has no images in its {split} split",
                received=", ".join(f"{name}={len(part)}" for name, part in parts.items()),
                hint="Make splits with Stratify and train on the new version",
            )
    trained = sorted({names[label] for label in np.unique(parts["train"].labels)})
    if len(trained) < 2:
        raise TooFewImages(
            "Training needs images of at least two classes",
            received=f"train holds only {', '.join(trained)}",
            hint="Add images of another class, or stratify",
        )
