"""Datasets without pictures: a manifest is all that review needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from review_data import ROWS, Row, manifest_of

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.save_version import save_version
from fer_core.review.journal import Journal


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Dataset]:
    """Make a dataset of rows; different `source` means different image ids for the same pictures."""

    def make(rows: list[Row], name: str = "faces", source: str = "main") -> Dataset:
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        about = {"name": name, "head": "", "source": {"kind": "folder", "path": "source"}, "problems": []}
        (folder / "dataset.json").write_text(json.dumps(about))
        pixels = folder / "pixels" / "48x48-gray.npy"
        pixels.parent.mkdir()
        np.save(pixels, np.zeros((len(rows), 48, 48), dtype=np.uint8))
        dataset = Dataset(Workspace(tmp_path), name)
        save_version(dataset, manifest_of(rows, source), parent=None, operation="import", parameters={})
        return dataset

    return make


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset(ROWS)


@pytest.fixture
def journal(dataset: Dataset) -> Journal:
    return Journal(dataset.journal_path)
