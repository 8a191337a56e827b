"""From the files of a source to manifest rows and pictures, in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from fer_core.data import measures
from fer_core.data.images import SUFFIXES, Picture, decode, pixel_hash, to_gray
from fer_core.data.pixels import SIZE, PixelWriter
from fer_core.data.readers.base import Entry, Reader, suffix_of
from fer_core.data.records import COLUMNS, check_manifest, image_id
from fer_core.emotions import UNASSIGNED
from fer_core.errors import FerError, ImageError
from fer_core.jobs import ProgressFn

SOURCE = "main"
"""Name of a dataset's first source: always the same, so that files keep their ids under any dataset name."""

_BATCH = 512
_BATCH_PIXELS = 8_000_000  # large pictures travel in smaller batches


@dataclass
class Scan:
    """What a source holds: a manifest, and the files that are in no row of it, each with the reason."""

    manifest: pd.DataFrame
    problems: list[dict[str, str]]


@dataclass
class _Columns:
    values: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def add(self, **row: Any) -> None:
        for name, values in self.values.items():
            values.append(row[name])


_UNREADABLE = {
    "row": -1,
    "width": 0,
    "height": 0,
    "mode": "",
    "format": "",
    "pixel_hash": "",
    "phash": 0,
    "brightness": 0.0,
    "contrast": 0.0,
    "sharpness": 0.0,
}


def scan_source(reader: Reader, pixels: PixelWriter, progress: ProgressFn | None = None) -> Scan:
    """Read, decode and measure every file of a source.

    A file that claims to be a picture, or is one, gets a row, with `error` where it does not decode. Any other
    file, and a picture in no class folder, is a problem. Nothing is left out.

    Args:
        reader: the source.
        pixels: receives the gray 48x48 picture of every readable row, in row order.
        progress: told after every batch.
    """
    entries = reader.entries()
    columns = _Columns()
    problems: list[dict[str, str]] = []
    done = 0
    for batch in _batches(reader, entries):
        readable = []
        for item in batch:
            if item.picture is None and not item.is_row:
                problems.append({"path": item.entry.path, "reason": item.error})
            elif item.entry.label is None:
                reason = item.error or "The picture lies in no class folder"
                problems.append({"path": item.entry.path, "reason": reason})
            elif item.picture is None:
                columns.add(**_identity(item), **_UNREADABLE, error=item.error)
            else:
                readable.append((item, item.picture))
        _add_readable(columns, readable, pixels)
        done += len(batch)
        if progress:
            progress(done, len(entries), "images")
    return Scan(check_manifest(pd.DataFrame(columns.values)), problems)


@dataclass(slots=True)
class _Item:
    entry: Entry
    picture: Picture | None = None
    file_hash: str = ""
    error: str = ""

    @property
    def is_row(self) -> bool:
        return suffix_of(self.entry.path) in SUFFIXES


def _read(reader: Reader, entry: Entry) -> _Item:
    item = _Item(entry, error=entry.problem)
    if entry.problem:
        return item
    try:
        data = reader.read(entry.path)
        item.file_hash = hashlib.blake2b(data, digest_size=16).hexdigest()
        item.picture = decode(data)
    except ImageError as error:
        item.error = error.message
    except FerError as error:
        item.error = str(error)
    return item


def _batches(reader: Reader, entries: Sequence[Entry]) -> Iterator[list[_Item]]:
    batch: list[_Item] = []
    pixels = 0
    for entry in entries:
        item = _read(reader, entry)
        batch.append(item)
        pixels += item.picture.pixels.size if item.picture else 0
        if len(batch) >= _BATCH or pixels >= _BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _identity(item: _Item) -> dict[str, str]:
    entry = item.entry
    return {
        "image_id": image_id(SOURCE, entry.path),
        "path": entry.path,
        "source": SOURCE,
        "split": entry.split or UNASSIGNED,
        "label": entry.label or "",
        "file_hash": item.file_hash,
    }


def _add_readable(columns: _Columns, items: Iterable[tuple[_Item, Picture]], pixels: PixelWriter) -> None:
    """Measure pictures of one size together; rows keep the order of the source."""
    found = list(items)
    if not found:
        return
    by_shape: dict[tuple[int, ...], list[int]] = {}
    grays = [to_gray(picture.pixels) for _, picture in found]
    for index, gray in enumerate(grays):
        by_shape.setdefault(gray.shape, []).append(index)
    small = np.empty((len(found), SIZE, SIZE), dtype=np.uint8)
    hashes = np.empty(len(found), dtype=np.uint64)
    quality = np.empty((len(found), 3), dtype=np.float32)
    for indices in by_shape.values():
        stack = np.stack([grays[i] for i in indices])
        small[indices] = measures.resize_stack(stack, SIZE)
        hashes[indices] = measures.phash_stack(stack)
        quality[indices] = measures.quality_stack(stack)
    first = pixels.append(small)
    for index, (item, picture) in enumerate(found):
        brightness, contrast, sharpness = quality[index]
        columns.add(
            **_identity(item),
            row=first + index,
            width=picture.width,
            height=picture.height,
            mode=picture.mode,
            format=picture.format,
            pixel_hash=pixel_hash(picture.pixels),
            phash=hashes[index],
            brightness=brightness,
            contrast=contrast,
            sharpness=sharpness,
            error="",
        )
