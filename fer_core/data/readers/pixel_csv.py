"""Pictures written as numbers: the CSV of FER2013, `emotion,pixels,Usage`, plain or packed with gzip or bzip2.

The columns may come in any order, case and quoting; `pixels` are the gray levels of a square picture, row by
row. A row is read as a PNG whose bytes are the same with every library, so that its hash never changes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import math
import mmap
import re
import struct
import zlib
from contextlib import suppress
from typing import IO

import numpy as np
from numpy.typing import NDArray

from fer_core.base.emotions import canonical_emotion, canonical_split
from fer_core.base.errors import SourceError
from fer_core.data.readers.base import (
    DAMAGED,
    MAX_TABLE_BYTES,
    Entry,
    missing_file,
    suffix_of,
    temporary_file,
)

FER2013 = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""What the numbers of the column `emotion` mean, from 0."""

LABELS = ("emotion", "label", "class", "expression")
USAGES = ("usage", "split", "set")
_MOST_SIDE = 4096
_MOST_BYTES = 6 * _MOST_SIDE**2
"""Of a row: a picture of that side, with room for words."""
_LEAST_BYTES = 200  # less hold no picture
_TEXTS = ("", ".txt", ".tsv", ".data", ".dat")


class PixelCsv:
    """One such table. It is copied to a temporary file where it is packed, never held in memory.

    Args:
        file: the table from its start; closed by `close`.
        name: of the file; its ending says how it is packed.

    Raises:
        SourceError: damaged, empty, or without a column `pixels`.
    """

    kind = "csv"

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._name = name
        self._file = _plain_file(file, name)
        try:
            self._text = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except (ValueError, OSError) as error:
            self._file.close()
            raise SourceError("The table is empty", received=name) from error
        end = _line_end(self._text, 0)
        first = self._text[: min(end, 1 << 16)]
        header, self._separator = header_of(first), separator_of(first)
        if "pixels" not in header:
            self.close()
            raise SourceError(
                "The table has no column pixels",
                received=f"{name}, of {len(header)} columns",
                hint="FER2013's are emotion, pixels and Usage",
            )
        self._columns = len(header)
        self.is_fer2013 = sorted(header) == ["emotion", "pixels", "usage"]
        self._pixels = header.index("pixels")
        self._label = next((header.index(n) for n in LABELS if n in header), None)
        self._usage = next((header.index(n) for n in USAGES if n in header), None)
        self._spans = self._lines(end + 1)

    def _lines(self, start: int) -> NDArray[np.int64]:
        """Start and end of every row, int64 (n, 2); empty lines are none."""
        spans, size = [], len(self._text)
        while start < size:
            end = _line_end(self._text, start)
            if end > start and (end - start > _MOST_BYTES or self._text[start:end].strip(b"\r \t")):
                spans.append((start, end))
            start = end + 1
        return np.array(spans, np.int64).reshape(-1, 2)

    def entries(self) -> list[Entry]:
        """One entry per row, named by its number from 0."""
        return [self._entry(row) for row in range(len(self._spans))]

    def _entry(self, row: int) -> Entry:
        path, long = f"{row:06d}.png", self._long(row)
        if long:
            return Entry(path, problem=long)
        fields = self._fields(row)
        if len(fields) != self._columns:
            return Entry(path, problem=f"The row has {len(fields)} columns, not {self._columns}")
        found = None if self._label is None else _text(fields[self._label]) or None
        problem = "The row names no class" if found is None and self._label is not None else ""
        usage = None if self._usage is None else _text(fields[self._usage]) or None
        split = None if usage is None else canonical_split(usage) or usage
        label = None if found is None else fer2013_class(found)
        return Entry(path, split=split, label=label, found=found, problem=problem)

    def read(self, name: str) -> bytes:
        """The picture of a row as a PNG. Raises NotFound, or SourceError for a row that holds no picture."""
        number = name.removesuffix(".png")
        if not number.isdecimal() or int(number) >= len(self._spans):
            raise missing_file(name, self._name)
        if long := self._long(int(number)):
            raise SourceError(long)
        fields = self._fields(int(number))
        if len(fields) != self._columns:
            raise SourceError(f"The row has {len(fields)} columns, not {self._columns}")
        try:
            levels = bytes(map(int, fields[self._pixels].strip(b'"\r []').replace(b",", b" ").split()))
        except ValueError:
            raise SourceError("The pixels are not all numbers from 0 to 255") from None
        side = math.isqrt(len(levels))
        if not 0 < side <= _MOST_SIDE or side * side != len(levels):
            raise SourceError(f"The {len(levels):,} pixels are not those of a square picture")
        return png_of(np.frombuffer(levels, np.uint8).reshape(side, side))

    def _long(self, row: int) -> str:
        """Why a row is not read: it would take many times its size in memory; "" where it is."""
        start, end = self._spans[row]
        return (
            f"The row has {end - start:,} bytes, more than any picture" if end - start > _MOST_BYTES else ""
        )

    def _fields(self, row: int) -> list[bytes]:
        start, end = self._spans[row]
        line = self._text[start:end].rstrip(b"\r")
        fields = line.split(self._separator)
        if len(fields) > self._columns and (
            b'"' in line or b"[" in line
        ):  # the separator stands inside the pixels too
            return _quoted_fields(line, self._separator)
        return fields

    def close(self) -> None:
        with suppress(AttributeError):
            self._text.close()
        self._file.close()


