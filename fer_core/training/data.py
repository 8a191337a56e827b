"""What a run learns from: the rows of a version, by split, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from fer_core.base.errors import TooFewImages
from fer_core.data.manifest import classes, readable
from fer_core.recipes.model_spec import ModelSpec

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

SPLITS = ("train", "val", "test")
SoftLabelSource = Literal["review", "votes", "none"]


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
        teacher: what a teacher says of the images of `train`, float32 (n, classes); None without one.
    """

    pixels: np.ndarray
    classes: tuple[str, ...]
    splits: dict[str, Split]
    teacher: np.ndarray | None = None

    @property
    def train(self) -> Split:
        return self.splits["train"]

    @property
    def val(self) -> Split:
        return self.splits["val"]


def load(
    dataset: Dataset, version: str, model: ModelSpec, soft_labels: SoftLabelSource = "review"
) -> TrainingData:
    """Read a version for a model: the manifest now, the pixels as they are used.

    Args:
        dataset: where it is.
        version: its id.
        model: what size and colour of pixels it takes.
        soft_labels: which images are learned as distributions, see `schema.Training`.

    Raises:
        NotFound: the version is not there.
        TooFewImages: fewer than two classes, no images in `train` or `val`, or no votes where they are asked for.
    """
    manifest = dataset.manifest(version)
    if soft_labels == "none":
        manifest = manifest.drop(columns="soft_label", errors="ignore")
    elif soft_labels == "votes":
        manifest = with_votes(manifest, tuple(dataset.about.get("vote_classes", ())))
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
        manifest: see `data.manifest`.
        pixels: uint8 (images, size, size, channels); `manifest["row"]` indexes it.
    """
    names = classes(manifest)
    table = readable(manifest)
    parts = {split: _split(table[table["split"] == split], names) for split in SPLITS}
    _check(parts, names)
    return TrainingData(pixels, names, parts)


def with_votes(manifest: pd.DataFrame, vote_classes: tuple[str, ...]) -> pd.DataFrame:
    """The manifest with shares of people's votes as soft labels, where no reviewer has given one.

    Votes for classes the version does not have are left out; an image whose votes all are keeps its label.

    Args:
        manifest: see `data.manifest`; `votes` is a count per class.
        vote_classes: what the counts count.

    Raises:
        TooFewImages: nobody voted on any of its images.
    """
    names = list(classes(manifest))
    voted = manifest["votes"].notna() if "votes" in manifest else pd.Series(False, index=manifest.index)
    if not voted.any():
        raise TooFewImages(
            "Nobody has voted on images of this version",
            received="training.soft_labels='votes'",
            hint="Import votes with the dataset, or set training.soft_labels=review",
        )
    counts = pd.DataFrame(manifest.loc[voted, "votes"].tolist(), columns=list(vote_classes), dtype="float64")
    counts = counts.reindex(columns=names, fill_value=0.0).set_axis(manifest.index[voted], axis=0)
    counts = counts[counts.sum(axis=1) > 0]
    shares = counts.div(counts.sum(axis=1), axis=0)
    soft = pd.Series([None] * len(manifest), index=manifest.index, dtype="object")
    soft[shares.index] = pd.Series(list(shares.to_numpy()), index=shares.index, dtype="object")
    if "soft_label" in manifest:
        soft = manifest["soft_label"].where(manifest["soft_label"].notna(), soft)
    return manifest.assign(soft_label=soft)


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
