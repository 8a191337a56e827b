"""Arrays of faces, as `export --format npz` writes them, Keras' own data sets are kept, and notebooks save them.

Pictures are called x, X, images or pixels, their classes y, labels or targets, in each case with a split before or after
(`x_train`, `X_train`, `train_images`, `Training_pixel`); without one they are in no split. Pictures are uint8 (n, h, w),
(n, h, w, 1) or (n, h, w, 3), or floats of 0..1 or 0..255; classes are names, numbers whose names stand in `classes`, or one
column for each class.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_core.base.emotions import UNASSIGNED, canonical_emotion, canonical_split
from fer_core.base.errors import SourceError
from fer_core.data.readers.array_stores import DAMAGED, ArrayStore, Hdf5Store, NpzStore
from fer_core.data.readers.base import Entry, missing_file
from fer_core.data.readers.pixel_csv import png_of

_PICTURES, _CLASSES = "x|images?|imgs?|pixels?|faces", "y|labels?|targets?|emotions?"
_NAME_FIRST = re.compile(rf"(?:(?P<x>{_PICTURES})|(?:{_CLASSES}))(?P<rest>.*)", re.IGNORECASE)
_NAME_LAST = re.compile(rf"(?P<rest>.*?)(?:(?P<x>{_PICTURES})|(?:{_CLASSES}))", re.IGNORECASE)
_FILE_NAMES = {"npz": "an .npz file", "hdf5": "an HDF5 file", "npy": "an .npy file"}


def role_of(key: str) -> tuple[bool, str] | None:
    """Whether an array of that name holds pictures or else classes, and the word of its split; None for neither.

    >>> role_of("X_train"), role_of("train_labels"), role_of("Training_pixel"), role_of("y"), role_of("extra")
    ((True, 'train'), (False, 'train'), (True, 'Training'), (False, ''), None)
    """
    for pattern in (_NAME_FIRST, _NAME_LAST):
        if found := pattern.fullmatch(key):
            rest = found["rest"].strip("_-. ")
            own = key[:2] in ("x_", "y_") and rest  # any word is a split there
            if own or not rest or rest == UNASSIGNED or canonical_split(rest):
                return found["x"] is not None, rest
    return None


def paired(keys: Iterable[str]) -> list[tuple[str, str, str | None]]:
    """(pictures, their classes or "" where there are none, split) of arrays by their names, in their order."""
    roles = {key: role for key in keys if (role := role_of(key))}
    classes = {_split(word): key for key, (pictures, word) in roles.items() if not pictures}
    return [
        (key, classes.get(_split(word), ""), _split(word))
        for key, (pictures, word) in roles.items()
        if pictures
    ]


def _split(word: str) -> str | None:
    return None if word in ("", UNASSIGNED) else canonical_split(word) or word


class ArrayTable:
    """Arrays of pictures with their classes. One array of pictures at a time is in memory.

    Args:
        store: the arrays; closed by `close`.
        name: for messages.

    Raises:
        SourceError: damaged, or without pictures and classes of equal number.
    """

    def __init__(self, store: ArrayStore, name: str) -> None:
        self._store, self._name, self.kind = store, name, store.kind
        self._lock = threading.Lock()
        self._held: tuple[str, NDArray[np.uint8] | None] = ("", None)
        try:
            classes = [_text(c) for c in store.array("classes").ravel()] if "classes" in store.keys else []
            self._parts = [
                (key, split, self._labels(key, own, classes)) for key, own, split in paired(store.keys)
            ]
        except DAMAGED as error:
            store.close()
            raise _damaged(store.kind, name, error) from error
        except SourceError:
            store.close()
            raise
        if not self._parts:
            shown = ", ".join(store.keys)[:200] or "no arrays"
            store.close()
            raise SourceError(
                f"The .{store.kind} file holds no pictures",
                received=shown,
                hint="They are x_train, x_val, x_test, with y_train, y_val, y_test",
            )
        self._starts = np.cumsum([0, *(len(labels) for _, _, labels in self._parts)])

    def _labels(self, key: str, own: str, classes: list[str]) -> list[str]:
        """The class of each picture of an array."""
        shape, dtype = self._store.described(key)
        if not (dtype == np.uint8 or dtype.kind == "f") or not (
            len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3))
        ):
            raise SourceError(
                "Pictures must be uint8 or floats, (n, height, width) or (n, height, width, 1 or 3)",
                received=f"{key}: {dtype} {shape}",
            )
        labels = _plain_labels(self._store.array(own)) if own else np.zeros(0)
        if len(labels) != shape[0]:
            raise SourceError(
                "There must be one class for every picture",
                received=f"{key}: {shape[0]:,}, {own or 'classes'}: {len(labels):,}",
            )
        return [_class(value, classes) for value in labels.tolist()]

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
                    self._held = (key, _gray_levels(self._store.array(key)))
                except DAMAGED as error:
                    raise SourceError(
                        f"The .{self.kind} file is damaged here", received=f"{self._name}: {key}"
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
        self._store.close()


def open_arrays(file: IO[bytes], name: str) -> ArrayTable:
    """The table of an .npz or HDF5 file, seekable; closed with it. Raises SourceError."""
    make: Callable[[IO[bytes], str], ArrayStore] = NpzStore if name.lower().endswith(".npz") else Hdf5Store
    try:
        store = make(file, name)
    except DAMAGED as error:
        file.close()
        raise _damaged("npz" if make is NpzStore else "hdf5", name, error) from error
    return ArrayTable(store, name)


def _damaged(kind: str, name: str, error: BaseException) -> SourceError:
    return SourceError(
        f"This is not {_FILE_NAMES[kind]}, or it is damaged", received=name, hint=str(error)[:200]
    )


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


def _class(value: Any, classes: list[str]) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and classes:
        return classes[value] if 0 <= value < len(classes) else ""
    return _text(value).strip()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
