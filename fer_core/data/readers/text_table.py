"""CSV files about images: read whole, columns recognised by what they hold, rows matched to files by name."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_core.base.errors import SourceError

MAX_BYTES = 512 << 20
_SEPARATORS = (",", ";", "\t")


_QUOTED = (".csv", ".tsv", ".tab", ".jsonl")
"""Endings of files whose first line is told in messages: a text with commas may hold what nobody should read there."""


@dataclass(frozen=True)
class TextTable:
    """A CSV file: column names as they stand there, and rows of as many fields.

    Attributes:
        name: of the file.
        header, rows: what it holds.
        separated: its first lines have as many separators; another text file may have been taken for a table.
    """

    name: str
    header: list[str]
    rows: list[list[str]]
    separated: bool = True

    def describe(self) -> str:
        """One line for messages: the columns of a table, and nothing that stands in another file."""
        if not self.separated:
            return f"{self.name}, which has no columns with commas, semicolons or tabs between them"
        if not self.name.lower().endswith(_QUOTED):
            return f"{self.name}, of {len(self.header)} columns; its ending says nothing of a table, so it is not quoted"
        return f"{self.name}: {', '.join(self.header)[:200]}"

    def values(self, column: int) -> list[str]:
        return [row[column] for row in self.rows]

    def without_header(self) -> TextTable:
        """The same table where its first line is a row like the others."""
        names = [f"column {i + 1}" for i in range(len(self.header))]
        return TextTable(self.name, names, [self.header, *self.rows], self.separated)


def parse(data: bytes, name: str) -> TextTable:
    """Read a table with a header: commas, semicolons, tabs or spaces, or JSON lines; short rows are filled with "".

    The bytes are UTF-8, UTF-16, GBK where all they hold beyond ASCII comes in pairs, or Latin-1.

    Raises:
        SourceError: empty, too large, or not a text table.
    """
    text = _text(data) if len(data) <= MAX_BYTES else None
    if text is None:
        raise SourceError("This is not a CSV of labels", received=name)
    if name.lower().endswith(".jsonl"):
        return _json_lines(text, name)
    try:
        lines = _split(text)
    except csv.Error as error:
        raise SourceError(f"The CSV is damaged ({error})", received=name) from error
    if len(lines) < 2:
        raise SourceError("The CSV has no rows below its header", received=name)
    header = [field.strip() for field in lines[0]]
    width = len(header)
    rows = [[f.strip() for f in row[:width]] + [""] * (width - len(row)) for row in lines[1:]]
    separated = (
        width > 1 and len(lines[1]) == width and any(each in text.partition("\n")[0] for each in _SEPARATORS)
    )
    return TextTable(name, header, rows, separated)


def _text(data: bytes) -> str | None:
    """The text of a file; None where it is none."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in data[:4096]:
        return None
    else:
        paired = all(len(run) % 2 == 0 for run in re.findall(rb"[\x80-\xff]+", data))
        encodings = ["utf-8-sig", *(["gb18030"] if paired else []), "latin-1"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _split(text: str) -> list[list[str]]:
    """Lines as fields. Raises csv.Error."""
    sample = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    first = sample[0] if sample else ""
    counted = {s: first.count(s) for s in _SEPARATORS}
    separator = max(counted, key=counted.__getitem__)
    # Landmarks in one field, as AffectNet's lists have them: many semicolons between two commas.
    if separator == ";" and counted[","] > 1 and any(f.count(";") == counted[";"] for f in first.split(",")):
        separator = ","
    if counted[separator]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        return [row for row in reader if any(row)]
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len({len(line) for line in lines}) > 1:  # names with spaces in them, and one field after
        lines = [line.rsplit(None, 1) for line in text.splitlines() if line.strip()]
    return lines


def _json_lines(text: str, name: str) -> TextTable:
    try:
        objects = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise SourceError("The JSON lines are damaged", received=name) from error
    if not objects or not all(isinstance(one, dict) for one in objects):
        raise SourceError("The JSON lines are no table", received=name)
    header = list(dict.fromkeys(key for one in objects for key in one))
    rows = [["" if one.get(key) is None else str(one[key]).strip() for key in header] for one in objects]
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
    """Finds files by what a table calls them: the whole path, its last parts, in any case, with or without ending,
    and with or without "_aligned".

    >>> index = NameIndex(["images/a/1.jpg", "images/b/1.jpg", "images/c/2.jpg"])
    >>> index.find("2.JPG"), index.find("/data/a/1"), index.find("1.jpg")
    ('images/c/2.jpg', 'images/a/1.jpg', None)
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._known: dict[str, str | None] = {}
        self.example = ""
        for path in paths:
            self.example = self.example or path
            for key in _endings(path):
                for name in {key, _stem(key), _plain(key), _plain(_stem(key))}:
                    self._known[name] = path if self._known.get(name, path) == path else None

    def find(self, name: str) -> str | None:
        """The one file of that name; None where there is none or more than one."""
        for key in _endings(name):
            found = self._known.get(key) or self._known.get(_plain(key))
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


def _plain(path: str) -> str:
    """A path as the lists of RAF-DB have it, whose pictures are called train_00001_aligned.jpg."""
    return path.replace("_aligned.", ".").removesuffix("_aligned")


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
