"""Pictures in one memory-mapped array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_pictures import encoded, levels, png, write_tree

from fer_core.base.errors import FerError, ManifestError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.images import decode, resize, to_gray
from fer_core.data.pixels import PixelWriter, open_pixels, pixel_file
from fer_core.data.save_version import save_version

COLOR = np.stack([levels(n, (60, 70)) for n in range(3)], axis=2)


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    files = {
        "train/happy/1.png": png(1, (60, 60)),
        "train/happy/2.png": b"broken",
        "val/sad/3.png": encoded(COLOR),
        "val/sad/4.png": png(4),
    }
    return import_dataset(workspace, write_tree(tmp_path / "s", files), "faces")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.integers(0, 40), max_size=12))
def test_what_is_appended_is_what_is_read(tmp_path: Path, counts: list[int]) -> None:
    parts = [
        np.random.default_rng(n).integers(0, 256, (count, 5, 4), dtype=np.uint8)
        for n, count in enumerate(counts)
    ]
    with PixelWriter(tmp_path / "p.npy", (5, 4)) as writer:
        firsts = [writer.append(part) for part in parts]
    assert firsts == [sum(counts[:n]) for n in range(len(counts))]
    expected = np.concatenate([np.empty((0, 5, 4), np.uint8), *parts])
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), expected)
    if len(expected):
        np.testing.assert_array_equal(open_pixels(tmp_path / "p.npy"), expected)


def test_pictures_are_mapped_and_read_only(dataset: Dataset) -> None:
    pixels = dataset.pixels()
    assert isinstance(pixels, np.memmap)
    assert (pixels.shape, pixels.dtype) == ((3, 48, 48), np.uint8)
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0


@pytest.mark.parametrize(("size", "mode"), [(96, "gray"), (48, "rgb"), (32, "rgb")])
def test_another_size_or_color_is_made_at_first_use(dataset: Dataset, size: int, mode: str) -> None:
    pixels = dataset.pixels(size, mode)  # type: ignore[arg-type]
    table = dataset.manifest()
    for row, path in zip(table["row"], table["path"], strict=True):
        if row < 0:
            continue
        picture = decode((dataset.source_path / path).read_bytes()).pixels
        expected = (
            resize(to_gray(picture), size) if mode == "gray" or picture.ndim == 2 else resize(picture, size)
        )
        np.testing.assert_array_equal(
            pixels[row] if mode == "gray" or picture.ndim == 3 else pixels[row][..., 1], expected
        )
    (dataset.source_path / "train").rename(dataset.source_path.parent / "gone")
    np.testing.assert_array_equal(dataset.pixels(size, mode), pixels)  # type: ignore[arg-type]


def test_a_version_without_some_images_does_not_move_rows(dataset: Dataset) -> None:
    save_version(dataset, dataset.manifest()[2:], parent="v1", operation="review")
    assert dataset.pixels(96).shape == (3, 96, 96)


def test_pixels_that_cannot_be_made_leave_nothing(dataset: Dataset) -> None:
    (dataset.source_path / "val/sad/3.png").write_bytes(b"changed")
    with pytest.raises(FerError):
        dataset.pixels(96)
    assert {path.name for path in (dataset.folder / "pixels").iterdir()} == {
        "48x48-gray.npy",
        "48x48-gray.sums.json",
    }


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY broken", "floats"])
def test_a_damaged_file_is_said_so(dataset: Dataset, content: bytes | str) -> None:
    path = pixel_file(dataset.folder)
    if isinstance(content, str):
        np.save(path, np.zeros((3, 48, 48), np.float32))
    else:
        path.write_bytes(content)
    with pytest.raises(ManifestError):
        dataset.pixels()
