"""A folder or archive, with tables of pictures and label CSVs inside it understood.

A container that is a public set as it is delivered is read as that (`deliveries`). Of any other each file is a picture in
class folders (`layout`), a picture whose class stands in a list (`label_lists`), or a table of pictures (`pixel_csv`,
`parquet`, `arrays`, `tfrecord`), whose rows are named `table/000012.png`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from fer_core.base.emotions import canonical_split, is_emotion
from fer_core.base.errors import FerError, NoRoom, SourceError
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.array_files import open_pair, pairs_of
from fer_core.data.readers.arrays import open_arrays
from fer_core.data.readers.base import (
    ARRAYS,
    DAMAGED,
    OTHER,
    Container,
    Entry,
    Understood,
    is_table,
    is_tfrecord,
    seekable,
    suffix_of,
)
from fer_core.data.readers.crops import crop, crop_of
from fer_core.data.readers.deliveries import AUTO, recognise
from fer_core.data.readers.delivery import Delivery, Listing
from fer_core.data.readers.file_kinds import what_it_is
from fer_core.data.readers.label_lists import with_lists
from fer_core.data.readers.layout import with_folder_names, without_class
from fer_core.data.readers.parquet import ParquetTable
from fer_core.data.readers.pixel_csv import PixelCsv, is_pixel_csv, may_be_pixel_csv
from fer_core.data.readers.text_table import MAX_BYTES, TextTable, parse
from fer_core.data.readers.tfrecord import TfRecordTable, class_names

_LISTS = (".csv", ".tsv", ".jsonl")
_TEXTS = (".txt", ".lst", ".list")
_MOST_TEXTS = 50


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
        labels: lists that give the classes; without them those in the container are used.
        lists: whether lists in the container are used.
        delivery: key of a public set's layout, "auto" for the one it has, "none" for none.
        choices: of that delivery.
    """

    def __init__(
        self,
        container: Container,
        labels: Sequence[TextTable] = (),
        *,
        lists: bool = True,
        delivery: str = AUTO,
        choices: Mapping[str, str] | None = None,
    ) -> None:
        self._container = container
        self._labels, self._lists = tuple(labels), lists
        self._delivery, self._choices = delivery, dict(choices or {})
        self._lock = threading.Lock()
        self._tables: dict[str, TableFile] = {}
        self._pairs: dict[str, tuple[str, ...]] | None = None
        self._sniffed: dict[str, bool] = {}
        self.understood = Understood()

    @property
    def kind(self) -> str:
        """What the container is."""
        return self._container.kind

    def entries(self) -> list[Entry]:
        files = self._container.files()
        self.understood = Understood(notes=list(self._container.notes))
        if not self._labels:
            listing = Listing(files, self._container.read)
            if found := recognise(listing, self._delivery):
                return self._delivered(found, listing)
        tables, files = self._with_tables(files)
        if len(self._tables) == 1 and not any(suffix_of(e.path) in SUFFIXES for e in files):
            self.understood.delivery, self.understood.how = layout_of(next(iter(self._tables.values())))
        return [*tables, *without_class(self._labelled(files))]

    def _delivered(self, delivery: Delivery, listing: Listing) -> list[Entry]:
        """The entries of a public set; what its delivery says nothing about is read as in any other source."""
        if unknown := sorted(set(self._choices) - set(delivery.choices)):
            known = "; ".join(f"{name}: {what}" for name, (_, what) in delivery.choices.items()) or "none"
            raise SourceError(
                f"{delivery.name} has no such choice", received=unknown[0], hint=f"Known: {known}"
            )
        usual = {name: value for name, (value, _) in delivery.choices.items()}
        own = delivery.read(listing, usual | self._choices)
        self.understood = Understood(
            delivery=delivery.name,
            delivery_key=delivery.key,
            how=own.how,
            choices=usual | self._choices,
            notes=[*self._container.notes, *own.notes],
            vote_classes=own.vote_classes,
        )
        tables, files = self._with_tables(own.rest)
        return [*tables, *without_class([*own.entries, *with_folder_names(files)])]

    def _labelled(self, files: list[Entry]) -> list[Entry]:
        """Files with what folders and lists say of them."""
        if self._labels:
            labelled = with_lists(files, self._labels, given=True)
        else:
            found = with_folder_names(files)
            silent = any(
                not (e.found and is_emotion(e.found)) and suffix_of(e.path) in SUFFIXES and not e.problem
                for e in found
            )
            if not silent or not self._lists:
                return found
            labelled = with_lists(files, self._label_tables(files), given=False)
        self.understood.lists = labelled.used
        if labelled.overruled:
            self.understood.notes.append(
                f"{labelled.overruled:,} images lie in the folder of another emotion than their list says: the folder counts"
            )
        return labelled.entries

    def _with_tables(self, files: list[Entry]) -> tuple[list[Entry], list[Entry]]:
        """The rows of all tables of pictures, and the other files."""
        rows: list[Entry] = []
        others: list[Entry] = []
        self._pairs = pairs_of(file.path for file in files if not file.problem)
        beside = {path for own in self._pairs.values() for path in own}
        for file in files:
            if file.path in beside:
                continue
            picture = suffix_of(file.path) in SUFFIXES
            if picture or file.problem or not self._is_table(file.path, _size(file)):
                others.append(file)
                continue
            try:
                table = self._table(file.path)
                found = [] if table is None else table.entries()
            except NoRoom:
                raise
            except FerError as error:
                others.append(replace(file, problem=error.message))
                continue
            if table is None and file.path.lower().endswith(".npy"):
                others.append(replace(file, problem=what_it_is(file.path), kind=OTHER))
            elif table is None:
                others.append(file)
            elif not found:
                others.append(replace(file, problem="The table has no rows"))
            split = split_of_name(file.path)
            rows += [
                replace(e, path=f"{file.path}/{e.path}", split=e.split or split, stamp=file.stamp)
                for e in found
            ]
        return rows, others

    def _is_table(self, path: str, size: int) -> bool:
        """Whether a file is a table by its ending, or a table of pixels by its first line; a folder is none."""
        if is_table(path):
            return True
        if path not in self._sniffed:
            found = False
            if may_be_pixel_csv(path, size):
                with suppress(FerError, *DAMAGED):
                    found = is_pixel_csv(self._container.open(path), path)
            self._sniffed[path] = found
        return self._sniffed[path]

    def _table(self, path: str) -> TableFile | None:
        """The table of that path, opened once; None for one that holds no pictures."""
        with self._lock:
            if path not in self._tables:
                if path.lower().endswith(".parquet"):
                    self._tables[path] = ParquetTable(seekable(self._container.open(path), path), path)
                elif path.lower().endswith(ARRAYS):
                    self._tables[path] = open_arrays(seekable(self._container.open(path), path), path)
                elif is_tfrecord(path):
                    names = class_names(path, self._container.read)
                    self._tables[path] = TfRecordTable(
                        seekable(self._container.open(path), path), path, names
                    )
                elif path.lower().endswith(".npy"):
                    if self._pairs is None:  # read without having been listed
                        self._pairs = pairs_of(e.path for e in self._container.files() if not e.problem)
                    if path not in self._pairs:
                        return None
                    self._tables[path] = open_pair(self._container, path, self._pairs[path])
                elif is_pixel_csv(self._container.open(path), path):
                    self._tables[path] = PixelCsv(self._container.open(path), path)
                else:
                    return None
            return self._tables[path]

    def _label_tables(self, files: list[Entry]) -> list[TextTable]:
        """The files that may be lists of labels; text files only where they are few, not one for each picture."""
        texts = [e for e in files if e.path.lower().endswith(_TEXTS)]
        named = [e for e in files if e.path.lower().endswith(_LISTS)]
        tables = []
        for entry in [*named, *(texts if len(texts) <= _MOST_TEXTS else [])]:
            if entry.problem:
                continue
            with suppress(FerError, *DAMAGED), self._container.open(entry.path) as file:
                tables.append(parse(file.read(MAX_BYTES + 1), entry.path))
        return tables

    def read(self, path: str) -> bytes:
        folder, _, name = path.rpartition("/")
        if folder and self._is_table(folder, MAX_BYTES):
            table = self._table(folder)
            if table is not None:
                return table.read(name)
        if part := crop_of(path):
            return crop(self._container.read(part[0]), part[1])
        return self._container.read(path)

    def close(self) -> None:
        for table in self._tables.values():
            table.close()
        self._container.close()


