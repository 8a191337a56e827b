"""Sources of images, one format per file."""

from __future__ import annotations

from pathlib import Path

from fer_core.base.errors import SourceError
from fer_core.data.readers.archive import ArchiveReader
from fer_core.data.readers.base import Entry, Reader, is_table
from fer_core.data.readers.compound import CompoundReader, TableFile, TableReader
from fer_core.data.readers.folder import FolderReader
from fer_core.data.readers.npz import NpzTable
from fer_core.data.readers.parquet import ParquetTable
from fer_core.data.readers.pixel_csv import PixelCsv, is_pixel_csv
from fer_core.data.readers.text_table import load

__all__ = ["Entry", "Reader", "open_reader"]


def open_reader(path: Path, labels: Path | None = None) -> Reader:
    """The reader for a folder, zip, tar, CSV with pixels, Parquet or .npz file.

    Args:
        path: the source.
        labels: a CSV with the classes of the images in a folder or archive. Reading a file does not need it.

    Raises:
        SourceError: nothing is there, or nothing that can be read.
        UnsafeArchive: an archive that is refused as a whole.
    """
    path = path.expanduser()
    table = load(labels.expanduser()) if labels else None
    if path.is_dir():
        return CompoundReader(FolderReader(path), table)
    if path.is_file() and is_table(path.name):
        if table is not None:
            raise SourceError(
                "A table of pictures holds its classes itself", received=labels, hint="Leave --labels out"
            )
        info = path.stat()
        return TableReader(_table(path), f"{info.st_size}-{info.st_mtime_ns}")
    if path.is_file():
        return CompoundReader(ArchiveReader(path), table)
    raise SourceError("There is nothing at that path", received=path, hint="Check the spelling")


def _table(path: Path) -> TableFile:
    try:
        if path.name.lower().endswith(".parquet"):
            return ParquetTable(open(path, "rb"), path.name)
        if path.name.lower().endswith(".npz"):
            return NpzTable(open(path, "rb"), path.name)
        with open(path, "rb") as file:
            pixels = is_pixel_csv(file, path.name)
        if pixels:
            return PixelCsv(open(path, "rb"), path.name)
    except OSError as error:
        raise SourceError(f"The table cannot be read ({error.strerror})", received=path) from error
    raise SourceError(
        "The CSV has no column pixels",
        received=path,
        hint=f"If it names images, import their folder or archive with --labels {path.name}",
    )
