"""Small pictures and trees of them, for the tests of this folder."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fer_core.base.workspace import Workspace
from fer_core.data.readers import Reader


def levels(seed: int = 0, size: tuple[int, int] = (48, 48)) -> np.ndarray:
    """Soft random gray levels, uint8 (height, width)."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 5), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))


def encoded(pixels: np.ndarray | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png(seed: int = 0, size: tuple[int, int] = (48, 48)) -> bytes:
    return encoded(levels(seed, size))


def write_tree(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below `root`."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tree(count: int = 6) -> dict[str, bytes]:
    """`count` different faces as split/class/file."""
    splits, labels = ("train", "train", "val", "test"), ("happy", "sad", "neutral")
    return {f"{splits[i % 4]}/{labels[i % 3]}/{i}.png": png(i) for i in range(count)}


def names(reader: Reader) -> dict[str, tuple[str | None, str | None]]:
    """Split and label by path, of the entries without a problem."""
    return {e.path: (e.split, e.label) for e in reader.entries() if not e.problem}


def problems(reader: Reader) -> dict[str, str]:
    return {e.path: e.problem for e in reader.entries() if e.problem}


def assert_nothing_left(workspace: Workspace) -> None:
    assert not workspace.data.exists() or os.listdir(workspace.data) == []
