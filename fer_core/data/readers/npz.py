"""NumPy arrays of faces, as `export --format npz` writes them and Keras' own data sets are kept.

`x_<split>` holds pictures, uint8 (n, h, w), (n, h, w, 1) or (n, h, w, 3), or floats of 0..1 or 0..255; `y_<split>` their
classes: names, numbers whose names stand in `classes`, or one column for each class. `x` and `y` alone are in no split.
Nothing is unpickled.
"""

from __future__ import annotations

import io
import threading
import zipfile
import zlib
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from fer_core.base.emotions import UNASSIGNED, canonical_emotion, canonical_split
from fer_core.base.errors import SourceError
from fer_core.data.readers.base import MAX_TABLE_BYTES, Entry, missing_file
from fer_core.data.readers.pixel_csv import png_of

_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    MemoryError,
)
_MOST_BYTES = 1 << 31
"""An array larger than this is not read: one split at a time is in memory."""


class NpzTable:
    """One such file. One array of pictures at a time is in memory.

    Args:
        file: the archive, seekable; closed by `close`.
        name: for messages.

    Raises:
        SourceError: damaged, or without pictures and classes of equal number.
    """

    kind = "npz"

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name
        self._lock = threading.Lock()
        self._held: tuple[str, NDArray[np.uint8] | None] = ("", None)
        try:
            self._archive = zipfile.ZipFile(file)
            self._keys = [n.removesuffix(".npy") for n in self._archive.namelist() if n.endswith(".npy")]
            parts = [key for key in self._keys if key == "x" or key.startswith("x_")]
            classes = [str(c) for c in self._array("classes").ravel()] if "classes" in self._keys else []
            self._parts = [(key, *self._labels(key, classes)) for key in parts]
        except _DAMAGED as error:
            file.close()
            raise SourceError(
                "This is not an .npz file, or it is damaged", received=name, hint=str(error)[:200]
            ) from error
        except SourceError:
            file.close()
            raise
        if not self._parts:
            shown = ", ".join(self._keys)[:200] or "no arrays"
            file.close()
            raise SourceError(
                "The .npz file holds no pictures",
                received=shown,
                hint="They are x_train, x_val, x_test, with y_train, y_val, y_test",
            )
        self._starts = np.cumsum([0, *(len(labels) for _, _, labels in self._parts)])

    def _array(self, key: str) -> NDArray[Any]:
        info = self._archive.getinfo(f"{key}.npy")
        if info.file_size > min(_MOST_BYTES, MAX_TABLE_BYTES):
            raise SourceError(
                "An array is too large", received=f"{self._name}: {key}, {info.file_size / 1e6:,.0f} MB"
            )
        with self._archive.open(info) as stream:
            shape, _, dtype = _header(stream)
            if dtype.hasobject or int(np.prod(shape, dtype=object)) * max(dtype.itemsize, 1) > info.file_size:
                raise SourceError("An array is not what its header says", received=f"{self._name}: {key}")
        with self._archive.open(info) as stream:
            return npy.read_array(stream, allow_pickle=False)

    def _labels(self, key: str, classes: list[str]) -> tuple[str | None, list[str]]:
        """The split of an array of pictures, and the class of each picture."""
        with self._archive.open(f"{key}.npy") as stream:
            shape, _, dtype = _header(stream)
        if not (dtype == np.uint8 or dtype.kind == "f") or not (
            len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3))
        ):
            raise SourceError(
                "Pictures must be uint8 or floats, (n, height, width) or (n, height, width, 1 or 3)",
                received=f"{key}: {dtype} {shape}",
            )
        own = "y" + key[1:]
        labels = _plain_labels(self._array(own)) if own in self._keys else np.zeros(0)
        if len(labels) != shape[0]:
            raise SourceError(
                "There must be one class for every picture",
                received=f"{key}: {shape[0]:,}, {own}: {len(labels):,}",
            )
        word = key[2:]
        split = None if word in ("", UNASSIGNED) else canonical_split(word) or word
        return split, [_class(value, classes) for value in labels.tolist()]

    def entries(self) -> list[Entry]:
        """One entry per picture, named by its number from 0 over all arrays."""
        found: list[Entry] = []
        for _, split, labels in self._parts:
            for label in labels:
                path = f"{len(found):06d}.png"
                found.append(
                    Entry(
                        path,
                        split=split,
                        found=label or None,
                        label=canonical_emotion(label) if label else None,
                    )
                )
        return found

    def read(self, name: str) -> bytes:
        """A picture as a PNG. Raises NotFound or SourceError."""
        number = name.removesuffix(".png")
        if not number.isdecimal() or int(number) >= self._starts[-1]:
            raise missing_file(name, self._name)
        part = int(np.searchsorted(self._starts, int(number), side="right")) - 1
        key = self._parts[part][0]
        with self._lock:
            if self._held[0] != key:
                try:
                    self._held = (key, _gray_levels(self._array(key)))
                except _DAMAGED as error:
                    raise SourceError(
                        "The .npz file is damaged here", received=f"{self._name}: {key}"
                    ) from error
            pictures = self._held[1]
        assert pictures is not None
        picture = pictures[int(number) - int(self._starts[part])]
        if picture.ndim == 2 and picture.size:
            return png_of(picture)
        buffer = io.BytesIO()
        try:
            Image.fromarray(picture).save(buffer, "PNG")
        except (ValueError, SystemError) as error:
            raise SourceError("The picture is empty") from error
        return buffer.getvalue()

    def close(self) -> None:
        self._file.close()


def _plain_labels(labels: NDArray[Any]) -> NDArray[Any]:
    """One value for each picture; -1 where a row of one-hot columns has not exactly one."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        hot = labels == 1
        return np.where((hot.sum(1) == 1) & ((labels == 0) | hot).all(1), hot.argmax(1), -1)
    return labels.ravel()


def _gray_levels(pictures: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 pictures (n, h, w) or (n, h, w, 3); floats are of 0..1 where none is larger, else of 0..255.

    Raises:
        SourceError: floats outside 0..255.
    """
    if pictures.ndim == 4 and pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    if pictures.dtype == np.uint8 or not pictures.size:
        return pictures.astype(np.uint8, copy=False)
    least, most = float(pictures.min()), float(pictures.max())
    if not (least >= 0 and most <= 255):
        raise SourceError("Levels must be 0 to 1 or 0 to 255", received=f"{least:g} to {most:g}")
    levels: NDArray[np.uint8] = np.rint(pictures * (255 if most <= 1 else 1)).astype(np.uint8)
    return levels


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, order, dtype = read(stream)
    return shape, order, dtype


def _class(value: Any, classes: list[str]) -> str:
    if isinstance(value, int) and classes:
        return classes[value] if 0 <= value < len(classes) else ""
    return str(value).strip()
