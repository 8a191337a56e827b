"""Datasets of the workspace: import, list, open, read.

A dataset's source is never changed. An import is built aside and moved into place whole, so that an
interrupted one leaves nothing behind.

Example:
    dataset = import_dataset(workspace, Path("faces.zip"), "faces")
    dataset.manifest().groupby(["split", "label"]).size()
    dataset.pixels()[dataset.manifest()["row"]]
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core import jobs
from fer_core.data import pixels as pixel_store
from fer_core.data import versions as version_store
from fer_core.data.readers import Reader, open_reader
from fer_core.data.records import content_id
from fer_core.data.scan import Scan, scan_source
from fer_core.data.versions import Version
from fer_core.errors import AlreadyExists, FerError, ManifestError, NotFound, SourceError
from fer_core.workspace import Workspace, check_name, new_folder, now, read_json, write_json

_OWNER = ".importing"


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
            table = version_store.read_columns(self.folder, version.id, ["image_id", "path"])
            paths = table.loc[table["image_id"] == image_id, "path"]
            if len(paths):
                self._check_source()
                source = self.source_path
                return _kept_open(source, source.stat().st_mtime_ns).read(str(paths.iloc[0]))
        raise NotFound("The dataset holds no such image", received=image_id)


@lru_cache(maxsize=2)
def _kept_open(source: Path, changed: int) -> Reader:
    """A source for single look-ups; listing an archive takes longer than reading a file of it."""
    return open_reader(source)


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """All datasets of the workspace, the one changed last first."""
    found = list(workspace.data.glob("[!.]*/dataset.json")) if workspace.data.is_dir() else []
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return [Dataset(workspace, path.parent.name) for path in found]


def open_dataset(workspace: Workspace, name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        BadName: this cannot be a name.
        NotFound: there is none of that name.
    """
    dataset = Dataset(workspace, check_name(name))
    if not (dataset.folder / "dataset.json").is_file():
        known = ", ".join(d.name for d in list_datasets(workspace)) or "none yet"
        raise NotFound("There is no dataset of that name", received=name, hint=f"Known: {known}")
    return dataset


def describe(dataset: Dataset, version: str | None = None) -> dict[str, Any]:
    """A version in numbers, JSON-ready.

    Returns:
        `name`, `version`, `number`; `images`, `splits`, `classes`, `counts` as `versions.tally`; `problems`
        [{path, reason}]: unreadable rows of the version and files of the source that became no row;
        `unreadable`: the number of problems.
    """
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    failed = manifest[manifest["error"] != ""]
    rows = [{"path": p, "reason": r} for p, r in zip(failed["path"], failed["error"], strict=True)]
    problems = rows + dataset.problems
    numbers = version_store.tally(manifest) | {"unreadable": len(problems)}
    head = {"name": dataset.name, "version": chosen.id, "number": chosen.number}
    return {**head, **numbers, "problems": problems}


def import_dataset(
    workspace: Workspace,
    source: Path,
    name: str,
    *,
    progress: jobs.ProgressFn | None = None,
    copy: bool = False,
    kind: str | None = None,
) -> Dataset:
    """Import a folder, zip or tar of labelled images.

    Args:
        workspace: where the dataset is made.
        source: read where it is and never changed.
        name: of the new dataset.
        progress: told how many files are read.
        copy: keep a copy of the source inside the dataset.
        kind: what to call the source instead of "folder" or "archive".

    Raises:
        BadName: `name` cannot be a dataset's name.
        AlreadyExists: a dataset has that name.
        SourceError: nothing at `source`, no archive, or no image in a class folder.
        UnsafeArchive: an archive that is refused as a whole.
    """
    name = check_name(name)
    target = workspace.data / name
    taken = AlreadyExists("A dataset of that name is here already", received=name, hint="Choose another name")
    if target.exists():
        raise taken
    source = source.expanduser().resolve()
    _sweep(workspace.data)
    if progress:
        progress(0, 0, "looking at the files")
    reader = open_reader(source)
    try:
        with new_folder(target) as folder:
            write_json(folder / _OWNER, jobs.identity())
            with pixel_store.PixelWriter(pixel_store.pixel_file(folder), (pixel_store.SIZE,) * 2) as writer:
                scan = scan_source(reader, writer, progress)
            _check_found(scan, source)
            version = Version(
                content_id(scan.manifest), 1, None, "import", {}, version_store.tally(scan.manifest), now()
            )
            version_store.write_version(folder, version, scan.manifest)
            place = {
                "kind": kind or reader.kind,
                "path": str(_copy(source, folder, workspace) if copy else source),
                "owned": copy,
            }
            about = {
                "name": name,
                "created": now(),
                "source": place,
                "head": version.id,
                "problems": scan.problems,
            }
            write_json(folder / "dataset.json", about)
            (folder / _OWNER).unlink()
    except OSError as error:
        if target.exists():
            raise taken from error
        raise FerError(f"The import could not be written ({error.strerror})", received=target) from error
    finally:
        reader.close()
    return Dataset(workspace, name)


def _check_found(scan: Scan, source: Path) -> None:
    if len(scan.manifest) and (scan.manifest["error"] == "").any():
        return
    hint = "Images belong in class folders, as in train/happy/1.png or happy/1.png"
    failed = scan.manifest[["path", "error"]].itertuples(index=False, name=None)
    reasons = [(p["path"], p["reason"]) for p in scan.problems] + list(failed)
    if not reasons:
        raise SourceError("The source is empty", received=source, hint=hint)
    first = "; ".join(f"{path}: {reason}" for path, reason in reasons[:3])
    raise SourceError(
        f"No readable image in a class folder among {len(reasons):,} files ({first})",
        received=source,
        hint=hint,
    )


def _copy(source: Path, folder: Path, workspace: Workspace) -> Path:
    """Copy the source into the dataset; returns its path inside."""
    inside = Path("source") / source.name
    if source.is_dir():
        shutil.copytree(source, folder / inside, symlinks=True)
        return inside
    (folder / inside).parent.mkdir()
    if source.is_relative_to(workspace.root):
        with suppress(OSError):  # an upload lies in the workspace and changes no more: no second copy of it
            os.link(source, folder / inside)
            return inside
    shutil.copy2(source, folder / inside)
    return inside


def _sweep(data: Path) -> None:
    """Remove what imports that were killed outright left behind."""
    for mark in data.glob(f".*.tmp/{_OWNER}"):
        try:
            alive = jobs.process_alive(**read_json(mark))
        except (OSError, ValueError, TypeError):
            continue
        if not alive:
            aside = mark.parent
            os.replace(aside, gone := aside.with_suffix(".gone"))
            shutil.rmtree(gone, ignore_errors=True)
