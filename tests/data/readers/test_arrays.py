"""Arrays of faces: what export writes, what others keep, and what is broken."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fuzz import EXAMPLES, fuzz, mutated, tried

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.images import decode
from fer_core.data.importing.preview import preview_source

CHANCE = np.random.default_rng(5)
GRAY = CHANCE.integers(0, 256, (6, 8, 8), dtype=np.uint8)


def packed(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


WHOLE = packed(
    x_train=GRAY,
    y_train=np.arange(6) % 2,
    x_val=GRAY[:2] // 2,
    y_val=np.array([0, 1]),
    classes=np.array(["happy", "sad"]),
)


def imported(tmp_path: Path, data: bytes) -> Any:
    (tmp_path / "faces.npz").write_bytes(data)
    return import_dataset(Workspace(tmp_path / "home"), tmp_path / "faces.npz", "faces")


def test_pictures_classes_and_splits(tmp_path: Path) -> None:
    table = imported(tmp_path, WHOLE).manifest()
    assert table.groupby(["split", "label"]).size().to_dict() == {
        ("train", "happy"): 3, ("train", "sad"): 3, ("val", "happy"): 1, ("val", "sad"): 1,
    }  # fmt: skip
    assert (table["path"].iloc[0], table["width"].iloc[0]) == ("000000.png", 8)
    found = preview_source(tmp_path / "faces.npz")
    assert (found.kind, found.classes[0].faces.shape) == ("npz", (3, 48, 48))


def test_names_and_colour_and_no_split(tmp_path: Path) -> None:
    colour = CHANCE.integers(0, 256, (3, 9, 7, 3), dtype=np.uint8)
    table = imported(tmp_path, packed(x=colour, y=np.array(["joy", "Anger", "bored"]))).manifest()
    assert table[["split", "label", "mode"]].to_numpy().tolist() == [
        ["unassigned", name, "rgb"] for name in ("happy", "anger", "bored")
    ]
    assert (table["width"].iloc[0], table["height"].iloc[0]) == (7, 9)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x_train": GRAY.astype(np.int32), "y_train": np.zeros(6)}, "must be uint8"),
        ({"x_train": GRAY, "y_train": np.zeros(5)}, "one class for every picture"),
        ({"x_train": GRAY}, "one class for every picture"),
        ({"z": GRAY}, "holds no pictures"),
        ({"x_train": GRAY, "y_train": np.array([{}] * 6)}, "not what its header says"),
        ({"x_train": GRAY[:0], "y_train": np.zeros(0)}, "empty"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        imported(tmp_path, packed(**arrays))
    assert not (tmp_path / "home" / "data").exists() or not list((tmp_path / "home" / "data").iterdir())


@settings(fuzz, max_examples=EXAMPLES // 3)
@given(st.data())
def test_broken_ones(data: st.DataObject) -> None:
    tried("faces.npz", data.draw(mutated((WHOLE,))))


@pytest.mark.parametrize(
    "pictures",
    [GRAY[..., None], GRAY.astype(np.float32), (GRAY / 255).astype(np.float64)[..., None]],
    ids=["one channel", "floats to 255", "floats to 1"],
)
def test_pictures_and_classes_as_networks_take_them(
    workspace: Workspace, tmp_path: Path, pictures: np.ndarray
) -> None:
    hot = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    hot[5] = 0
    (tmp_path / "a.npz").write_bytes(packed(x_train=pictures, y_train=hot, classes=["happy", "sad", "fear"]))
    (tmp_path / "b.npz").write_bytes(
        packed(x_train=GRAY[:5], y_train=[0, 1, 2, 0, 1], classes=["happy", "sad", "fear"])
    )
    made = import_dataset(workspace, tmp_path / "a.npz", "a")
    assert made.head == import_dataset(workspace, tmp_path / "b.npz", "b").head
    assert describe(made)["unlabelled"] == 1


def hdf5(path: Path, **arrays: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
    return path


def test_hdf5_of_the_same_names_is_the_same_set(workspace: Workspace, tmp_path: Path) -> None:
    names = np.array([b"happy", b"sad"])
    hdf5(
        tmp_path / "a.h5",
        x_train=GRAY,
        y_train=np.arange(6) % 2,
        x_val=GRAY[:2] // 2,
        y_val=[0, 1],
        classes=names,
    )
    (tmp_path / "b.npz").write_bytes(WHOLE)
    one, other = (import_dataset(workspace, tmp_path / name, name[0]) for name in ("a.h5", "b.npz"))
    assert one.head == other.head
    assert one.about["source"]["kind"] == "hdf5"
    hdf5(tmp_path / "c.hdf5", **{"train/images": GRAY, "train/labels": ["joy"] * 6})
    assert describe(import_dataset(workspace, tmp_path / "c.hdf5", "c"))["splits"]["train"] == 6
    hdf5(tmp_path / "d.hdf5", Training_pixel=GRAY, Training_label=["joy"] * 6, PublicTest_pixel=GRAY[:1] + 1,
         PublicTest_label=["sad"])  # fmt: skip
    found = describe(import_dataset(workspace, tmp_path / "d.hdf5", "d"))
    assert found["counts"]["train"] == {"happy": 6, "sad": 0}
    assert found["counts"]["val"] == {"happy": 0, "sad": 1}


def test_hdf5_leads_to_no_other_file(tmp_path: Path) -> None:
    hdf5(tmp_path / "other.h5", pictures=GRAY)
    (tmp_path / "raw").write_bytes(GRAY.tobytes())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x_train"] = h5py.ExternalLink(tmp_path / "other.h5", "pictures")
        file.create_dataset("x_val", GRAY.shape, np.uint8, external=[(str(tmp_path / "raw"), 0, GRAY.nbytes)])
        file["y_train"] = file["y_val"] = np.zeros(6)
    with pytest.raises(SourceError, match="holds no pictures"):
        import_dataset(Workspace(tmp_path / "home"), tmp_path / "a.h5", "a")


HDF5 = hdf5(Path(tempfile.mkdtemp()) / "a.h5", x=GRAY, y=["joy"] * 6).read_bytes()


@settings(fuzz, max_examples=EXAMPLES // 4)
@given(st.data())
def test_broken_hdf5_files(data: st.DataObject) -> None:
    tried("faces.h5", data.draw(mutated((HDF5,))))


@pytest.mark.parametrize("packed_up", [False, True])
def test_arrays_beside_each_other(workspace: Workspace, tmp_path: Path, packed_up: bool) -> None:
    source = tmp_path / "set"
    (source / "val").mkdir(parents=True)
    for name, array in {
        "X_train": GRAY, "y_train": np.arange(6) % 2, "classes": np.array(["happy", "sad"]), "extra": GRAY,
        "val/images": GRAY[:2] // 2, "val/labels": np.array(["joy", "Sad"]), "test_images": GRAY,
        "y_odd": np.array([{}]),
    }.items():  # fmt: skip
        np.save(source / f"{name}.npy", array, allow_pickle=True)
    (source / "old.pkl").write_bytes(b"\x80\x04.")
    if packed_up:
        source = Path(shutil.make_archive(str(tmp_path / "set"), "zip", source))
    dataset = import_dataset(workspace, source, "faces")
    found = describe(dataset)
    assert found["counts"]["train"] == {"happy": 3, "sad": 3}
    assert found["counts"]["val"] == {"happy": 1, "sad": 1}
    first = dataset.manifest().set_index("path").loc["X_train.npy/000001.png"]
    assert decode(dataset.read_file(first["image_id"])).pixels.tolist() == GRAY[1].tolist()
    reasons = {p["path"]: p["reason"] for p in found["problems"]}
    assert set(reasons) == {"extra.npy", "test_images.npy", "y_odd.npy", "old.pkl"}
    assert "X_train.npy and y_train.npy" in reasons["test_images.npy"]
    assert "never opened: save its arrays with numpy.savez" in reasons["old.pkl"]
    assert found["unreadable"] == 0
    with pytest.raises(SourceError, match="Import the folder"):
        import_dataset(workspace, tmp_path / "set/X_train.npy", "alone")
