"""One dataset on disk: where its parts are, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data import pixels as pixel_store
from fer_core.data import versions as version_store
from fer_core.data.readers import Reader, open_reader
from fer_core.data.versions import Version
from fer_core.errors import ManifestError, NotFound
from fer_core.workspace import Workspace, read_json


@dataclass(frozen=True)
class Dataset:
    """One dataset on disk. Holds no data itself: every call reads what is there now."""

    workspace: Workspace
    name: str

    @property
    def folder(self) -> Path:
        return self.workspace.data / self.name

    @property
    def about(self) -> dict[str, Any]:
        """`dataset.json`: name, created, source, head, problems."""
        try:
            found: dict[str, Any] = read_json(self.folder / "dataset.json")
        except (OSError, ValueError) as error:
            raise ManifestError("The dataset's file is missing or damaged", received=self.folder) from error
        return found

    @property
    def head(self) -> str:
        """Id of the newest version."""
        return str(self.about["head"])

    @property
    def source_path(self) -> Path:
        """The folder or archive the images are read from; it may be gone."""
        return self.folder / self.about["source"]["path"]

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
        return version_store.list_versions(self.folder)

    def version(self, wanted: str | None = None) -> Version:
        """A version by id, unique start of an id or number ("v3"); the head for None. Raises NotFound."""
        return version_store.find_version(self.versions(), wanted, self.head)

    def manifest(self, version: str | None = None) -> pd.DataFrame:
        """The manifest of a version (`fer_core.data.records.COLUMNS`), one row per image."""
        return version_store.read_manifest(self.folder, self.version(version).id)

    def rows(self) -> pd.DataFrame:
        """`row`, `image_id` and `path` of every picture that any version holds, by row."""
        columns = ["row", "image_id", "path"]
        found = [version_store.read_columns(self.folder, v.id, columns) for v in self.versions()]
        table = pd.concat(found).drop_duplicates("image_id")
        return table[table["row"] >= 0].sort_values("row")

    def pixels(self, size: int = pixel_store.SIZE, mode: pixel_store.Mode = "gray") -> NDArray[np.uint8]:
        """All pictures, memory-mapped and read-only; the manifest's `row` says which is which.

        Another size than 48, or colour, is decoded from the source at first use and kept.

        Returns:
            uint8 (rows, size, size) for "gray", (rows, size, size, 3) for "rgb".

        Raises:
            NotFound: that size was never made and the source is gone.
            ManifestError: the file is damaged.
        """
        path = pixel_store.pixel_file(self.folder, size, mode)
        if path.is_file():
            return pixel_store.open_pixels(path)
        with self.reader() as reader:
            return pixel_store.build_pixels(path, list(self.rows()["path"]), reader.read, size, mode)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """The source, open for reading.

        Raises:
            NotFound: the source is gone.
        """
        self._check_source()
        reader = open_reader(self.source_path)
        try:
            yield reader
        finally:
            reader.close()

    def _check_source(self) -> None:
        if not self.source_path.exists():
            raise NotFound(
                "The source of this dataset is no longer there",
                received=self.source_path,
                hint="Put it back to see the files; small pictures, labels and versions work without it",
            )

    def read_file(self, image_id: str) -> bytes:
        """The original bytes of an image's file.

        Raises:
            NotFound: no such image, or its file or the whole source is gone.
            SourceError: the file is there but cannot be read.
        """
        for version in self.versions():
            path = _paths(self.folder, version.id).get(image_id)
            if path is not None:
                self._check_source()
                source = self.source_path
                return _kept_open(source, source.stat().st_mtime_ns).read(path)
        raise NotFound("The dataset holds no such image", received=image_id)


@lru_cache(maxsize=4)
def _paths(folder: Path, version_id: str) -> dict[str, str]:
    """Path by image id. A version never changes, so this may be kept."""
    table = version_store.read_columns(folder, version_id, ["image_id", "path"])
    return dict(zip(table["image_id"], table["path"], strict=True))


@lru_cache(maxsize=2)
def _kept_open(source: Path, changed: int) -> Reader:
    """A source for single look-ups; listing an archive takes longer than reading a file of it."""
    return open_reader(source)
