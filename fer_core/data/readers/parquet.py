"""Parquet as Hugging Face writes it: `image: {bytes, path}` (or plain bytes) and `label`.

Labels are ids of a ClassLabel, whose names stand in the file's metadata, or the names themselves. Any column
names do: the picture column is known by its type, the label column by its feature, name or type.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from fer_core.base.atomic import parse_json
from fer_core.base.emotions import canonical_emotion, canonical_split
from fer_core.base.errors import SourceError
from fer_core.base.parsing import parsing
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import Entry, missing_file, suffix_of

_LABELS = ("label", "labels", "emotion", "class", "expression", "category", "target")
_SPLITS = ("split", "usage", "set", "subset")


class ParquetTable:
    """One Parquet file of pictures. One group of its rows at a time is in memory.

    Args:
        file: the table, seekable; closed by `close`.
        name: for messages.

    Raises:
        SourceError: damaged, or without a column of pictures.
    """

    kind = "parquet"

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self._lock = threading.Lock()
        self._group: tuple[int, list[bytes | None]] = (-1, [])
        try:
            with parsing(SourceError, "This is not a Parquet file, or it is damaged", received=name):
                self._table = pq.ParquetFile(file)
                self._schema = self._table.schema_arrow
                groups = [
                    self._table.metadata.row_group(i).num_rows for i in range(self._table.num_row_groups)
                ]
        except SourceError:
            file.close()
            raise
        self._starts = [sum(groups[:i]) for i in range(len(groups))]
        image = next((f for f in self._schema if _is_picture(f.type)), None)
        lists = next((f for f in self._schema if _is_list_of_pictures(f.type)), None)
        if image is None and lists is not None:
            file.close()
            raise SourceError(
                f"The column {lists.name} of the Parquet file holds a list of pictures in each row, not one picture",
                received=f"{lists.name}: {lists.type}"[:200],
                hint="Write one row for each picture: image: {bytes, path} and label",
            )
        if image is None:
            file.close()
            raise SourceError(
                "The Parquet file has no column of pictures",
                received=", ".join(self._schema.names)[:200],
                hint="Hugging Face's is image: {bytes, path}",
            )
        self._image, self._inside = image.name, pa.types.is_struct(image.type)
        self._paths = self._inside and image.type.get_field_index("path") >= 0
        features = _features(self._schema.metadata)
        self._label = self._column(_LABELS, features)
        self._split = self._column(_SPLITS, {})
        self._names = _names(features.get(self._label or ""))

    def _column(self, names: tuple[str, ...], features: dict[str, Any]) -> str | None:
        others = [n for n in self._schema.names if n != self._image]
        for name, feature in features.items():
            if name in others and isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
                return str(name)
        return next((n for wanted in names for n in others if n.lower() == wanted), None)

    def entries(self) -> list[Entry]:
        """One entry per row, named by its number from 0 and the ending of its own path."""
        rows = self._table.metadata.num_rows
        paths = self._values(f"{self._image}.path", "path") if self._paths else [None] * rows
        labels = self._values(self._label) if self._label else [None] * rows
        splits = self._values(self._split) if self._split else [None] * rows
        return [self._entry(i, *row) for i, row in enumerate(zip(paths, labels, splits, strict=True))]

    def _values(self, column: str, field: str = "") -> list[Any]:
        with parsing(SourceError, "The Parquet file is damaged", received=self._name):
            values = self._table.read(columns=[column]).column(0).to_pylist()
        return [v and v.get(field) for v in values] if field else values

    def _entry(self, row: int, path: Any, label: Any, split: Any) -> Entry:
        ending = suffix_of(str(path or ""))
        name = f"{row:06d}{ending if ending in SUFFIXES else '.png'}"
        found = self._class(label)
        shown = None if split is None else canonical_split(str(split)) or str(split)
        return Entry(
            name, split=shown, found=found, label=None if found is None else canonical_emotion(found)
        )

    def _class(self, label: Any) -> str | None:
        if isinstance(label, int) and self._names:
            return str(self._names[label]) if 0 <= label < len(self._names) else None
        return None if label is None else str(label).strip() or None

    def read(self, name: str) -> bytes:
        """The picture of a row. Raises NotFound or SourceError."""
        number = name.partition(".")[0]
        if not number.isdecimal() or int(number) >= self._table.metadata.num_rows:
            raise missing_file(name, self._name)
        row = int(number)
        group = bisect_right(self._starts, row) - 1
        with self._lock:
            if self._group[0] != group:
                self._group = (group, self._pictures(group))
            data = self._group[1][row - self._starts[group]]
        if data is None:
            raise SourceError("The row holds no picture")
        return bytes(data)

    def _pictures(self, group: int) -> list[bytes | None]:
        column = f"{self._image}.bytes" if self._inside else self._image
        with parsing(SourceError, "The Parquet file is damaged here", received=self._name):
            values = self._table.read_row_group(group, columns=[column]).column(0).to_pylist()
        return [v and v.get("bytes") for v in values] if self._inside else values

    def close(self) -> None:
        self._file.close()


def _is_picture(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        at = kind.get_field_index("bytes")
        return at >= 0 and _is_binary(kind.field(at).type)
    return _is_binary(kind)


def _is_list_of_pictures(kind: pa.DataType) -> bool:
    many = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return many and _is_picture(kind.value_type)


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _names(feature: object) -> list[str]:
    """Names of the classes of a column, by their numbers; [] where it does not say."""
    names = feature.get("names") if isinstance(feature, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def _features(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """What Hugging Face wrote about the columns; {} where it is absent or broken."""
    try:
        found = parse_json((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
