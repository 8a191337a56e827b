"""Small manifests with known content."""

from __future__ import annotations

import numpy as np
import pandas as pd

EMOTIONS = ["happy", "surprise", "neutral", "sad"]


def make(labels: list[str], hashes: list[str] | None = None, split: str = "train") -> pd.DataFrame:
    """A manifest with the columns splitting reads; different pictures unless `hashes` says otherwise."""
    n = len(labels)
    return pd.DataFrame(
        {
            "image_id": [f"id{i:05}" for i in range(n)],
            "path": [f"{split}/{label}/{i}.png" for i, label in enumerate(labels)],
            "source": "main",
            "pixel_hash": hashes if hashes is not None else [f"h{i:05}" for i in range(n)],
            "file_hash": [f"f{i}" for i in range(n)],
            "split": split,
            "label": labels,
            "brightness": np.linspace(0, 1, n, dtype=np.float32) if n else [],
            "mode": "gray",
            "error": "",
        }
    )


def realistic(seed: int = 0, n: int = 3000) -> pd.DataFrame:
    """Imbalanced classes, 5 % copies, some of them with another label, as in the sets people have."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(EMOTIONS, n, p=[0.45, 0.3, 0.17, 0.08])
    hashes = np.array([f"h{i:05}" for i in range(n)])
    copies = rng.choice(n, n // 20, replace=False)
    hashes[copies] = hashes[rng.integers(0, n, len(copies))]
    table = make(labels.tolist(), hashes.tolist())
    table["split"] = rng.choice(["train", "val", "test"], n, p=[0.75, 0.24, 0.01])
    return table
