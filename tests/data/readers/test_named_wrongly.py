"""Tables of pixels whose names do not say so, and files that are called what they are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from made_sources import fer_csv, png, write_parquet

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset


@pytest.mark.parametrize("name", ["fer2013", "fer2013.txt", "fer2013.data"])
def test_a_table_of_pixels_of_any_name(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, name: str
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(fer_csv(pixels))
    (tmp_path / "set/README").write_text("The pixels, row by row.\n" * 20)
    alone = import_dataset(workspace, tmp_path / "set" / name, "alone")
    assert (alone.pixels() == pixels).all()
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set")
    for number, source in enumerate((tmp_path / "set", Path(packed))):
        dataset = import_dataset(workspace, source, f"in-{number}")
        assert (dataset.pixels() == pixels).all()
        assert describe(dataset)["splits"] == {"train": 9, "val": 3, "test": 0}
        assert len(dataset.pixels(32)) == len(pixels)  # its rows are found again without a listing


def named(tmp_path: Path, name: str, pixels: np.ndarray) -> Path:
    """A file of that name that holds what the name's first part says."""
    kind = name.partition(".")[0]
    path = tmp_path / name
    if kind == "parquet":
        write_parquet(path, pixels, None)
    elif kind == "npz":
        np.savez(tmp_path / "npz.npz", x_train=pixels)
        (tmp_path / "npz.npz").rename(path)
    else:
        path.write_bytes(
            {
                "list": b"image,emotion\n1.png,happy\n",
                "picture": png(pixels[0]),
                "pickle": b"\x80\x04\x95" + bytes(20),
                "pixels": fer_csv(pixels),
                "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(20),
            }[kind]
        )
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list", "a list of labels goes with its pictures"), ("list.zip", "a list of labels goes with its pictures"),
        ("list.csv", "--labels list.csv"), ("parquet.csv", "It holds Parquet: end its name in .parquet"),
        ("parquet", "It holds Parquet"), ("npz.csv", "It holds a zip"), ("picture", "It is one picture"),
        ("pickle.dat", "pickle, which can run code"), ("hdf5.csv", "end its name in .h5"),
        ("pixels.zip", "a column pixels"), ("pixels.npz", "not an .npz file"),
    ],
)  # fmt: skip
def test_a_file_called_what_it_is_not(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, name: str, words: str
) -> None:
    with pytest.raises(SourceError) as caught:
        import_dataset(workspace, named(tmp_path, name, pixels), "faces")
    assert words in str(caught.value)
    assert "folder" not in str(caught.value) or "labels" in words or "picture" in words
