"""Sets whose folders say all but what belongs together: FERG, SFEW, AFEW, EmoSet, and a folder packed into its own copy."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from deliveries import Write, imported
from PIL import Image

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.splits.stratify import stratify

EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")


def test_ferg_keeps_each_character_together(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    characters = ("aia", "bonnie", "jules", "malcolm", "mery", "ray")
    for name in characters:
        for emotion in EMOTIONS:
            for n in range(2):
                write(f"FERG_DB_256/{name}/{name}_{emotion}/{name}_{emotion}_{n}.png", next(faces))
    write("FERG_DB_256/README.txt", "Facial Expression Research Group")
    dataset = imported(workspace, tmp_path, "FERG")
    found, manifest = describe(dataset), dataset.manifest()
    assert found["classes"] == dict.fromkeys(
        ("happy", "surprise", "neutral", "sad", "anger", "fear", "disgust"), 12
    )
    assert manifest.groupby("subject").size().to_dict() == dict.fromkeys(characters, 14)
    split = stratify(manifest, (60, 20, 20), groups="subject").manifest
    assert (split.groupby("subject")["split"].nunique() == 1).all()


@pytest.mark.parametrize(
    ("delivery", "paths"),
    [
        ("SFEW", ["{split}/{split}_Aligned_Faces/{emotion}/AboutABoy_00013796{clip}_0000000{n}.png"]),
        ("SFEW", ["SFEW_2/{split}/{emotion}/AboutABoy_00013796{clip}_0000000{n}.png"]),
        ("AFEW", ["{split}_AFEW/{emotion}/00004628{clip}/{n:03d}.jpg"]),
    ],
)
def test_frames_of_a_clip_stay_together(
    workspace: Workspace,
    tmp_path: Path,
    write: Write,
    faces: Iterator[bytes],
    delivery: str,
    paths: list[str],
) -> None:
    for number, (split, emotion) in enumerate((s, e) for s in ("Train", "Val") for e in ("Angry", "Happy")):
        for n in range(3):
            write(paths[0].format(split=split, emotion=emotion, clip=number, n=n), next(faces))
    dataset = imported(workspace, tmp_path, delivery)
    assert describe(dataset)["counts"]["val"] == {"happy": 3, "anger": 3}
    subjects = dataset.manifest().groupby("subject")
    assert subjects.size().tolist() == [3, 3, 3, 3]
    assert (subjects["label"].nunique() == 1).all()


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_in_its_own_copy_is_read_once(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes], packed: bool
) -> None:
    for split, n in (("train", 4), ("validation", 2)):
        for i in range(n):
            for emotion in ("angry", "happy"):
                picture = next(faces)
                write(f"images/{split}/{emotion}/{i}.jpg", picture)
                write(f"images/images/{split}/{emotion}/{i}.jpg", picture)
    source = tmp_path / "set"
    if packed:
        source = Path(shutil.make_archive(str(tmp_path / "archive"), "zip", source))
    found = describe(import_dataset(workspace, source, "faces"))
    assert (found["images"], found["splits"]) == (12, {"train": 8, "val": 4, "test": 0})
    assert found["understood"]["notes"] == ["the same 12 files once more, left out: images/images/"]


def test_folders_of_one_name_with_other_files_are_no_copy(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    for i in range(4):
        write(f"images/train/happy/{i}.jpg", next(faces))
        write(f"images/images/train/sad/{i}.jpg", next(faces))
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert (found["images"], found["classes"]) == (8, {"happy": 4, "sad": 4})


MIKELS = ("amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness")


def test_emoset(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    lists: dict[str, list[list[str]]] = {"train": [], "val": [], "test": []}
    for name in MIKELS:
        for n, split in enumerate(("train", "train", "val", "test")):
            stem = f"{name}/{name}_{n:05d}"
            write(f"EmoSet/image/{stem}.jpg", next(faces))
            write(f"EmoSet/annotation/{stem}.json", json.dumps({"emotion": name}))
            lists[split].append([name, f"image/{stem}.jpg", f"annotation/{stem}.json"])
    write("EmoSet/info.json", "{}")
    lists["val"].append(["awe", "image/awe/awe_00099.jpg", "annotation/awe/awe_00099.json"])
    for split, rows in lists.items():
        write(f"EmoSet/{split}.json", json.dumps(rows))
    found = describe(imported(workspace, tmp_path, "EmoSet"))
    assert found["splits"] == {"train": 16, "val": 8, "test": 8}
    assert found["classes"] == {
        name.replace("sadness", "sad"): 4
        for name in (*("sadness", "anger", "fear", "disgust"), *sorted(MIKELS[:4]))
    }
    assert found["unknown_classes"] == []
    assert {p["path"]: p["kind"] for p in found["problems"]} == {
        "image/awe/awe_00099.jpg": "missing", "EmoSet/info.json": "other",
    }  # fmt: skip


def test_pictures_of_one_size_are_no_copies(workspace: Workspace, tmp_path: Path, write: Write) -> None:
    random = np.random.default_rng(8)
    for folder in ("test", "test/test"):
        for label in ("happy", "sad"):
            picture = io.BytesIO()
            pixels = random.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(pixels).save(picture, "BMP")  # of one length whatever it shows
            write(f"{folder}/{label}/1.bmp", picture.getvalue())
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert (found["images"], found["classes"]) == (4, {"happy": 2, "sad": 2})


def test_eight_classes_in_folders_are_no_strangers(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    for name in MIKELS:
        write(f"emotion/train/{name}/1.jpg", next(faces))
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert (len(found["classes"]), found["unknown_classes"]) == (8, [])
