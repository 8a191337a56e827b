"""One version of a dataset, column by column: what an explorer reads of a million rows, and no more.

A column comes from the Parquet file when it is first asked for and then stays; nothing becomes a Python object per
row. Arrays are shared and read-only in spirit: never write into them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_core.base.errors import ManifestError
from fer_core.data.dataset import Dataset

Codes = NDArray[np.int32]


class ManifestColumns:
    """The manifest of a version, read as it is needed. Safe to share between threads.

    Args:
        dataset: whose version.
        version: its id.

    Raises:
        ManifestError: the file is missing or damaged.
    """

    def __init__(self, dataset: Dataset, version: str) -> None:
        self.path = dataset.folder / "versions" / version / "manifest.parquet"
        self._lock = threading.RLock()
        self._known: dict[tuple[str, str], Any] = {}
        try:
            about = pq.read_metadata(self.path)
        except (OSError, pa.ArrowException) as error:
            raise ManifestError(
                "A manifest is missing or damaged", received=self.path, hint=str(error)
            ) from error
        self.count = int(about.num_rows)
        self.names = tuple(name for name in about.schema.to_arrow_schema().names if not name.startswith("__"))

    def __len__(self) -> int:
        return self.count

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def array(self, name: str) -> pa.Array:
        """A column as it is in the file, in one piece.

        Raises:
            ManifestError: the manifest has no such column, or it cannot be read.
        """
        with self._lock:
            key = ("array", name)
            if key not in self._known:
                self._known[key] = self._read(name)
            return self._known[key]

    def _read(self, name: str) -> pa.Array:
        try:
            column = pq.read_table(self.path, columns=[name], use_threads=True).column(name)
        except (OSError, KeyError, pa.ArrowException) as error:
            raise ManifestError("A manifest lacks a column", received=name, hint=str(self.path)) from error
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)

    def numbers(self, name: str) -> NDArray[Any]:
        """A column of numbers: shape (n,), of the type it is kept in."""
        return cast("NDArray[Any]", self.array(name).to_numpy(zero_copy_only=False))

    def codes(self, name: str) -> tuple[Codes, tuple[str, ...]]:
        """A column of text as numbers: int32 (n,) places in the names that occur, in order of appearance."""
        with self._lock:
            key = ("codes", name)
            if key not in self._known:
                found = pc.dictionary_encode(self.array(name), null_encoding="encode")
                values = tuple("" if v is None else str(v) for v in found.dictionary.to_pylist())
                self._known[key] = (found.indices.to_numpy(zero_copy_only=False).astype(np.int32), values)
            return cast("tuple[Codes, tuple[str, ...]]", self._known[key])

    def vectors(self, name: str) -> NDArray[np.float64]:
        """A column of lists of one length, such as votes: float64 (n, k), NaN where a row has none."""
        column = self.array(name)
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        width = int(lengths.max()) if len(lengths) else 0
        result = np.full((self.count, width), np.nan)
        whole = lengths == width
        if width:
            flat = pc.list_flatten(column.filter(pa.array(whole))).to_numpy(zero_copy_only=False)
            result[whole] = flat.reshape(-1, width)
        return result

    def contains(self, name: str, text: str) -> NDArray[np.bool_]:
        """Rows whose text has `text` in it, whatever the case; bool (n,)."""
        found = pc.match_substring(self.array(name), text, ignore_case=True)
        return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), bool)

    def positions(self, image_ids: Iterable[str]) -> NDArray[np.int64]:
        """Place of each image in the table, int64; -1 of one that is not there."""
        asked = list(image_ids)
        ids = self.array("image_id")
        known = pa.array(asked, ids.type)
        order = pc.index_in(ids, value_set=known)  # place in `asked`, null for all other rows
        found = np.flatnonzero(np.asarray(order.is_valid().to_numpy(zero_copy_only=False), bool))
        result = np.full(len(asked), -1, np.int64)
        if len(found):
            first = {name: index for index, name in reversed(list(enumerate(asked)))}
            indices = order.take(pa.array(found)).to_numpy(zero_copy_only=False).astype(np.int64)
            result[indices] = found
            result = np.array([result[first[name]] for name in asked], np.int64)
        return result

    def ids(self, positions: NDArray[np.int64]) -> list[str]:
        """The image ids at these places."""
        return self.texts("image_id", positions)

    def texts(self, name: str, positions: NDArray[np.int64]) -> list[str]:
        """What a column of text says at these places."""
        return [str(v) for v in self.array(name).take(pa.array(positions)).to_pylist()]

    def frame(self, positions: NDArray[np.int64], names: Iterable[str] | None = None) -> pd.DataFrame:
        """Some rows with some columns (None: all), in the order of `positions`."""
        rows = pa.array(np.asarray(positions, np.int64))
        chosen = [name for name in (names or self.names) if name in self.names]
        table = pa.table({name: self.array(name).take(rows) for name in chosen})
        return pd.DataFrame(table.to_pandas())
