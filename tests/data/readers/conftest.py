"""Twelve pictures, many more, and a source to write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from deliveries import Write
from made_sources import png


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """Twelve different pictures, uint8 (12, 48, 48)."""
    return np.random.default_rng(3).integers(0, 256, (12, 48, 48), dtype=np.uint8)


@pytest.fixture
def faces() -> Iterator[bytes]:
    random = np.random.default_rng(7)
    return (png(random.integers(0, 256, (48, 48), dtype=np.uint8)) for _ in range(1000))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(path: str, data: bytes | str) -> None:
        file = tmp_path / "set" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)

    return written
