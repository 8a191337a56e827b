"""The pictures of a small source."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_pictures import tree, write_tree


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "source", tree(8))
