"""Counting what a manifest holds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from made_pictures import png, write_tree

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset
from fer_core.data.manifest import (
    COLUMNS,
    check_manifest,
    classes,
    content_id,
    counts,
    image_id,
    readable,
    splits,
)


def test_counts_are_of_readable_images(workspace: Workspace, tmp_path: Path) -> None:
    files = {
        "test/sad/1.png": png(1),
        "train/Boredom/2.png": png(2),
        "train/happy/3.png": b"broken",
        "train/sad/4.png": png(4),
    }
    manifest = import_dataset(workspace, write_tree(tmp_path / "s", files), "faces").manifest()
    assert classes(manifest) == ("sad", "Boredom")
    assert splits(manifest) == ("train", "test")
    assert counts(manifest).to_dict("index") == {
        "train": {"sad": 1, "Boredom": 1},
        "test": {"sad": 1, "Boredom": 0},
    }
    assert len(readable(manifest)) == 3
    assert (counts(manifest).index.name, counts(manifest).columns.name) == ("split", "label")
    assert counts(manifest.iloc[:0]).shape == (0, 0)


def test_image_ids_tell_source_and_path_apart() -> None:
    ids = {
        image_id(source, path)
        for source, path in [("main", "a/b"), ("maina", "/b"), ("main", "a/c"), ("more", "a/b")]
    }
    assert len(ids) == 4
    assert all(len(i) == 16 and int(i, 16) >= 0 for i in ids)


def test_the_id_of_a_version_is_fixed_for_all_time() -> None:
    """A change here would orphan every run and certificate that names a version."""
    row = dict.fromkeys(COLUMNS, 0) | {
        "error": "",
        "pixel_hash": "0" * 32,
        "split": "train",
        "label": "sad",
    }
    broken = row | {"error": "damaged", "file_hash": "1" * 32, "image_id": "1"}
    manifest = check_manifest(pd.DataFrame([row, broken]))
    assert content_id(manifest) == "475eb162d2f4548b"
