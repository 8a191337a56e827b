"""A workspace of its own for every test, and twelve pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """Twelve different pictures, uint8 (12, 48, 48)."""
    return np.random.default_rng(3).integers(0, 256, (12, 48, 48), dtype=np.uint8)
