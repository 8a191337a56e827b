"""All pictures of a dataset in one array: uint8, on disk as `.npy`, memory-mapped.

The row of a picture is the manifest's `row`. Nothing is ever pickled.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fer_core.base.atomic import read_json, replace, temporary_path, write_json
from fer_core.base.checksums import checksum
from fer_core.base.errors import ManifestError
from fer_core.data.images import decode, resize, to_gray
from fer_core.jobs.reporter import ProgressFn

SIZE = 48
"""Side of the pictures that every import makes."""
MAX_SIZE = 1024

_THREADS = min(8, os.cpu_count() or 1)
_BLOCK = 256  # pictures in memory at once: 38 MB of 224x224 in colour

ColorMode = Literal["gray", "rgb"]


def pixel_file(folder: Path, size: int = SIZE, mode: ColorMode = "gray") -> Path:
    """Where the pictures of that size and mode lie below a dataset's folder."""
    return folder / "pixels" / f"{size}x{size}-{mode}.npy"


PixelBlock = tuple[int, int, str]
"""First row, rows, and BLAKE2b-128 of pictures that were written together."""


def sums_file(path: Path) -> Path:
    """Where the sums of a pixel file's blocks are kept; files of older versions have none."""
    return path.with_suffix(".sums.json")


def read_blocks(path: Path) -> list[PixelBlock]:
    """The blocks of a pixel file whose sums are known, by row; those of an append that was interrupted may be among them."""
    try:
        return [
            (int(first), int(rows), str(found)) for first, rows, found in read_json(sums_file(path))["blocks"]
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def damaged_blocks(path: Path) -> list[PixelBlock]:
    """The blocks that do not hold what was written; reads the whole file.

    Raises:
        ManifestError: it is no pixel file any more.
    """
    pictures = open_pixels(path)
    return [
        block
        for block in read_blocks(path)
        if block[0] < len(pictures)
        and checksum(pictures[block[0] : block[0] + block[1]].tobytes()) != block[2]
    ]


class PixelWriter:
    """Appends pictures to an `.npy` file without knowing how many will come.

    Example:
        with PixelWriter(path, (48, 48)) as writer:
            first_row = writer.append(pictures)
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._shape = shape
        self._file: BinaryIO = open(path, "wb")  # noqa: SIM115 (closed by __exit__)
        self.rows = 0
        self._blocks: list[PixelBlock] = []
        self._start = self._header()

    def _header(self) -> int:
        """Write the header for the rows so far; NumPy pads it, so its length stays the same."""
        self._file.seek(0)
        about = {"descr": "|u1", "fortran_order": False, "shape": (self.rows, *self._shape)}
        npy.write_array_header_1_0(self._file, about)
        return self._file.tell()

    def append(self, pictures: NDArray[np.uint8]) -> int:
        """Add uint8 (n, *shape); returns the row of the first."""
        first, data = self.rows, np.ascontiguousarray(pictures).tobytes()
        self._file.write(data)
        self.rows += len(pictures)
        self._blocks.append((first, len(pictures), checksum(data)))
        return first

    def __enter__(self) -> PixelWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._header() != self._start:
            raise ManifestError("The header of a pixel file changed its length", received=self._file.name)
        self._file.close()
        if kind is None:
            write_json(sums_file(Path(self._file.name)), {"blocks": self._blocks}, durable=False)


def open_pixels(path: Path) -> NDArray[np.uint8]:
    """The pictures, memory-mapped and read-only: uint8 (rows, size, size) or (rows, size, size, 3)."""
    hint = "`fer doctor --repair` decodes the pictures from the source again; else take it from a backup"
    try:
        pictures = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ManifestError("A pixel file is damaged", received=path, hint=hint) from error
    if pictures.dtype != np.uint8:
        raise ManifestError("A pixel file holds something else than uint8", received=path, hint=hint)
    return cast("NDArray[np.uint8]", pictures)


def cut_pixels(path: Path, rows: int) -> None:
    """Forget the pictures from a row on. Only whoever holds `versions.lock` may, and only what no version names.

    Raises:
        ManifestError: the file is damaged.
    """
    pictures = open_pixels(path)
    if len(pictures) <= rows:
        return
    blocks: list[PixelBlock] = []
    for first, count, found in read_blocks(path):
        kept = min(count, rows - first)
        if 0 < kept < count and checksum(pictures[first : first + count].tobytes()) == found:
            found = checksum(pictures[first : first + kept].tobytes())
        if kept > 0:
            blocks.append((first, kept, found))
    with open(path, "r+b") as file:
        npy.read_magic(file)
        npy.read_array_header_1_0(file)
        write_json(sums_file(path), {"blocks": blocks})
        _count(file, (rows, *pictures.shape[1:]), file.tell())


def append_pixels(path: Path, pictures: NDArray[np.uint8]) -> int:
    """Add pictures to a file that others may have mapped; returns the row of the first.

    The data is written first and counted last, so a crash in between leaves the file as it was. Only one
    process may do this at a time (`versions.lock`).

    Args:
        path: the `.npy` file.
        pictures: uint8 (n, *shape) of the same shape as those in the file.

    Raises:
        ManifestError: pictures of another shape or type.
    """
    with open(path, "r+b") as file:
        npy.read_magic(file)
        shape, _, dtype = npy.read_array_header_1_0(file)
        start = file.tell()
        if pictures.dtype != dtype or pictures.shape[1:] != shape[1:]:
            raise ManifestError("These pictures do not fit the pixel file", received=pictures.shape)
        file.seek(start + math.prod(shape))
        data = np.ascontiguousarray(pictures).tobytes()
        file.write(data)
        _settle(file)
        known = [block for block in read_blocks(path) if block[0] < shape[0]]
        write_json(sums_file(path), {"blocks": [*known, (shape[0], len(pictures), checksum(data))]})
        _count(file, (shape[0] + len(pictures), *shape[1:]), start)
    return int(shape[0])


def _count(file: BinaryIO, shape: tuple[int, ...], start: int) -> None:
    """Write a header of another shape over the old one, which ends at `start`."""
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    if header.tell() != start:
        raise ManifestError("The header of a pixel file changed its length", received=file.name)
    file.seek(0)
    file.write(header.getvalue())
    _settle(file)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


SourceFile = tuple[str, str]
"""Source and path of a file."""


def build_pixels(
    target: Path,
    files: Sequence[SourceFile | None],
    read: Callable[[str, str], bytes],
    size: int,
    mode: ColorMode,
    progress: ProgressFn | None = None,
) -> NDArray[np.uint8]:
    """Decode files again into pictures of another size or with colour, and keep them.

    Several threads decode, since Pillow leaves Python free meanwhile. A file that is there already is continued behind
    its last picture.

    Args:
        target: the `.npy` file; a new one appears whole or not at all.
        files: the file of each row, all of them decoded at import; None for a row no version uses.
        read: bytes of a file, by source and path; called from several threads.
        size: side in pixels.
        mode: "gray" or "rgb".
        progress: told after every block of pictures.
    """
    shape = (size, size) if mode == "gray" else (size, size, 3)
    made = len(open_pixels(target)) if target.is_file() else 0

    def picture(file: SourceFile | None) -> NDArray[np.uint8]:
        return np.zeros(shape, np.uint8) if file is None else _decoded(read(*file), file[1], size, mode)

    with temporary_path(target) as temporary:
        with PixelWriter(temporary, shape) as writer, ThreadPoolExecutor(_THREADS) as pool:
            for start in range(made, len(files), _BLOCK):
                block = files[start : start + _BLOCK]
                writer.append(np.stack(list(pool.map(picture, block))))
                if progress:
                    progress(start + len(block), len(files), f"pictures of {size}x{size}")
        if made and made < len(files):
            append_pixels(target, open_pixels(temporary))
        elif not made:
            replace(sums_file(temporary), sums_file(target))
            replace(temporary, target)
    return open_pixels(target)


def _decoded(data: bytes, name: str, size: int, mode: ColorMode) -> NDArray[np.uint8]:
    pixels = decode(data, name).pixels
    if mode == "gray":
        pixels = to_gray(pixels)
    elif pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return resize(pixels, size)
