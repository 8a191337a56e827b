"""One dataset on disk: where its parts are, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.atomic import read_json
from fer_core.base.errors import ManifestError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.pixels import (
    MAX_SIZE,
    SIZE,
    ColorMode,
    append_pixels,
    build_pixels,
    cut_pixels,
    open_pixels,
    pixel_file,
)
from fer_core.data.records import DatasetInfo
from fer_core.data.sources import MAIN, SourceFiles, locate_source, read_source_file
from fer_core.data.versions import (
    Version,
    damaged_files,
    find_version,
    list_versions,
    lock,
    read_columns,
    read_manifest,
)
from fer_core.jobs.reporter import ProgressFn


@dataclass(frozen=True)
class Dataset:
    """One dataset on disk. Holds no data itself: every call reads what is there now."""

    workspace: Workspace
    name: str

    @property
    def folder(self) -> Path:
        return self.workspace.data / self.name

    @property
    def about(self) -> DatasetInfo:
        """`dataset.json`.

        Raises:
            ManifestError: it cannot be read, or says neither which version is the newest nor where the pictures are from.
        """
        path = self.folder / "dataset.json"
        try:
            found: DatasetInfo = read_json(path)
            if not (
                str(found["head"]) and str(found["source"]["path"]) and isinstance(found["problems"], list)
            ):
                raise ValueError
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ManifestError(
                "The dataset's file is missing or damaged",
                received=path,
                hint="Its versions and decisions are not touched; take this file from a backup",
            ) from error
        return found

    @property
    def head(self) -> str:
        """Id of the newest version."""
        return str(self.about["head"])

    @property
    def source_path(self) -> Path:
        """The folder or archive the images are read from; it may be gone."""
        return self.folder / str(self.about["source"]["path"])

    @property
    def sources(self) -> dict[str, Path]:
        """Where the files of every source are, by name: its own ("main") and those merged into it."""
        about = self.about
        merged = about.get("sources", {})
        own = {MAIN: self.folder / about["source"]["path"]}
        return own | {name: (self.folder / found["path"]).resolve() for name, found in merged.items()}

    @property
    def problems(self) -> list[dict[str, str]]:
        """Files of the source that are in no row of the manifest: {path, reason}."""
        return list(self.about["problems"])

    @property
    def journal_path(self) -> Path:
        """Where the decisions about this dataset are kept (SQLite)."""
        return self.folder / "journal.sqlite"

    @property
    def quality_dir(self) -> Path:
        """Where what was computed about versions is kept."""
        return self.folder / "quality"

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        return list_versions(self.folder)

    def version(self, reference: str | None = None) -> Version:
        """A version by id, unique start of an id or number ("v3"); the head for None.

        Raises:
            NotFound: none, or several.
            ManifestError: none, and the files of some versions are damaged.
        """
        try:
            return find_version(self.versions(), reference, self.head)
        except NotFound:
            if damaged := damaged_files(self.folder):
                raise damaged[-1] from None
            raise

    @property
    def damaged(self) -> list[str]:
        """A sentence for each file that cannot be read but does without: names of versions, and other versions."""
        return [str(error) for error in damaged_files(self.folder)]

    def manifest(self, version: str | None = None) -> pd.DataFrame:
        """The manifest of a version (`fer_core.data.manifest.COLUMNS`), one row per image."""
        return read_manifest(self.folder, self.version(version).id)

    def rows(self) -> pd.DataFrame:
        """`row`, `image_id`, `source` and `path` of every picture that any version holds, by row."""
        columns = ["row", "image_id", "source", "path"]
        found = [read_columns(self.folder, v.id, columns) for v in self.versions()]
        table = pd.concat(found).drop_duplicates("image_id")
        return table[table["row"] >= 0].sort_values("row")

    def append_pixels(self, pictures: NDArray[np.uint8]) -> int:
        """Add pictures, uint8 (n, 48, 48), holding `versions.lock` until a version names them; the row of the first.

        They take the place of what somebody left who was killed in between, behind the last row that any version names.
        """
        own = pixel_file(self.folder)
        named = self._named(len(open_pixels(own)))
        for path in self.folder.glob("pixels/[0-9]*.npy"):
            cut_pixels(path, named)
        return append_pixels(own, pictures)

    def _named(self, count: int) -> int:
        """How many of so many rows versions name, to the last; all of them where a version is gone or cannot be read."""
        versions, rows = self.versions(), self.rows()["row"]
        gone = {self.head, *(version.parent or self.head for version in versions)} - {v.id for v in versions}
        unknown = gone or damaged_files(self.folder) or not len(rows)
        return count if unknown else min(count, int(rows.max()) + 1)

    def pixels(
        self,
        size: int = SIZE,
        mode: ColorMode = "gray",
        progress: ProgressFn | None = None,
    ) -> NDArray[np.uint8]:
        """All pictures, memory-mapped and read-only; the manifest's `row` says which is which.

        Another size than 48, or colour, is decoded from the source at first use, by several threads, and kept; gray
        pictures in "rgb" have three equal channels. `progress` is told how many are done.

        Returns:
            uint8 (rows, size, size) for "gray", (rows, size, size, 3) for "rgb".

        Raises:
            NotFound: that size was never made and the source is gone.
            ManifestError: the file is damaged, or no such size or mode.
        """
        if not 1 <= size <= MAX_SIZE or mode not in ("gray", "rgb"):
            raise ManifestError(
                f'size must be 1 to {MAX_SIZE} and mode "gray" or "rgb"',
                received=f"{size}, {mode}",
            )
        own = open_pixels(pixel_file(self.folder))
        path = pixel_file(self.folder, size, mode)
        if path == pixel_file(self.folder):
            return own
        if path.is_file():
            stored = open_pixels(path)
            if len(stored) >= len(own) or len(stored) >= self._named(len(own)):
                return stored
        return self.make_pixels(path, self._named(len(own)), size, mode, progress)

    def make_pixels(
        self,
        path: Path,
        count: int,
        size: int,
        mode: ColorMode,
        progress: ProgressFn | None = None,
        wanted: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.uint8]:
        """Decode what a pixel file lacks of `count` rows, as after a merge; rows that are not `wanted` are black."""
        files_by_row: list[tuple[str, str] | None] = [None] * count
        for row, source, file in self.rows()[["row", "source", "path"]].itertuples(index=False):
            if row < count and (wanted is None or wanted[row]):
                files_by_row[row] = (source, file)
        # A new file appears whole; only continuing one must not happen twice at once.
        continuing = lock(self.folder) if path.is_file() else nullcontext()
        with self.files() as files, continuing:
            return build_pixels(path, files_by_row, files.read, size, mode, progress)

    @contextmanager
    def files(self) -> Iterator[SourceFiles]:
        """The files of all sources, opened as they are needed."""
        files = SourceFiles(self.sources)
        try:
            yield files
        finally:
            files.close()

    def read_file(self, image_id: str) -> bytes:
        """The original bytes of an image's file.

        Raises:
            NotFound: no such image, or its file or the whole source is gone.
            SourceError: the file is there but cannot be read.
        """
        for version in self.versions():
            columns = ["image_id", "source", "path"]
            table = read_columns(self.folder, version.id, columns)
            found = table[table["image_id"] == image_id]
            if len(found):
                source, path = str(found["source"].iloc[0]), str(found["path"].iloc[0])
                return read_source_file(locate_source(self.sources, source), path)
        raise NotFound("The dataset holds no such image", received=image_id)
