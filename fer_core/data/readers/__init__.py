"""Sources of images, one format per file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fer_core.base.errors import SourceError
from fer_core.base.parsing import expand_home
from fer_core.data.readers.archive import ArchiveReader
from fer_core.data.readers.arrays import open_arrays
from fer_core.data.readers.base import ARRAYS, Entry, Reader, is_table, is_tfrecord
from fer_core.data.readers.compound import CompoundReader, TableFile, TableReader
from fer_core.data.readers.deliveries import AUTO
from fer_core.data.readers.file_kinds import what_it_holds
from fer_core.data.readers.folder import FolderReader
from fer_core.data.readers.nested import NestedContainer
from fer_core.data.readers.parquet import ParquetTable
from fer_core.data.readers.pixel_csv import PixelCsv, is_pixel_csv, may_be_pixel_csv
from fer_core.data.readers.text_table import load
from fer_core.data.readers.tfrecord import TfRecordTable, class_names

__all__ = ["Entry", "Reader", "open_reader"]


def open_reader(
    path: Path,
    labels: Path | Sequence[Path] | None = None,
    *,
    lists: bool = True,
    delivery: str = AUTO,
    choices: Mapping[str, str] | None = None,
) -> Reader:
    """The reader for a folder, zip, tar, CSV with pixels, Parquet, .npz, HDF5 or TFRecord file.

    Args:
        path: the source.
        labels: lists with the classes of the images in a folder or archive. Reading a file does not need them.
        lists: whether lists inside the source are used.
        delivery: key of the public set whose layout the source has; "auto" looks for it, "none" does not.
        choices: of that delivery.

    Raises:
        SourceError: nothing is there, or nothing that can be read.
        UnsafeArchive: an archive that is refused as a whole.
    """
    path = expand_home(path)
    given = [labels] if isinstance(labels, Path) else list(labels or ())
    if path.is_file() and (is_table(path.name) or _is_pixel_table(path)):
        if given:
            raise SourceError(
                "A table of pictures holds its classes itself", received=given[0], hint="Leave --labels out"
            )
        info = path.stat()
        return TableReader(_table(path), f"{info.st_size}-{info.st_mtime_ns}")
    tables = [load(expand_home(one)) for one in given]
    if not (path.is_dir() or path.is_file()):
        raise SourceError("There is nothing at that path", received=path, hint="Check the spelling")
    container = FolderReader(path) if path.is_dir() else ArchiveReader(path)
    return CompoundReader(NestedContainer(container), tables, lists=lists, delivery=delivery, choices=choices)


def _is_pixel_table(path: Path) -> bool:
    """Whether a file that no ending calls a table is one of pixels. Raises SourceError where it may not be read."""
    try:
        return may_be_pixel_csv(path.name, path.stat().st_size) and is_pixel_csv(open(path, "rb"), path.name)
    except OSError as error:
        raise SourceError(f"The file cannot be read ({error.strerror})", received=path) from error


def _table(path: Path) -> TableFile:
    try:
        if path.name.lower().endswith(".parquet"):
            return ParquetTable(open(path, "rb"), path.name)
        if is_tfrecord(path.name):
            names = class_names(str(path), lambda beside: FolderReader(path.parent).read(Path(beside).name))
            return TfRecordTable(open(path, "rb"), path.name, names)
        if path.name.lower().endswith(ARRAYS):
            return open_arrays(open(path, "rb"), path.name)
        if path.name.lower().endswith(".npy"):
            raise SourceError(
                "One array alone has no classes",
                received=path.name,
                hint="Import the folder in which X_train.npy and y_train.npy lie",
            )
        if is_pixel_csv(open(path, "rb"), path.name):  # noqa: SIM115 (closed there)
            return PixelCsv(open(path, "rb"), path.name)
        with open(path, "rb") as file:
            other = what_it_holds(file.read(16)) if path.name.lower().endswith(".csv") else ""
    except OSError as error:
        raise SourceError(f"The table cannot be read ({error.strerror})", received=path) from error
    if other:
        raise SourceError("This is no CSV", received=path, hint=other)
    raise SourceError(
        "The CSV has no column pixels",
        received=path,
        hint=f"If it names images, import their folder or archive with --labels {path.name}",
    )
