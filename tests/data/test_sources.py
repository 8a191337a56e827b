"""Files of several sources behind one dataset, and pixel files that grow."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_pictures import levels, png, tree, write_tree, write_zip

from fer_core.base.atomic import read_json, write_json
from fer_core.base.errors import ManifestError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.manifest import image_id
from fer_core.data.pixels import PixelWriter, append_pixels, damaged_blocks, open_pixels, pixel_file
from fer_core.data.save_version import save_version
from fer_core.data.sources import SourceFiles
from fer_core.data.versions import lock


@pytest.fixture
def two(workspace: Workspace, tmp_path: Path) -> tuple[Dataset, Dataset]:
    """A dataset that also holds the pictures of another one, both with the same paths."""
    first = import_dataset(workspace, write_tree(tmp_path / "a", tree(6)), "first")
    files = {path: png(90 + n) for n, path in enumerate(tree(6))}
    second = import_dataset(workspace, write_zip(tmp_path / "b.zip", files), "second")
    about = read_json(first.folder / "dataset.json")
    about["sources"] = {"second": {"path": str(tmp_path / "b.zip"), "dataset": "second"}}
    write_json(first.folder / "dataset.json", about)
    rows = second.manifest()
    base = append_pixels(pixel_file(first.folder), np.asarray(second.pixels()))
    rows["row"] += base
    rows["source"] = "second"
    rows["image_id"] = [image_id("second", path) for path in rows["path"]]
    save_version(first, pd.concat([first.manifest(), rows]), parent="v1", operation="merge")
    return first, second


def test_a_file_is_read_from_its_own_source(two: tuple[Dataset, Dataset]) -> None:
    first, second = two
    table = first.manifest()
    assert len(table) == 2 * len(second.manifest())
    with first.files() as files:
        for row in table.itertuples():
            data = files.read(row.source, row.path)
            assert first.read_file(row.image_id) == data
            own = second if row.source == "second" else None
            if own is not None:
                assert data == own.read_file(image_id("main", row.path))
            else:
                assert data == (first.source_path / row.path).read_bytes()


def test_other_sizes_follow_a_merge(two: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    first, second = two
    whole = np.concatenate([first.pixels(60)[:6], second.pixels(60)])
    np.testing.assert_array_equal(first.pixels(60), whole)
    (tmp_path / "b.zip").rename(tmp_path / "gone.zip")
    np.testing.assert_array_equal(first.pixels(60), whole)
    with pytest.raises(NotFound, match="second, merged into this dataset"):
        first.pixels(64)


def test_what_a_killed_merge_appended_is_overwritten_in_every_size(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = import_dataset(workspace, write_tree(tmp_path / "a", tree(4)), "first")
    files = {path: png(90 + n) for n, path in enumerate(tree(3))}
    second = import_dataset(workspace, write_zip(tmp_path / "b.zip", files), "second")
    write_json(
        first.folder / "dataset.json",
        {**first.about, "sources": {"second": {"path": str(tmp_path / "b.zip"), "dataset": "second"}}},
    )
    first.pixels(60)
    own, larger = pixel_file(first.folder), pixel_file(first.folder, 60)
    append_pixels(own, np.stack([levels(n, (48, 48)) for n in (7, 8)]))
    with monkeypatch.context() as patch:  # nothing is decoded, and nobody who merges is waited for
        patch.setattr(Dataset, "make_pixels", None)
        assert len(first.pixels(60)) == 4
    append_pixels(larger, np.zeros((2, 60, 60), np.uint8))  # older versions left it black
    rows = second.manifest()
    rows["source"], rows["image_id"] = "second", [image_id("second", path) for path in rows["path"]]
    with lock(first.folder):
        rows["row"] += first.append_pixels(np.asarray(second.pixels()))
        table = pd.concat([first.manifest(), rows])
        merged = save_version(first, table, parent="v1", operation="merge", locked=True)
    assert rows["row"].min() == 4
    for size in (48, 60):
        np.testing.assert_array_equal(first.pixels(size)[4:], second.pixels(size))
    assert damaged_blocks(own) == damaged_blocks(larger) == []
    (first.folder / "versions" / merged.id / "version.json").unlink()
    with lock(first.folder):
        # its pictures are not known to be nobody's
        assert first.append_pixels(np.asarray(second.pixels())) == 7
        shutil.rmtree(first.folder / "versions" / merged.id)  # and may come back from a backup
        assert first.append_pixels(np.asarray(second.pixels())) == 10


def test_appending_shows_in_new_maps_and_leaves_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    parts = [np.random.default_rng(n).integers(0, 256, (n, 5, 4), dtype=np.uint8) for n in (3, 1, 7)]
    with PixelWriter(path, (5, 4)) as writer:
        writer.append(parts[0])
    old = open_pixels(path)
    assert [append_pixels(path, part) for part in parts[1:]] == [3, 4]
    np.testing.assert_array_equal(open_pixels(path), np.concatenate(parts))
    np.testing.assert_array_equal(old, parts[0])
    with pytest.raises(ManifestError, match="do not fit"):
        append_pixels(path, np.zeros((1, 4, 4), np.uint8))
    with path.open("ab") as file:
        file.write(b"what a crash left behind")
    assert append_pixels(path, parts[1]) == 11
    np.testing.assert_array_equal(open_pixels(path), np.concatenate([*parts, parts[1]]))


def test_unknown_sources_are_named(tmp_path: Path) -> None:
    files = SourceFiles({"main": tmp_path})
    with pytest.raises(NotFound, match="no such source"):
        files.read("other", "a.png")
