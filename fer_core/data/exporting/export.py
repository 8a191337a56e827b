"""Export: a version as files people can train from elsewhere.

    export_version(dataset, dataset.version(), Path("faces"), "keras")

| format | what is written |
| --- | --- |
| folder | `split/class/file` with the original bytes of every file; importing it gives the same version id |
| keras, imagefolder | `split/class/file` that `image_dataset_from_directory` and `ImageFolder` read as they are |
| csv | `labels.csv` beside a folder `images` |
| fer2013 | one `fer2013.csv` with the columns emotion, pixels, Usage of the Kaggle set |
| npz | one `faces.npz` with uint8 arrays per split, to be loaded without pickle |
| parquet | `data/<split>-00000-of-00001.parquet` as Hugging Face's datasets read it, with the original bytes |

Beside them lies `fer-export.json`: what was exported, and a checksum of every file.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NotRequired, TypedDict

import pandas as pd

from fer_core.base.atomic import new_file, new_folder, read_json, write_json
from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import AlreadyExists, BadName, FerError, NotFound, SourceError
from fer_core.base.parsing import expand_home
from fer_core.data.exporting import formats
from fer_core.data.exporting.formats import ExportContext
from fer_core.data.manifest import classes, unlabelled
from fer_core.data.readers.base import EXPORT_MANIFEST, WITHOUT_CLASS, disk_name, shown_name
from fer_core.data.sources import locate_source
from fer_core.data.versions import Version
from fer_core.jobs.reporter import ProgressFn

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

FORMATS: dict[str, str] = {
    "folder": "Folders with the original files",
    "keras": "Folders for Keras: image_dataset_from_directory",
    "imagefolder": "Folders for PyTorch: torchvision's ImageFolder",
    "csv": "A CSV file beside a folder of images",
    "fer2013": "One CSV with pixels, as FER2013",
    "npz": "NumPy arrays of 48x48 faces",
    "parquet": "Parquet for Hugging Face datasets",
}


_TABLES = ("fer2013", "npz", "parquet")
"""Formats in which classes are text and no folders."""


class ExportReport(TypedDict):
    """What was written.

    Attributes:
        missing: {path, reason} of files that could not be.
        warnings: sentences.
        checksum: SHA-256 over those of all files.
    """

    version: str
    format: str
    images: int
    missing: list[dict[str, str]]
    warnings: list[str]
    checksum: str
    to: str


class SoftLabelsFile(TypedDict):
    """Probabilities of the classes, by file."""

    classes: list[str]
    files: dict[str, list[float]]


class ExportManifest(TypedDict):
    """The file that goes with an export; `sha256` of each file."""

    dataset: str
    version: str
    number: int
    format: str
    images: int
    classes: list[str]
    counts: dict[str, dict[str, int]]
    missing: list[dict[str, str]]
    checksum: str
    sha256: dict[str, str]
    soft_labels: NotRequired[SoftLabelsFile]


def export_version(
    dataset: Dataset,
    version: Version,
    to: Path,
    format: str = "folder",
    *,
    progress: ProgressFn | None = None,
) -> ExportReport:
    """Write a version in one of `FORMATS`.

    "folder" writes every file, those that do not decode too, where their rows place them. The other formats
    hold readable images that are in a split (all readable ones where nothing is split yet). Where no image has
    a split, a tree is `class/file`. Names that meet in one folder get a number.

    Args:
        dataset: where the version belongs.
        version: what to write.
        to: a folder that does not exist or is empty, or a new file ending in ".zip"; it appears whole or not
            at all.
        format: one of `FORMATS`.
        progress: told how many images are written.

    Returns:
        What was written.

    Raises:
        AlreadyExists: the folder holds something, or the file is there.
        BadName: a class or split whose name cannot be a folder's.
        NotFound: a source is gone.
        FerError: an unknown format, or a disk that does not do what is asked.
    """
    if format not in FORMATS:
        raise FerError("format must be one of {" + ", ".join(FORMATS) + "}", received=format)
    target = expand_home(to).resolve()
    _check_target(dataset, target, to)
    manifest = dataset.manifest(version.id)
    job = ExportContext(dataset, manifest, progress or (lambda done, total, what: None))
    try:
        with _appearing(target) as folder, dataset.files() as files:
            rows = manifest if format == "folder" else job.split_rows
            if format in formats.NEED_FILES:
                for source in rows["source"].unique():
                    locate_source(dataset.sources, source)
            formats.WRITERS[format](job, folder, files, target_paths(rows, folders=format not in _TABLES))
            about = _manifest(job, version, format, folder)
            write_json(folder / EXPORT_MANIFEST, about)
    except OSError as error:
        what, hint = f"The export could not be written ({error.strerror})", "Check free space and permissions"
        raise FerError(what, received=to, hint=hint) from error
    return {
        "version": version.id,
        "format": format,
        "images": job.written,
        "missing": job.missing,
        "warnings": job.warnings,
        "checksum": about["checksum"],
        "to": str(target),
    }


def _manifest(job: ExportContext, version: Version, format: str, folder: Path) -> ExportManifest:
    """What was exported: the same for the same version on any machine."""
    sums = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with open(path, "rb") as file:
                sums[shown_name(path.relative_to(folder).as_posix())] = hashlib.file_digest(
                    file, "sha256"
                ).hexdigest()
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    about: ExportManifest = {
        "dataset": job.dataset.name,
        "version": version.id,
        "number": version.number,
        "format": format,
        "images": job.written,
        "classes": list(classes(job.manifest)),
        "counts": version.counts["counts"],
        "missing": job.missing,
        "checksum": hashlib.sha256(lines.encode()).hexdigest(),
        "sha256": sums,
    }
    if job.soft:
        about["soft_labels"] = {"classes": list(classes(job.manifest)), "files": job.soft}
    return about


def changed_files(folder: Path) -> list[dict[str, str]]:
    """Files of an exported folder that are not as they were written: {path, reason}; [] where all are.

    Raises:
        NotFound: the folder holds no readable manifest of an export.
    """
    try:
        sums: dict[str, str] = read_json(folder / EXPORT_MANIFEST)["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotFound("This folder holds no manifest of an export", received=folder) from error
    wrong = []
    for name, digest in sums.items():
        path = folder / disk_name(name)
        if not path.is_file():
            wrong.append({"path": name, "reason": "The file is gone"})
        else:
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    wrong.append({"path": name, "reason": "The file has changed since the export"})
    return wrong


def _check_target(dataset: Dataset, target: Path, shown: Path) -> None:
    zipped = target.suffix.lower() == ".zip"
    if target.exists() and (zipped or not target.is_dir() or any(target.iterdir())):
        what = (
            "There is a file at the place to export to" if zipped else "The place to export to is not empty"
        )
        raise AlreadyExists(what, received=shown, hint="Give a new or empty folder, or a new .zip")
    if any(target.is_relative_to(source.resolve()) for source in dataset.sources.values()):
        raise SourceError(
            "The place to export to lies inside the source", received=shown, hint="Sources are never changed"
        )


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes the target, or is packed into it, at the end."""
    if target.suffix.lower() != ".zip":
        if target.exists():
            target.rmdir()
        with new_folder(target) as folder:
            yield folder
        return
    with new_file(target) as packed:
        folder = packed.with_suffix(".files")
        folder.mkdir()
        yield folder
        _pack(folder, packed)


