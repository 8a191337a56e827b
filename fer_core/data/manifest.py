"""The manifest: one row per image, and what can be counted from it.

A manifest is a pandas DataFrame with the columns of `COLUMNS`, in that order. Rows whose file could not be
decoded, and pictures without a class, stay in the table with the reason in `error`; `readable` leaves them out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from fer_core.base.emotions import ordered_classes, ordered_splits
from fer_core.base.errors import ManifestError

COLUMNS: dict[str, str] = {
    "image_id": "str",  # 16 hex digits from source and path: stable for the same file
    "row": "int64",  # row of this image in the pixel arrays; -1 where it has no pixels
    "path": "str",  # inside the source, '/' between parts
    "source": "str",  # name of the source the file came from
    "split": "str",  # train, val, test, another name, or "unassigned"
    "label": "str",  # canonical emotion, or the class's own name; "" for a picture without a class
    "width": "int64",  # pixels, after EXIF rotation; 0 where unreadable
    "height": "int64",
    "mode": "str",  # "gray" or "rgb": whether the decoded picture has colour
    "format": "str",  # JPEG, PNG, ...; "" where unreadable
    "file_hash": "str",  # blake2b-128 of the file's bytes, hex
    "pixel_hash": "str",  # blake2b-128 of the decoded pixels, hex; "" where unreadable
    "phash": "uint64",  # imagehash.phash(image, hash_size=8), most significant bit first; 0 where unreadable
    "brightness": "float32",  # mean gray level, 0..1
    "contrast": "float32",  # standard deviation of gray levels, 0..1
    "sharpness": "float32",  # variance of the Laplacian of gray levels scaled to 0..1
    "error": "str",  # why it could not be decoded, or has no class; "" for an image
}
OPTIONAL: dict[str, str] = {
    "votes": "object",  # one count per class of `dataset.json: vote_classes`
    "soft_label": "object",  # probabilities, one per class in `classes(manifest)` order
    "subject": "str",
    "group": "str",
    "valence": "float32",  # -1 to 1, unpleasant to pleasant; NaN where the source has none
    "arousal": "float32",  # -1 to 1, calm to excited; NaN where the source has none
}


class ImageRow(TypedDict, total=False):
    """One row, with the columns it has."""

    image_id: str
    row: int
    path: str
    source: str
    split: str
    label: str
    width: int
    height: int
    mode: str
    format: str
    file_hash: str
    pixel_hash: str
    phash: int
    brightness: float
    contrast: float
    sharpness: float
    error: str
    votes: Sequence[int] | None
    soft_label: Sequence[float] | None
    subject: str
    group: str
    valence: float
    arousal: float


def check_manifest(manifest: pd.DataFrame) -> pd.DataFrame:
    """The manifest with columns in schema order and of schema types.

    Raises:
        ManifestError: a column is missing or holds another kind of value, or an `image_id` occurs twice.
    """
    missing = [name for name in COLUMNS if name not in manifest]
    if missing:
        raise ManifestError("The manifest lacks columns", received=", ".join(missing))
    extra = [name for name in OPTIONAL if name in manifest]
    table = manifest[[*COLUMNS, *extra]].reset_index(drop=True)
    try:
        table = table.astype({**COLUMNS, **{name: OPTIONAL[name] for name in extra}})
    except (TypeError, ValueError) as error:
        raise ManifestError("A manifest column holds the wrong kind of value", received=error) from error
    twice = table["image_id"][table["image_id"].duplicated()]
    if len(twice):
        raise ManifestError("An image_id occurs more than once in the manifest", received=twice.iloc[0])
    return table


def image_id(source: str, path: str) -> str:
    """Identity of a file: 16 hex digits of its source and path, the same on any machine."""
    return hashlib.blake2b(f"{source}\0{path}".encode(), digest_size=8).hexdigest()


def file_hash(data: bytes) -> str:
    """blake2b-128 of a file's bytes, 32 hex digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def readable(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows that decoded and have a class: the images."""
    return manifest[manifest["error"] == ""]


def unlabelled(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows that decoded and have no class: they have pixels, and take part in nothing."""
    return manifest[(manifest["error"] != "") & (manifest["pixel_hash"] != "")]


def classes(manifest: pd.DataFrame) -> tuple[str, ...]:
    """Class names of the readable images, in canonical order: a model's outputs follow it."""
    return ordered_classes(readable(manifest[["error", "label"]])["label"].unique())


def splits(manifest: pd.DataFrame) -> tuple[str, ...]:
    """Split names of the readable images: train, val, test, then others."""
    return ordered_splits(readable(manifest[["error", "split"]])["split"].unique())


def counts(manifest: pd.DataFrame) -> pd.DataFrame:
    """Readable images per split (index) and class (columns), int64, zeros filled in."""
    table = readable(manifest[["error", "split", "label"]])
    (split, splits_), (label, classes_) = pd.factorize(table["split"]), pd.factorize(table["label"])
    cells = np.bincount(split * len(classes_) + label, minlength=len(splits_) * len(classes_))
    cross = pd.DataFrame(
        cells.reshape(len(splits_), len(classes_)),
        index=pd.Index(splits_, name="split"),
        columns=pd.Index(classes_, name="label"),
    )
    return cross.reindex(index=list(ordered_splits(splits_)), columns=list(ordered_classes(classes_)))


def content_id(manifest: pd.DataFrame) -> str:
    """Identity of a version: 16 hex digits of which pictures it holds and how they are labelled and split.

    Row order, file names and paths do not matter, so the same content has the same id on any machine and
    after an export and import. A file that did not decode counts by its bytes.
    """
    picture = np.where(manifest["error"] == "", manifest["pixel_hash"], "file:" + manifest["file_hash"])
    lines: Iterable[str]
    parts = [picture, manifest["split"].to_numpy(), manifest["label"].to_numpy()]
    lines = ("\0".join(row) for row in zip(*parts, strict=True))
    if "soft_label" in manifest:
        soft = (",".join(f"{p:.6f}" for p in s) if s is not None else "" for s in manifest["soft_label"])
        lines = (f"{line}\0{s}" if s else line for line, s in zip(lines, soft, strict=True))
    digest = hashlib.blake2b(digest_size=8)
    for line in sorted(lines):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
