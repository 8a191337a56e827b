"""What an import that was stopped had read: the next one of the same source goes on from there.

Each part is a Parquet file of manifest rows beside an `.npy` file of their pictures; the rows are written
last, so that a part is there whole or not at all. A row counts only while its file has the same stamp.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.atomic import make_folder, new_file
from fer_core.base.workspace import Workspace
from fer_core.data.manifest import ImageRow
from fer_core.data.readers.base import Entry

_EVERY = 2.0  # seconds between two parts
_KEPT = 7 * 86400  # seconds
SavedRow = tuple[ImageRow, NDArray[np.uint8]]
"""A row that was read before, and its picture."""


class StampedRow(ImageRow):
    """A row, and by what is known whether its file has changed."""

    stamp: str


class ImportCheckpoint:
    """The readable rows of one source, read so far.

    Args:
        workspace: where they are kept.
        source: folder or file they come from.
    """

    def __init__(self, workspace: Workspace, source: Path) -> None:
        name = hashlib.blake2b(
            str(source.resolve()).encode("utf-8", "surrogateescape"), digest_size=8
        ).hexdigest()
        self.folder = workspace.jobs / "imports" / name
        _sweep(self.folder.parent)
        self._pixels: list[NDArray[np.uint8]] = []
        self._known: dict[tuple[str, str], tuple[ImageRow, int, int]] = {}
        self._rows: list[StampedRow] = []
        self._pictures: list[NDArray[np.uint8]] = []
        self._saved = time.monotonic()
        for part in sorted(self.folder.glob("*.parquet")):
            self._load(part)

    def _load(self, part: Path) -> None:
        try:
            pixels = np.load(part.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
            rows = pd.read_parquet(part).to_dict("records")
        except (OSError, ValueError):
            return
        for number, row in enumerate(rows[: len(pixels)]):
            stamp = str(row.pop("stamp"))
            self._known[str(row["path"]), stamp] = (
                cast(ImageRow, {str(k): v for k, v in row.items()}),
                len(self._pixels),
                number,
            )
        self._pixels.append(pixels)

    def find(self, entry: Entry) -> SavedRow | None:
        """Row and picture of a file that was read before and has not changed since."""
        found = self._known.get((entry.path, entry.stamp)) if entry.stamp else None
        return (found[0].copy(), self._pixels[found[1]][found[2]]) if found else None

    def add(self, rows: list[StampedRow], pictures: NDArray[np.uint8]) -> None:
        """Remember rows, each with its `stamp`, and their pictures; now and then they are written."""
        self._rows += rows
        self._pictures.append(pictures)
        if time.monotonic() - self._saved > _EVERY:
            self.save()

    def save(self) -> None:
        """Write what was added since the last part."""
        if self._rows:
            make_folder(self.folder)
            part = self.folder / f"{time.time_ns()}-{secrets.token_hex(2)}.parquet"
            np.save(part.with_suffix(".npy"), np.concatenate(self._pictures))
            with new_file(part, durable=False) as temporary:
                pd.DataFrame(self._rows).to_parquet(temporary, index=False)
        self._rows, self._pictures, self._saved = [], [], time.monotonic()

    def remove(self) -> None:
        """The import is done: forget."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    for old in folder.glob("*"):
        try:
            if time.time() - old.stat().st_mtime > _KEPT:
                shutil.rmtree(old, ignore_errors=True)
        except FileNotFoundError:
            continue