def _pack(folder: Path, packed: Path) -> None:
    """A zip with all the folder holds; pictures are not compressed twice."""
    with zipfile.ZipFile(packed, "x") as archive:
        for path in sorted(folder.rglob("*")):
            way = zipfile.ZIP_DEFLATED if path.suffix in {".csv", ".npz"} else zipfile.ZIP_STORED
            archive.write(path, path.relative_to(folder).as_posix(), way)


def target_paths(manifest: pd.DataFrame, *, folders: bool = True) -> list[str]:
    """Where each row goes: `split/class/file`, or `split/unlabelled/file` without a class.

    Where two files of one folder share a name, a number is added. Names that differ in case only count as shared, since some
    file systems do not tell them apart. With `folders`, these are folders, and so their names must be possible.
    """
    splits = set(manifest["split"])
    labels = manifest["label"].mask(manifest.index.isin(unlabelled(manifest).index), WITHOUT_CLASS)
    for name in {*splits, *labels} if folders else ():
        _check_folder_name(name)
    taken: set[str] = set()
    result = []
    for path, split, label in zip(manifest["path"], manifest["split"], labels, strict=True):
        folder = label if splits == {UNASSIGNED} else f"{split}/{label}"
        name = PurePosixPath(path)
        target, number = f"{folder}/{name.name}", 1
        while target.casefold() in taken:
            number += 1
            target = f"{folder}/{name.stem}-{number}{name.suffix}"
        taken.add(target.casefold())
        result.append(target)
    return result


def _check_folder_name(name: str) -> None:
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise BadName(
            "A class or split has a name that cannot be a folder's",
            received=repr(name),
            hint="Relabel its images, or export as one of " + ", ".join(_TABLES),
        )
