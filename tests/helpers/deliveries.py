"""Importing a miniature of a public set as it is delivered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.options import Options

Write = Callable[[str, bytes | str], None]
"""Writes a file of the source, which lies in `set`."""


def imported(workspace: Workspace, tmp_path: Path, delivery: str, **options: object) -> Dataset:
    dataset = import_dataset(workspace, tmp_path / "set", "faces", options=Options(**options))  # type: ignore[arg-type]
    assert describe(dataset)["understood"]["delivery"] == delivery
    assert dataset.about["import"].get("delivery") == describe(dataset)["understood"]["delivery_key"]
    return dataset
