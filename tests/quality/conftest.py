"""The sample and its truth, made once for all tests of detectors."""

from __future__ import annotations

from typing import Any

import pytest

from fer_core.data.datasets import Dataset
from fer_core.data.sample import make_sample, truth
from fer_core.workspace import Workspace


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def planted(sample: Dataset) -> dict[str, Any]:
    return truth(sample)
