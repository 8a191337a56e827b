"""Weights on disk while a run trains: plain arrays, written in milliseconds, never pickle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def save_weights(path: Path, weights: Sequence[np.ndarray]) -> None:
    """Write the arrays of `model.get_weights()` to an `.npz` file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp.npz")
    arrays: dict[str, Any] = {f"{index:04d}": weight for index, weight in enumerate(weights)}
    np.savez(temporary, **arrays)
    os.replace(temporary, path)


def load_weights(path: Path) -> list[np.ndarray]:
    """The arrays for `model.set_weights()`."""
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[name] for name in sorted(arrays.files)]
