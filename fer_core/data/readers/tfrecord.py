"""TFRecord as TensorFlow Datasets writes it: records of `tf.train.Example` with an encoded picture and a label.

A record is its length (uint64), a masked CRC-32C of that, the data and a CRC of it, all little-endian. An Example maps names to
lists of bytes, floats or integers (https://www.tensorflow.org/tutorials/load_data/tfrecord). The pictures are PNG or JPEG, the
names of the classes stand in `label.labels.txt` beside it, a line each. Nothing is run and TensorFlow is not needed.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import FerError, SourceError
from fer_core.data.readers.base import MAX_FILE_BYTES, Entry, missing_file

Value = bytes | int | None
"""The first of a feature's values: bytes or an integer; None for floats, or where there is none."""

_HEAD = struct.Struct("<QI")
_TAIL = 4  # bytes of the CRC behind the data, which the picture's own format makes needless
_LABELS = (
    "label", "labels", "emotion", "class", "expression", "image/class/label", "image/class/text", "category", "target",
)  # fmt: skip
_PICTURES = ("image", "image/encoded", "image_raw", "picture", "face")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM")


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC = _crc_table()


def masked_crc(data: bytes) -> int:
    """CRC-32C as TFRecord keeps it: turned by 15 bits, and a number added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number is too long")


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and value of each field of a protocol buffer message. Raises ValueError or IndexError."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if tag & 7 == 2:
            size, at = _varint(data, at)
        elif tag & 7 in (1, 5):
            size = 8 if tag & 7 == 1 else 4
        else:
            raise ValueError("a field of an unknown type")
        if at + size > len(data):
            raise ValueError("a field goes beyond its end")
        yield tag >> 3, data[at : at + size]
        at += size


def example_of(data: bytes) -> dict[str, Value]:
    """The features of a `tf.train.Example`. Raises ValueError or IndexError for other bytes."""
    found: dict[str, Value] = {}
    for _, features in _fields(data):
        for _, one in _fields(features if isinstance(features, bytes) else b""):
            parts = dict(_fields(one if isinstance(one, bytes) else b""))
            name, feature = parts.get(1, b""), parts.get(2, b"")
            if isinstance(name, bytes) and isinstance(feature, bytes):
                found[name.decode("utf-8", "replace")] = _first(feature)
    return found


def _first(feature: bytes) -> Value:
    """A feature's first value: field 1 is a list of bytes, 3 one of int64 in two's complement, packed or not."""
    for kind, values in _fields(feature):
        if kind not in (1, 3) or not isinstance(values, bytes):
            continue
        for _, value in _fields(values):
            if kind == 3 and isinstance(value, bytes):
                value = _varint(value, 0)[0]
            return value - (1 << 64) if isinstance(value, int) and value >> 63 else value
    return None


class TfRecordTable:
    """A file of such records. Its pictures stay on disk.

    Args:
        file: seekable; closed by `close`.
        name: for messages.
        names: of the classes by their number; empty where they are not known.

    Raises:
        SourceError: the file holds no records.
    """

    kind = "tfrecord"

    def __init__(self, file: IO[bytes], name: str, names: Sequence[str] = ()) -> None:
        self._file, self._name, self._names = file, name, list(names)
        self._lock = threading.Lock()
        self._spans: list[tuple[int, int]] = []
        try:
            self._list()
        except (OSError, SourceError) as error:
            file.close()
            if isinstance(error, SourceError):
                raise
            raise SourceError("The TFRecord file cannot be read", received=name) from error

    def _list(self) -> None:
        size, at = self._file.seek(0, 2), 0
        while at < size:
            self._file.seek(at)
            head = self._file.read(_HEAD.size)
            length, crc = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
            if (
                len(head) < _HEAD.size
                or masked_crc(head[:8]) != crc
                or at + len(head) + length + _TAIL > size
            ):
                raise SourceError(
                    "This is not a TFRecord file, or it is damaged", received=f"{self._name} at byte {at:,}"
                )
            self._spans.append((at + _HEAD.size, length))
            at += _HEAD.size + length + _TAIL

    def entries(self) -> list[Entry]:
        """One entry per record, named by its number from 0."""
        return [self._entry(number) for number in range(len(self._spans))]

    def _entry(self, number: int) -> Entry:
        path = f"{number:06d}.png"
        try:
            example = self._example(number)
        except FerError as error:
            return Entry(path, problem=error.message)
        value = next((example[key] for key in _LABELS if example.get(key) is not None), None)
        found = self._class(value)
        return Entry(path, found=found, label=None if found is None else canonical_emotion(found))

    def _class(self, value: Value) -> str | None:
        if isinstance(value, int) and self._names:
            return self._names[value] if 0 <= value < len(self._names) else None
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return None if value is None else text.strip() or None

    def _example(self, number: int) -> dict[str, Value]:
        start, length = self._spans[number]
        if length > MAX_FILE_BYTES:
            raise SourceError("The record is too large")
        with self._lock:
            self._file.seek(start)
            data = self._file.read(length)
        try:
            return example_of(data)
        except (ValueError, IndexError):
            raise SourceError("The record is no tf.train.Example") from None

    def read(self, name: str) -> bytes:
        """The picture of a record. Raises NotFound or SourceError."""
        number = name.partition(".")[0]
        if not number.isdecimal() or int(number) >= len(self._spans):
            raise missing_file(name, self._name)
        example = self._example(int(number))
        encoded = [
            v
            for key in (*_PICTURES, *example)
            if isinstance(v := example.get(key), bytes) and v.startswith(_MAGIC)
        ]
        if not encoded:
            raise SourceError("The record holds no encoded picture", received=", ".join(example)[:200])
        return encoded[0]

    def close(self) -> None:
        self._file.close()


def class_names(path: str, read: Callable[[str], bytes]) -> list[str]:
    """The names in the `.labels.txt` beside a file; [] where there is none."""
    folder, slash, _ = path.rpartition("/")
    for key in _LABELS[:5]:
        try:
            text = read(f"{folder}{slash}{key}.labels.txt").decode("utf-8", "replace")
        except FerError:
            continue
        return [line.strip() for line in text.splitlines() if line.strip()]
    return []
