"""Twelve pictures."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """Twelve different pictures, uint8 (12, 48, 48)."""
    return np.random.default_rng(3).integers(0, 256, (12, 48, 48), dtype=np.uint8)
