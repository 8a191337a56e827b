"""Where arrays of faces lie: in an .npz, an HDF5 file, or .npy files beside each other. Nothing is unpickled, and nothing outside
the files is followed."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fer_core.base.errors import SourceError

if TYPE_CHECKING:
    import h5py

DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    MemoryError,
    SyntaxError,  # NumPy reads a header as a Python literal
    tokenize.TokenError,
)
"""What reading a damaged file of arrays raises."""
_MOST_BYTES = 1 << 31
"""An array larger than this is not read: one at a time is in memory."""
_LAST_CHARACTER = 0x10FFFF  # of Unicode; 0xD800 to 0xDFFF are none
Described = tuple[tuple[int, ...], np.dtype[Any]]


class ArrayStore(Protocol):
    """Arrays by name. Every method raises one of `DAMAGED`, or SourceError."""

    kind: str
    keys: list[str]

    def described(self, key: str) -> Described:
        """Shape and dtype of an array."""

    def array(self, key: str) -> NDArray[Any]:
        """An array, whole; text as str."""

    def close(self) -> None:
        """Let go of the file."""


class NpyStore:
    """Arrays of which each is a file of its own.

    Args:
        open_array: the file of a name as a stream.
        keys: the names.
        name: for messages.
    """

    kind = "npy"

    def __init__(self, open_array: Callable[[str], IO[bytes]], keys: Iterable[str], name: str) -> None:
        self._open, self._name = open_array, name
        self.keys = list(keys)

    def described(self, key: str) -> Described:
        with self._open(key) as stream:
            version = npy.read_magic(stream)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read(stream)
        return shape, dtype

    def array(self, key: str) -> NDArray[Any]:
        shape, dtype = self.described(key)
        if dtype.hasobject:
            raise SourceError("An array is not what its header says", received=f"{self._name}: {key}")
        check_size(math.prod(shape) * dtype.itemsize, f"{self._name}: {key}")
        with self._open(key) as stream:
            return with_text(npy.read_array(stream, allow_pickle=False))

    def close(self) -> None:
        """Each stream was closed after its array."""


class NpzStore(NpyStore):
    """The arrays of an .npz file, seekable; closed by `close`."""

    kind = "npz"

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        archive = zipfile.ZipFile(file)
        keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        super().__init__(lambda key: archive.open(f"{key}.npy"), keys, name)

    def close(self) -> None:
        self._file.close()


class Hdf5Store:
    """The data sets of an HDF5 file, seekable; `a/b` is called `a_b`. Links and data kept in other files are left out."""

    kind = "hdf5"

    def __init__(self, file: IO[bytes], name: str) -> None:
        import h5py

        self._name, self._source = name, file
        self._file = h5py.File(file, "r")
        self._sets: dict[str, h5py.Dataset] = {}

        def seen(path: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and not item.external and not item.is_virtual:
                self._sets[path.replace("/", "_")] = item

        self._file.visititems(seen)
        self.keys = list(self._sets)

    def described(self, key: str) -> Described:
        found = self._sets[key]
        return found.shape or (), found.dtype

    def array(self, key: str) -> NDArray[Any]:
        import h5py

        found = self._sets[key]
        check_size(math.prod(found.shape or ()) * found.dtype.itemsize, f"{self._name}: {key}")
        if h5py.check_string_dtype(found.dtype) is not None:
            return np.asarray(found.asstr(errors="replace")[...], dtype=str)
        if found.dtype.hasobject:
            raise SourceError("An array holds neither numbers nor text", received=f"{self._name}: {key}")
        values: NDArray[Any] = np.asarray(found[...])
        return values

    def close(self) -> None:
        self._file.close()
        self._source.close()


def with_text(array: NDArray[Any]) -> NDArray[Any]:
    """An array as it was read. Raises ValueError for text of what are no characters, with which Python cannot work."""
    if array.dtype.kind == "U" and array.dtype.itemsize and array.size:
        codes = np.frombuffer(array.astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
        if ((codes > _LAST_CHARACTER) | ((codes >= 0xD800) & (codes < 0xE000))).any():
            raise ValueError("text of what are no characters")
    return array


def check_size(size: int, what: str) -> None:
    """Raises SourceError where an array is too large to be held in memory."""
    if size > _MOST_BYTES:
        raise SourceError("An array is too large", received=f"{what}, {size / 1e6:,.0f} MB")
