"""Arrays of faces: what export writes, what others keep, and what is broken."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fuzz import fuzz, mutated, tried

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
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


@settings(fuzz, max_examples=150)
@given(st.data())
def test_150_broken_ones(data: st.DataObject) -> None:
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
