"""A folder or archive, with tables of pictures and label CSVs inside it understood.

Each file of a container is a picture in class folders (`layout`), a picture whose class stands in a CSV
(`label_csv`), or a table of pictures (`pixel_csv`, `parquet`, `npz`), whose rows are named `table/000012.png`.
"""

from __future__ import annotations

import io
import tempfile
import threading
from dataclasses import replace
from typing import IO, Protocol

from fer_core.base.emotions import canonical_split, is_emotion
from fer_core.base.errors import FerError, SourceError
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import DAMAGED, MAX_TABLE_BYTES, Container, Entry, is_table, suffix_of
from fer_core.data.readers.label_csv import labels_files, with_labels
from fer_core.data.readers.layout import with_folder_names
from fer_core.data.readers.npz import NpzTable
from fer_core.data.readers.parquet import ParquetTable
from fer_core.data.readers.pixel_csv import PixelCsv, is_pixel_csv
from fer_core.data.readers.text_table import MAX_BYTES, TextTable, parse


class TableFile(Protocol):
    """A file that holds pictures as rows."""

    kind: str

    def entries(self) -> list[Entry]:
        """One entry per row, named by its number."""

    def read(self, name: str) -> bytes:
        """The picture of a row. Raises NotFound or SourceError."""

    def close(self) -> None:
        """Let go of the file."""


class CompoundReader:
    """Reads a container and the tables in it.

    Args:
        container: the folder or archive.
        labels: a CSV that gives the classes; None looks for one where folders name no emotion.
    """

    def __init__(self, container: Container, labels: TextTable | None = None) -> None:
        self._container = container
        self._labels = labels
        self._lock = threading.Lock()
        self._tables: dict[str, TableFile] = {}

    @property
    def kind(self) -> str:
        """What the container is."""
        return self._container.kind

    def entries(self) -> list[Entry]:
        files = self._container.files()
        tables, files = self._with_tables(files)
        if self._labels is not None:
            return [*tables, *with_labels(files, self._labels)]
        found = with_folder_names(files)
        images = [e for e in found if suffix_of(e.path) in SUFFIXES and not e.problem]
        if images and not any(e.found and is_emotion(e.found) for e in images):
            for entry in files:
                table = self._label_table(entry)
                if table and labels_files(files, table):
                    return [*tables, *with_labels([e for e in files if e.path != entry.path], table)]
        return [*tables, *found]

    def _with_tables(self, files: list[Entry]) -> tuple[list[Entry], list[Entry]]:
        """The rows of all tables of pictures, and the other files."""
        rows: list[Entry] = []
        others: list[Entry] = []
        for file in files:
            if file.problem or not is_table(file.path):
                others.append(file)
                continue
            try:
                table = self._table(file.path)
                found = [] if table is None else table.entries()
            except FerError as error:
                others.append(replace(file, problem=error.message))
                continue
            if table is None:
                others.append(file)
            elif not found:
                others.append(replace(file, problem="The table has no rows"))
            split = split_of_name(file.path)
            rows += [
                replace(e, path=f"{file.path}/{e.path}", split=e.split or split, stamp=file.stamp)
                for e in found
            ]
        return rows, others

    def _table(self, path: str) -> TableFile | None:
        """The table of that path, opened once; None for one that holds no pictures."""
        with self._lock:
            if path not in self._tables:
                if path.lower().endswith(".parquet"):
                    self._tables[path] = ParquetTable(_seekable(self._container.open(path), path), path)
                elif path.lower().endswith(".npz"):
                    self._tables[path] = NpzTable(_seekable(self._container.open(path), path), path)
                elif is_pixel_csv(self._container.open(path), path):
                    self._tables[path] = PixelCsv(self._container.open(path), path)
                else:
                    return None
            return self._tables[path]

    def _label_table(self, entry: Entry) -> TextTable | None:
        if entry.problem or not entry.path.lower().endswith(".csv"):
            return None
        try:
            with self._container.open(entry.path) as file:
                return parse(file.read(MAX_BYTES + 1), entry.path)
        except (FerError, *DAMAGED):
            return None

    def read(self, path: str) -> bytes:
        folder, _, name = path.rpartition("/")
        if is_table(folder):
            table = self._table(folder)
            if table is not None:
                return table.read(name)
        return self._container.read(path)

    def close(self) -> None:
        for table in self._tables.values():
            table.close()
        self._container.close()


class TableReader:
    """One table of pictures as a source of its own; rows are named `000012.png`."""

    def __init__(self, table: TableFile, stamp: str) -> None:
        self._table, self._stamp = table, stamp

    @property
    def kind(self) -> str:
        """ "csv", "parquet" or "npz"."""
        return self._table.kind

    def entries(self) -> list[Entry]:
        return [replace(entry, stamp=self._stamp) for entry in self._table.entries()]

    def read(self, path: str) -> bytes:
        return self._table.read(path)

    def close(self) -> None:
        self._table.close()


def split_of_name(path: str) -> str | None:
    """The split a table's folder or name begins with, as in `data/train-00000-of-00002.parquet`."""
    folders, _, name = path.rpartition("/")
    words = [name.partition(".")[0].partition("-")[0].partition("_")[0], *reversed(folders.split("/"))]
    return next((split for word in words if (split := canonical_split(word))), None)


def _seekable(file: IO[bytes], path: str) -> IO[bytes]:
    """A file of an archive as one in which one can jump about."""
    if isinstance(file, io.BufferedReader):
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the table)
    try:
        size = 0
        while block := file.read(1 << 20):
            size += len(block)
            if size > MAX_TABLE_BYTES:
                raise SourceError("The table is too large", received=path)
            copy.write(block)
        copy.seek(0)
    except BaseException as error:
        copy.close()
        if isinstance(error, FerError) or not isinstance(error, Exception):
            raise
        raise SourceError(f"The archive is damaged here ({error})", received=path) from error
    finally:
        file.close()
    return copy