def fer2013_class(found: str) -> str:
    """The class a value of the column `emotion` means: a number of FER2013, or a name."""
    if found.isdecimal() and found.isascii() and int(found) < len(FER2013):
        return FER2013[int(found)]
    return canonical_emotion(found)


def header_of(line: bytes) -> list[str]:
    """Column names in lower case, without quotes, spaces and byte-order mark."""
    return [_text(field).lower() for field in line.removeprefix(b"\xef\xbb\xbf").split(separator_of(line))]


def separator_of(line: bytes) -> bytes:
    """What separates the columns of a table by its first line: a comma where nothing else does."""
    return max((b",", b";", b"\t"), key=line.count)


def _quoted_fields(line: bytes, separator: bytes) -> list[bytes]:
    """Fields of which some stand in quotes or brackets and hold the separator."""
    mark = re.escape(separator)
    field = rb"(?:^|(?<=" + mark + rb'))\s*("[^"]*"|\[[^\]]*\]|[^' + mark + rb"]*)\s*(?=" + mark + rb"|$)"
    return re.findall(field, line)


def is_pixel_csv(file: IO[bytes], name: str) -> bool:
    """Whether a table has a column `pixels`, by its first line."""
    try:
        with file, _unpacked(file, name) as stream:
            return "pixels" in header_of(stream.readline(1 << 16))
    except DAMAGED:
        return False


def may_be_pixel_csv(path: str, size: int) -> bool:
    """Whether a file that no ending calls a table is worth a look at its first line: none, or that of a text, and not tiny."""
    return size >= _LEAST_BYTES and suffix_of(path) in _TEXTS


def png_of(pixels: NDArray[np.uint8]) -> bytes:
    """Gray pixels, uint8 (h, w), as a PNG that is not compressed: the same bytes on any machine."""
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = pixels
    head = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 0)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _text(field: bytes) -> str:
    return field.strip(b"\"' \r\t").decode("utf-8", "replace").strip()


def _line_end(text: mmap.mmap, start: int) -> int:
    end = text.find(b"\n", start)
    return len(text) if end < 0 else end


def _unpacked(file: IO[bytes], name: str) -> IO[bytes]:
    if name.lower().endswith(".gz"):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    return bz2.BZ2File(file) if name.lower().endswith(".bz2") else file


def _plain_file(file: IO[bytes], name: str) -> IO[bytes]:
    """The table as a file that can be mapped: itself, or an unpacked copy that no name leads to."""
    packed = name.lower().endswith((".gz", ".bz2"))
    if not packed and isinstance(file, io.BufferedReader | io.BufferedRandom):
        return file
    copy = temporary_file(name)
    try:
        stream, size = _unpacked(file, name), 0
        while block := stream.read(1 << 20):
            size += len(block)
            if size > MAX_TABLE_BYTES:
                raise SourceError(f"The table unpacks to more than {MAX_TABLE_BYTES:,} bytes", received=name)
            copy.write(block)
        copy.flush()
    except BaseException as error:
        copy.close()
        if isinstance(error, DAMAGED):
            raise SourceError(f"The table is damaged ({error})", received=name) from error
        raise
    finally:
        file.close()
    return copy