class TableReader:
    """One table of pictures as a source of its own; rows are named `000012.png`."""

    def __init__(self, table: TableFile, stamp: str) -> None:
        self._table, self._stamp = table, stamp
        name, how = layout_of(table)
        self.understood = Understood(delivery=name, how=how)

    @property
    def kind(self) -> str:
        """ "csv", "parquet", "npz" or "hdf5"."""
        return self._table.kind

    def entries(self) -> list[Entry]:
        return [replace(entry, stamp=self._stamp) for entry in self._table.entries()]

    def read(self, path: str) -> bytes:
        return self._table.read(path)

    def close(self) -> None:
        self._table.close()


def layout_of(table: TableFile) -> tuple[str, str]:
    """Name of the public set whose table it is, and how it is read; "" for none."""
    if isinstance(table, PixelCsv) and table.is_fer2013:
        return "FER2013 as on Kaggle", "emotion 0 to 6 from anger to neutral, Usage names the splits"
    return "", ""


def _size(file: Entry) -> int:
    """Bytes of a file of a container, by its stamp; 0 where it has none."""
    size = file.stamp.partition("-")[0]
    return int(size) if size.isdecimal() else 0


def split_of_name(path: str) -> str | None:
    """The split a table's folder or name begins with, as in `data/train-00000-of-00002.parquet`."""
    folders, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    words = [stem.partition("-")[0].partition("_")[0], stem, *reversed(folders.split("/"))]
    return next((split for word in words if (split := canonical_split(word))), None)
