"""Exports of annotation tools: photos with boxes, each written as a miniature with drawn faces, imported by one call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from made_sources import png

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.images import decode

PHOTOS = np.random.default_rng(9).integers(0, 256, (4, 100, 200), dtype=np.uint8)


def write(folder: Path, files: dict[str, bytes | str]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def faces(dataset: Dataset) -> dict[str, tuple[str, str]]:
    table = dataset.manifest()
    return {p: (s, c) for p, s, c in zip(table["path"], table["split"], table["label"], strict=True)}


def coco(names: list[str], boxes: list[tuple[int, int, Sequence[float]]]) -> str:
    return json.dumps(
        {
            "images": [{"id": i, "file_name": name} for i, name in enumerate(names)],
            "categories": [{"id": 1, "name": "happy"}, {"id": 2, "name": "Sad"}],
            "annotations": [
                {"id": n, "image_id": i, "category_id": c, "bbox": box} for n, (i, c, box) in enumerate(boxes)
            ],
        }
    )


def test_coco_as_roboflow_writes_it(workspace: Workspace, tmp_path: Path) -> None:
    boxes: list[tuple[int, int, Sequence[float]]] = [
        (0, 1, [10, 20, 50, 60.4]),
        (0, 2, [100, 0, 40, 40]),
        (1, 2, [5, 5]),
    ]
    source = write(
        tmp_path / "set",
        {
            "train/a.png": png(PHOTOS[0]), "train/b.png": png(PHOTOS[1]), "train/none.png": png(PHOTOS[3]),
            "train/_annotations.coco.json": coco(["a.png", "b.png", "gone.png"], [*boxes, (2, 1, [0, 0, 9, 9])]),
            "valid/a.png": png(PHOTOS[2]), "valid/_annotations.coco.json": coco(["a.png"], [(0, 1, [0, 0, 30, 30])]),
            "README.roboflow.txt": "text",
        },
    )  # fmt: skip
    dataset = import_dataset(workspace, source, "faces")
    found = describe(dataset)
    assert found["understood"]["delivery"] == "COCO JSON"
    assert faces(dataset) == {
        "train/a.png/10,20,60,80.png": ("train", "happy"),
        "train/a.png/100,0,140,40.png": ("train", "sad"),
        "valid/a.png/0,0,30,30.png": ("val", "happy"),
    }
    first = dataset.manifest().set_index("path").loc["train/a.png/10,20,60,80.png", "image_id"]
    np.testing.assert_array_equal(decode(dataset.read_file(str(first))).pixels, PHOTOS[0][20:80, 10:60])
    assert {p["path"]: p["kind"] for p in found["problems"]} == {
        "train/b.png#2": "unreadable", "gone.png": "missing", "train/none.png": "unlabelled",
        "README.roboflow.txt": "other",
    }  # fmt: skip


def test_coco_with_its_lists_in_a_folder_of_their_own(workspace: Workspace, tmp_path: Path) -> None:
    source = write(
        tmp_path / "set",
        {
            "train/a.png": png(PHOTOS[0]), "test/a.png": png(PHOTOS[1]),
            "annotations/instances_train.json": coco(["a.png"], [(0, 1, [0, 0, 30, 30])]),
            "annotations/instances_test.json": coco(["a.png"], [(0, 2, [0, 0, 30, 30])]),
        },
    )  # fmt: skip
    assert faces(import_dataset(workspace, source, "faces")) == {
        "train/a.png/0,0,30,30.png": ("train", "happy"),
        "test/a.png/0,0,30,30.png": ("test", "sad"),
    }


@pytest.mark.parametrize(
    ("photo", "text"), [("{}/images/{}.png", "{}/labels/{}.txt"), ("images/{}/{}.png", "labels/{}/{}.txt")]
)
def test_yolo_of_roboflow_and_of_ultralytics(
    workspace: Workspace, tmp_path: Path, photo: str, text: str
) -> None:
    source = write(
        tmp_path / "set",
        {
            "data.yaml": "train: ../train/images\nnc: 2\nnames: ['Happy', 'sad']\n",
            photo.format("train", "a"): png(PHOTOS[0]), text.format("train", "a"): "0 .175 .5 .25 .6\n1 0.6 0.2 0.2 0.4\n",
            photo.format("val", "a"): png(PHOTOS[1]), text.format("val", "a"): "1 0.5 0.5 0.5 0.5\n0 one\n",
            photo.format("val", "b"): png(PHOTOS[2]), text.format("val", "b"): "",
        },
    )  # fmt: skip
    dataset = import_dataset(workspace, source, "faces")
    found = describe(dataset)
    assert found["understood"]["delivery"] == "YOLO"
    train, val = photo.format("train", "a"), photo.format("val", "a")
    assert faces(dataset) == {
        f"{train}/10,20,60,80.png": ("train", "happy"),
        f"{train}/100,0,140,40.png": ("train", "sad"),
        f"{val}/50,25,150,75.png": ("val", "sad"),
    }
    assert {p["path"]: p["kind"] for p in found["problems"]} == {
        f"{val}#2": "unreadable", photo.format("val", "b"): "unlabelled",
    }  # fmt: skip


@pytest.mark.parametrize("part", ["images", "annotations", "categories"])
def test_json_that_only_looks_like_it_is_told_in_words(
    workspace: Workspace, tmp_path: Path, part: str
) -> None:
    whole = json.loads(coco(["a.png"], [(0, 1, [0, 0, 9, 9])]))
    for n, broken in enumerate(
        ([1, None], [{"id": [], "image_id": {}, "bbox": "1234"}], [{"bbox": [1, 2, 3, None]}])
    ):
        source = write(
            tmp_path / f"{n}", {"a.png": png(PHOTOS[0]), "a.json": json.dumps(whole | {part: broken})}
        )
        with suppress(SourceError):
            assert describe(import_dataset(workspace, source, f"set{n}"))["images"] == 1


def test_label_studio(workspace: Workspace, tmp_path: Path) -> None:
    def rectangle(name: str, **value: float) -> dict[str, object]:
        return {"type": "rectanglelabels", "original_width": 200, "original_height": 100,
                "value": {**value, "rectanglelabels": [name]}}  # fmt: skip

    def task(image: str, *results: object, cancelled: bool = False) -> dict[str, object]:
        first = {"result": [rectangle("fear", x=0, y=0, width=9, height=9)], "was_cancelled": True}
        return {
            "data": {"image": image},
            "annotations": [*([first] if cancelled else []), {"result": results}],
        }

    tasks = [
        task(
            "/data/upload/1/3f2a9c1b-a.png",
            rectangle("Happy", x=5, y=20, width=25, height=60),
            cancelled=True,
        ),
        task("/data/local-files/?d=photos/b%20c.png", {"type": "choices", "value": {"choices": ["sad"]}}),
        task("d.png", rectangle("sad", x=5)),
    ]
    source = write(
        tmp_path / "set",
        {f"photos/{name}.png": png(photo) for name, photo in zip(("a", "b c", "d"), PHOTOS, strict=False)}
        | {"project-1.json": json.dumps(tasks)},
    )
    dataset = import_dataset(workspace, source, "faces")
    found = describe(dataset)
    assert found["understood"]["delivery"] == "Label Studio"
    assert faces(dataset) == {
        "photos/a.png/10,20,60,80.png": ("unassigned", "happy"),
        "photos/b c.png": ("unassigned", "sad"),
    }
    assert {p["path"]: p["kind"] for p in found["problems"]} == {"photos/d.png#1": "unreadable"}


def test_cvat_for_images(workspace: Workspace, tmp_path: Path) -> None:
    xml = """<?xml version="1.0"?><annotations><meta/>
    <image id="0" name="a.png"><box label="Happy" xtl="10.0" ytl="20" xbr="60" ybr="80"/><box label="sad" xtl="1"/></image>
    <image id="1" name="b.png"><tag label="sad"/></image></annotations>"""
    source = write(
        tmp_path / "set",
        {"images/a.png": png(PHOTOS[0]), "images/b.png": png(PHOTOS[1]), "annotations.xml": xml},
    )
    dataset = import_dataset(workspace, source, "faces")
    assert describe(dataset)["understood"]["delivery"] == "CVAT"
    assert faces(dataset) == {
        "images/a.png/10,20,60,80.png": ("unassigned", "happy"),
        "images/b.png": ("unassigned", "sad"),
    }
    assert [p["path"] for p in describe(dataset)["problems"]] == ["images/a.png#2"]
