"""Datasets: import, open, list, describe.

A dataset is its source, which is never changed, plus versions, plus a journal, in `data/<name>/`:

    dataset.json       name, source, head version
    versions/<id>/     manifest.parquet, version.json
    pixels/            memory-mapped arrays
    journal.sqlite     decisions
    quality/           rankings and scans, by version
    source/            only where the workspace owns the files (an upload, the sample)
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data import ingest, pixels, records, versions
from fer_core.data.readers import Entry, Reader, open_reader
from fer_core.data.readers.base import folders_of
from fer_core.data.readers.layout import name_folders
from fer_core.data.versions import Version
from fer_core.emotions import SPLITS
from fer_core.errors import AlreadyExists, FerError, ManifestError, NotFound, SourceError
from fer_core.jobs import ProgressFn
from fer_core.workspace import Workspace, check_name, new_folder, now, read_json, write_json

SOURCE = "main"
"""`source` of the files a dataset was imported from; the same in every copy of the data, so that ids agree."""


@dataclass(frozen=True)
class Dataset:
    """One dataset of a workspace. Cheap to create; reading happens in the methods."""

    workspace: Workspace
    name: str
    folder: Path

    @property
    def info(self) -> dict[str, Any]:
        """`dataset.json`.

        Raises:
            ManifestError: it is damaged.
        """
        try:
            return dict(read_json(self.folder / "dataset.json"))
        except (OSError, ValueError, TypeError) as error:
            raise ManifestError("The dataset's file cannot be read", received=f"{self.name}: {error}") from error

    @property
    def head(self) -> str:
        """Id of the version new work continues from."""
        return str(self.info["head"])

    @property
    def source(self) -> Path:
        """Where its files are: a folder or an archive."""
        path = Path(self.info["source"]["path"])
        return path if path.is_absolute() else self.folder / path

    @property
    def journal_path(self) -> Path:
        return self.folder / "journal.sqlite"

    @property
    def quality_dir(self) -> Path:
        """Where rankings and scans are kept, by version."""
        return self.folder / "quality"

    def set_head(self, version: str) -> None:
        write_json(self.folder / "dataset.json", {**self.info, "head": version})

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        return versions.list_versions(self)

    def version(self, wanted: str | None = None) -> Version:
        """By id, start of an id, `v3`, or None for the head. Raises `NotFound`."""
        return versions.find_version(self, wanted)

    def manifest(self, version: str | None = None) -> pd.DataFrame:
        """The table of a version, columns as in `records.COLUMNS`."""
        return versions.read_manifest(self, self.version(version).id)

    def rows(self) -> pd.DataFrame:
        """`row` and `path` of every picture any version holds."""
        tables = [self.manifest(v.id)[["row", "path"]] for v in self.versions()]
        both = pd.concat(tables).drop_duplicates("row")
        return both[both["row"] >= 0].sort_values("row")

    def pixels(self, size: int = 48, mode: pixels.ColorMode = "gray") -> NDArray[np.uint8]:
        """Memory-mapped uint8 (rows, size, size[, 3]), read-only; `manifest["row"]` is the row."""
        return pixels.load(self, size, mode)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """The reader of its source.

        Raises:
            NotFound: the source is not where it was.
        """
        if not self.source.exists():
            raise NotFound(
                "The files of this dataset are not where they were",
                received=self.source,
                hint="Put them back; faces and tables still work without them",
            )
        reader = open_reader(self.source)
        try:
            yield reader
        finally:
            reader.close()

    def read_file(self, image_id: str, version: str | None = None) -> bytes:
        """The original bytes of an image.

        Raises:
            NotFound: no such image, or the source is gone.
            ImageError: the file cannot be read any more.
        """
        manifest = self.manifest(version)
        paths = manifest.loc[manifest["image_id"] == image_id, "path"]
        if paths.empty:
            raise NotFound("There is no such image in this version", received=image_id)
        with self.reader() as reader:
            return reader.read(paths.iloc[0])


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """The datasets of a workspace, the one changed last first."""
    found = [p.parent for p in workspace.data.glob("*/dataset.json") if not p.parent.name.startswith(".")]
    found.sort(key=lambda p: (p / "dataset.json").stat().st_mtime, reverse=True)
    return [Dataset(workspace, p.name, p) for p in found]


def open_dataset(workspace: Workspace, name: str) -> Dataset:
    """A dataset by name.

    Raises:
        BadName: not a name a dataset can have.
        NotFound: there is none.
    """
    clean = check_name(name)
    folder = workspace.data / clean
    if not (folder / "dataset.json").is_file():
        known = ", ".join(d.name for d in list_datasets(workspace)[:12])
        raise NotFound("Dataset not found", received=clean, hint=f"Known: {known}" if known else "There are no datasets yet")
    return Dataset(workspace, clean, folder)


def import_dataset(
    workspace: Workspace,
    source: Path,
    name: str,
    *,
    progress: ProgressFn | None = None,
    copy: bool = False,
    kind: str | None = None,
) -> Dataset:
    """Read a folder or archive of labelled images into a new dataset. All or nothing; the source is not changed.

    Args:
        workspace: where the dataset is kept.
        source: folder, zip or tar.
        name: of the new dataset.
        progress: told (done, total, what).
        copy: keep an own copy of the source in the workspace.
        kind: what to call the source instead of its format, such as "sample".

    Raises:
        BadName, AlreadyExists: the name cannot be used.
        SourceError, UnsafeArchive: nothing there, no images, or an archive that is not safe to read.
    """
    clean = check_name(name)
    target = workspace.data / clean
    if target.exists():
        raise AlreadyExists("A dataset of that name is here already", received=clean, hint="Choose another name")
    tell = progress or (lambda done, total, what: None)
    path = source.expanduser().resolve()
    tell(0, 0, "Looking at the files")
    reader = open_reader(path)
    try:
        found = _named(reader.entries())
        form = reader.kind
    finally:
        reader.close()
    if not found:
        raise SourceError("There are no files in it", received=path.name)
    try:
        with new_folder(target) as folder:
            facts: list[dict[str, Any]] = []
            with pixels.new_store(folder / "pixels" / f"{ingest.SIZE}x{ingest.SIZE}-gray.npy", len(found), ingest.SIZE, "gray") as store:
                for chunk in ingest.ingest(path, found, tell):
                    store[len(facts) : len(facts) + len(chunk.facts)] = chunk.pixels
                    facts += chunk.facts
            manifest = _manifest(facts)
            if not len(records.readable(manifest)):
                reason = manifest["error"].mode().iloc[0]
                raise SourceError(f"None of its {len(manifest):,} files is an image with a class", received=path.name, hint=f"Most often: {reason}")
            where = _keep(path, folder) if copy else str(path)
            dataset = Dataset(workspace, clean, folder)
            write_json(
                folder / "dataset.json",
                {"name": clean, "created": now(), "source": {"kind": kind or form, "path": where, "owned": copy}, "head": ""},
            )
            versions.save_version(dataset, manifest, parent=None, operation="import", parameters={"source": path.name, "kind": kind or form})
    except OSError as error:
        if target.exists():
            raise AlreadyExists("A dataset of that name was added meanwhile", received=clean) from error
        raise FerError(f"The dataset could not be written: {error}", hint="Check free space and permissions") from error
    return Dataset(workspace, clean, target)


def _named(found: list[Entry]) -> list[Entry]:
    """The entries with the split and class their folders name."""
    names = name_folders([folders_of(entry.path) for entry in found])
    return [replace(entry, split=split, label=label) for entry, (split, label) in zip(found, names, strict=True)]


def _keep(path: Path, folder: Path) -> str:
    """Copy the source into the dataset's folder; returns where, relative to it."""
    inside = Path("source") / path.name
    (folder / "source").mkdir()
    if path.is_dir():
        shutil.copytree(path, folder / inside)
    else:
        try:
            os.link(path, folder / inside)  # the same disk: no second copy of an upload
        except OSError:
            shutil.copy2(path, folder / inside)
    return inside.as_posix()


def _manifest(facts: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(facts)
    table["source"] = SOURCE
    table["image_id"] = [records.image_id(SOURCE, path) for path in table["path"]]
    table["row"] = np.where(table["error"] == "", np.arange(len(table)), -1)
    return records.check_manifest(table)


def describe(dataset: Dataset, version: str | None = None) -> dict[str, Any]:
    """Counts of a version: name, version, images (readable), unreadable, splits {split: n}, classes {class: n},
    counts {split: {class: n}}, and problems [{path, reason}]."""
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    table = records.counts(manifest)
    bad = manifest[manifest["error"] != ""]
    per_split = {str(s): int(n) for s, n in table.sum(axis=1).items()}
    return {
        "name": dataset.name,
        "version": chosen.id,
        "number": chosen.number,
        "images": len(manifest) - len(bad),
        "unreadable": len(bad),
        "splits": {**dict.fromkeys(SPLITS, 0), **per_split},
        "classes": {str(c): int(n) for c, n in table.sum().items()},
        "counts": {str(s): {str(c): int(n) for c, n in row.items()} for s, row in table.iterrows()},
        "problems": [{"path": p, "reason": r} for p, r in zip(bad["path"], bad["error"], strict=True)],
    }
