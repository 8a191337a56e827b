"""A workspace of its own for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_pictures import tree, write_tree

from fer_core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "source", tree(8))
