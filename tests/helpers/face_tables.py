"""Manifests of drawn pictures, for tests that need no files."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_core.data import images
from fer_core.data.image_measures import phash_stack
from fer_core.data.manifest import check_manifest, image_id
from fer_core.data.sample.drawing.face import draw_face


def faces(count: int, seed: int = 0) -> np.ndarray:
    """uint8 (count, 48, 48)."""
    emotions = ("happy", "neutral", "sad", "surprise")
    drawn = [draw_face(random.Random(f"{seed}-{i}"), emotions[i % 4]) for i in range(count)]
    return np.stack(drawn) if drawn else np.empty((0, 48, 48), np.uint8)


def moved(pixels: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """One picture shifted, its border repeated."""
    padded = np.pad(pixels, 4, mode="edge")
    return padded[4 - dy : 52 - dy, 4 - dx : 52 - dx]


def manifest_of(
    pixels: np.ndarray,
    labels: Sequence[str] | None = None,
    splits: Sequence[str] | None = None,
    paths: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per picture, `row` as in the array."""
    rows = []
    for i, picture in enumerate(pixels):
        path = paths[i] if paths else f"train/happy/{i:05d}.png"
        rows.append(
            {
                "image_id": image_id("made", path),
                "row": i,
                "path": path,
                "source": "made",
                "split": splits[i] if splits else "train",
                "label": labels[i] if labels else "happy",
                "width": 48,
                "height": 48,
                "mode": "gray",
                "format": "PNG",
                "file_hash": hashlib.blake2b(picture.tobytes(), digest_size=16).hexdigest(),
                "pixel_hash": images.pixel_hash(picture),
                "phash": int(phash_stack(picture[None])[0]),
                "brightness": picture.mean() / 255,
                "contrast": picture.std() / 255,
                "sharpness": 0.0,
                "error": "",
            }
        )
    empty: dict[str, list[object]] = {name: [] for name in manifest_columns()}
    return check_manifest(pd.DataFrame(rows or empty))


def manifest_columns() -> tuple[str, ...]:
    from fer_core.data.manifest import COLUMNS

    return tuple(COLUMNS)
