"""CSV files about images: read whole, columns recognised by what they hold, rows matched to files by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_core.base.errors import SourceError

MAX_BYTES = 512 << 20
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class TextTable:
    """A CSV file: column names as they stand there, and rows of as many fields."""

    name: str
    header: list[str]
    rows: list[list[str]]

    def values(self, column: int) -> list[str]:
        return [row[column] for row in self.rows]


def parse(data: bytes, name: str) -> TextTable:
    """Read a CSV with a header: commas, semicolons or tabs; UTF-8 or Latin-1; short rows are filled with "".

    Raises:
        SourceError: empty, too large, or not a text table.
    """
    if len(data) > MAX_BYTES or b"\0" in data[:4096]:
        raise SourceError("This is not a CSV of labels", received=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise SourceError(f"The CSV is damaged ({error})", received=name) from error
    if len(lines) < 2:
        raise SourceError("The CSV has no rows below its header", received=name)
    header = [field.strip() for field in lines[0]]
    width = len(header)
    rows = [[f.strip() for f in row[:width]] + [""] * (width - len(row)) for row in lines[1:]]
    return TextTable(name, header, rows)


def load(path: Path) -> TextTable:
    """`parse` of a file on this machine. Raises SourceError, also where there is none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError("The CSV is too large", received=path)
        return parse(path.read_bytes(), path.name)
    except OSError as error:
        raise SourceError(f"The CSV cannot be read ({error.strerror})", received=path) from error


class NameIndex:
    """Finds files by what a table calls them: the whole path, its last parts, in any case, with or without ending.

    >>> index = NameIndex(["images/a/1.jpg", "images/b/1.jpg", "images/c/2.jpg"])
    >>> index.find("2.JPG"), index.find("/data/a/1"), index.find("1.jpg")
    ('images/c/2.jpg', 'images/a/1.jpg', None)
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._known: dict[str, str | None] = {}
        for path in paths:
            for key in _endings(path):
                for name in {key, _stem(key)}:
                    self._known[name] = path if self._known.get(name, path) == path else None

    def find(self, name: str) -> str | None:
        """The one file of that name; None where there is none or more than one."""
        for key in _endings(name):
            found = self._known.get(key)
            if found is not None:
                return found
        return None


def _endings(path: str) -> list[str]:
    """A path and what is left without its outer folders, longest first, in lower case."""
    parts = path.replace("\\", "/").lower().strip("/").split("/")
    return ["/".join(parts[i:]) for i in range(len(parts)) if parts[-1]]


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    return folder + slash + stem


def file_column(table: TextTable, index: NameIndex) -> int | None:
    """The column that names files: at least half of a sample of its values are known."""
    sample = table.rows[:: max(1, len(table.rows) // 2000)]
    hits = [sum(index.find(row[i]) is not None for row in sample if row[i]) for i in range(len(table.header))]
    best = max(range(len(hits)), key=lambda i: hits[i], default=None)
    return best if best is not None and hits[best] * 2 >= len(sample) else None


def named_column(table: TextTable, names: Sequence[str], skip: int | None = None) -> int | None:
    """The first column of one of these names, in any case."""
    lower = ["".join(c for c in name.lower() if c.isalnum()) for name in table.header]
    columns = [lower.index(name) for name in names if name in lower]
    return next((column for column in columns if column != skip), None)
