"""Pictures of averages: a mean face in grays, its spread, and the difference of two in two colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BRIGHTER = np.array(
    [230, 159, 0], np.float64
)  # orange and blue: told apart under every colour-vision deficiency
_DARKER = np.array([0, 114, 178], np.float64)


def to_grayscale(values: NDArray[np.float64], low: float = 0.0, high: float = 255.0) -> NDArray[np.uint8]:
    """Values as gray levels, uint8 (h, w): `low` is black, `high` white."""
    scaled = (values - low) / max(high - low, 1e-9)
    return np.asarray(np.round(np.clip(scaled, 0, 1) * 255), np.uint8)


def diverging(values: NDArray[np.float64], limit: float, dark: bool = False) -> NDArray[np.uint8]:
    """Values around 0 in colour, uint8 (h, w, 3): orange at `limit`, blue at -`limit`, the page's ground at 0."""
    ground = np.full(3, 29.0 if dark else 246.0)
    share = np.clip(values / max(limit, 1e-9), -1, 1)[..., None]
    ends = np.where(share > 0, _BRIGHTER, _DARKER)
    return np.asarray(np.round(ground + (ends - ground) * np.abs(share)), np.uint8)
