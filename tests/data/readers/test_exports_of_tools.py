"""Whole exports of Roboflow and Hugging Face as people unpack them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deliveries import Write

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset

PARTS = (("train", 4), ("valid", 2), ("test", 2))


def test_roboflow_multi_hot(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    for split, n in PARTS:
        rows = ["filename, angry, happy, neutral"]
        for i in range(n):
            write(f"{split}/{i}_png.rf.0a1b2c.jpg", next(faces))
            rows.append(f"{i}_png.rf.0a1b2c.jpg, {int(i % 2 == 0)}, {int(i % 2 == 1)}, 0")
        rows[1] = rows[1].replace(", 0, 0", ", 1, 0") if split == "valid" else rows[1]
        write(f"{split}/_classes.csv", "\n".join(rows) + "\n")
    write("README.roboflow.txt", "faces - v1\n")
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert found["counts"] == {
        "train": {"happy": 2, "anger": 2}, "val": {"happy": 1, "anger": 0}, "test": {"happy": 1, "anger": 1},
    }  # fmt: skip
    assert {p["path"]: p["kind"] for p in found["problems"]} == {
        "valid/0_png.rf.0a1b2c.jpg": "unlabelled",  # it has two classes
        "README.roboflow.txt": "other",
    }


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_imagefolder_of_hugging_face(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes], ending: str
) -> None:
    for split, n in PARTS:
        rows = []
        for i in range(n):
            write(f"{split}/{i:04d}.png", next(faces))  # the same names in every split
            rows.append({"file_name": f"{i:04d}.png", "label": ("sad", "happy")[(i + len(split)) % 2]})
        lines = (
            map(json.dumps, rows)
            if ending == "jsonl"
            else ["file_name,label", *(",".join(r.values()) for r in rows)]
        )
        write(f"{split}/metadata.{ending}", "\n".join(lines) + "\n")
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert found["splits"] == {"train": 4, "val": 2, "test": 2}
    assert found["counts"]["val"] == {"happy": 1, "sad": 1}
    assert (found["problems"], len(found["understood"]["lists"])) == ([], 3)


def test_a_list_of_pictures_in_a_row_is_refused_by_its_column(
    workspace: Workspace, tmp_path: Path, faces: Iterator[bytes]
) -> None:
    rows = [[{"bytes": next(faces), "path": "a.png"}, {"bytes": next(faces), "path": "b.png"}]]
    pq.write_table(pa.table({"frames": rows, "label": [1]}), tmp_path / "a.parquet")
    with pytest.raises(
        SourceError, match=r"The column frames .* holds a list of pictures in each row"
    ) as caught:
        import_dataset(workspace, tmp_path / "a.parquet", "faces")
    assert "list<" in str(caught.value)
