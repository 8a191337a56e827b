"""Pixel stores: all pictures of a dataset in one memory-mapped array, `manifest["row"]` being the row."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from fer_core.data import images
from fer_core.errors import FerError, ManifestError
from fer_core.jobs import ProgressFn

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

ColorMode = Literal["gray", "rgb"]


def path(dataset: Dataset, size: int, mode: ColorMode) -> Path:
    """Such as `pixels/48x48-gray.npy`."""
    return dataset.folder / "pixels" / f"{size}x{size}-{mode}.npy"


def load(dataset: Dataset, size: int, mode: ColorMode, progress: ProgressFn | None = None) -> NDArray[np.uint8]:
    """uint8 (rows, size, size) for gray, (rows, size, size, 3) for rgb, memory-mapped, read-only; made if it is not there.

    Raises:
        ManifestError: the file is damaged.
        NotFound: the store has to be made and the source is gone.
    """
    file = path(dataset, size, mode)
    if not file.is_file():
        build(dataset, size, mode, progress)
    try:
        return np.load(file, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except (OSError, ValueError) as error:
        raise ManifestError("The pixel file is damaged", received=file.name, hint="Remove it: it is made again from the images") from error


@contextmanager
def new_store(file: Path, rows: int, size: int, mode: ColorMode) -> Iterator[NDArray[np.uint8]]:
    """A writable array on disk that takes its name only when it is complete."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}.tmp")
    shape = (rows, size, size) if mode == "gray" else (rows, size, size, 3)
    try:
        if rows:
            store = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
            yield store
            store.flush()  # type: ignore[attr-defined]
        else:
            empty = np.zeros(shape, np.uint8)
            yield empty
            with open(temporary, "wb") as stream:
                np.save(stream, empty, allow_pickle=False)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def build(dataset: Dataset, size: int, mode: ColorMode, progress: ProgressFn | None = None) -> None:
    """Make the store of a size and colour from the source's files.

    Raises:
        NotFound: the source is gone.
    """
    table = dataset.rows()
    with dataset.reader() as reader, new_store(path(dataset, size, mode), int(table["row"].max() + 1), size, mode) as store:
        for done, (row, file) in enumerate(zip(table["row"], table["path"], strict=True), start=1):
            try:
                pixels = images.decode(reader.read(file), file).pixels
            except FerError:
                continue  # it decoded once; a file that has vanished since stays black and the dataset's check says so
            store[row] = images.resize(images.to_gray(pixels) if mode == "gray" else _rgb(pixels), size)
            if progress and done % 256 == 0:
                progress(done, len(table), "pixels")


def _rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
