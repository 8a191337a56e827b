"""Pictures to be compared, and what comparing them has to give, by definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
from PIL import Image

from fer_core.duplicates.hash_kinds import hashes
from fer_core.duplicates.scan import Scan


def reference(one: np.ndarray, other: np.ndarray) -> float:
    """Best Pearson correlation of two pictures over all shifts of up to two pixels, by NumPy's own formula."""
    best = -1.0
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            a = one[max(dy, 0) : 48 + min(dy, 0), max(dx, 0) : 48 + min(dx, 0)]
            b = other[max(-dy, 0) : 48 + min(-dy, 0), max(-dx, 0) : 48 + min(-dx, 0)]
            best = max(best, float(np.corrcoef(a.ravel(), b.ravel())[0, 1]))
    return best


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Smooth random pictures, uint8 (count, 48, 48), no two alike."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 8, 8), dtype=np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(c).resize((48, 48), Image.Resampling.BICUBIC)) for c in coarse]
    )


def manifest_of(pixels: np.ndarray, splits: list[str] | None = None) -> pd.DataFrame:
    """One row per picture; equal pixels have equal hashes."""
    count = len(pixels)
    return pd.DataFrame(
        {
            "image_id": [f"i{n:04d}" for n in range(count)],
            "row": range(count),
            "path": [f"{n:04d}.png" for n in range(count)],
            "split": splits or ["train"] * count,
            "label": "happy",
            "pixel_hash": [f"{hash(p.tobytes()) & 0xFFFFFFFFFFFF:012x}" for p in pixels],
            "phash": hashes(pixels) if count else np.empty(0, np.uint64),
            "error": "",
        }
    )


def same_scan(one: Scan, other: Scan) -> None:
    for name in ("names", "rows", "plain", "first", "second", "bits", "framed"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert np.allclose(one.correlation, other.correlation, atol=1e-5)
