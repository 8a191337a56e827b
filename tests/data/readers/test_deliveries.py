"""Public sets as they are delivered: a miniature of each with drawn pictures, imported by one call."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from deliveries import Write, imported
from made_sources import png

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.exporting.export import export_version
from fer_core.data.importing.options import Options
from fer_core.data.importing.preview import preview_source
from fer_core.data.readers.deliveries import DELIVERIES
from fer_core.explore.facts import ImageFacts
from fer_core.explore.filter import Selection

GUIDE = Path(__file__).parents[3] / "docs" / "guide-data.md"
SEVEN = ("surprise", "fear", "disgust", "happy", "sad", "anger", "neutral")


def test_rafdb_official(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    lines = []
    for i in range(1, 8):
        for split in ("train", "test"):
            write(f"basic/Image/aligned/{split}_{i:05d}_aligned.jpg", next(faces))
            write(f"basic/Image/original/{split}_{i:05d}.jpg", next(faces))
            lines.append(f"{split}_{i:05d}.jpg {i}\n")
    write("basic/EmoLabel/list_patition_label.txt", "".join(lines))
    found = describe(imported(workspace, tmp_path, "RAF-DB"))
    assert found["classes"] == dict.fromkeys(
        ("happy", "surprise", "neutral", "sad", "anger", "fear", "disgust"), 2
    )
    assert (found["splits"], found["problems"]) == ({"train": 7, "val": 0, "test": 7}, [])
    assert found["skipped"] == {"photos whose aligned face is there": 14}


def test_rafdb_of_kaggle(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    for i in range(1, 8):
        write(f"DATASET/train/{i}/train_{i:05d}_aligned.jpg", next(faces))
    write(
        "train_labels.csv", "image,label\n" + "".join(f"train_{i:05d}_aligned.jpg,{i}\n" for i in range(1, 8))
    )
    manifest = imported(workspace, tmp_path, "RAF-DB").manifest()
    assert {p.split("/")[2]: label for p, label in zip(manifest["path"], manifest["label"], strict=True)} == {
        str(i): name for i, name in enumerate(SEVEN, 1)
    }


def array(value: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(value))
    return buffer.getvalue()


def test_affectnet(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    for n, code in enumerate(("1", "7", "10", "0")):
        part = "val_set" if n == 3 else "train_set"
        write(f"{part}/images/{n}.jpg", next(faces))
        for kind, value in (
            ("exp", code),
            ("val", "0.5" if n < 2 else "-2"),
            ("aro", "-0.25"),
            ("lnd", [0.0] * 136),
        ):
            write(f"{part}/annotations/{n}_{kind}.npy", array(value))
    dataset = imported(workspace, tmp_path, "AffectNet")
    found, manifest = describe(dataset), dataset.manifest()
    assert found["classes"] == {"happy": 1, "neutral": 1, "contempt": 1}
    assert (found["splits"], found["images"], found["unlabelled"]) == (
        {"train": 3, "val": 1, "test": 0},
        3,
        1,
    )
    assert (found["unreadable"], found["skipped"]) == (0, {})
    assert manifest.sort_values("path")["valence"].tolist()[:2] == [0.5, 0.5]
    assert manifest.sort_values("path")["valence"].isna().tolist() == [False, False, True, True]
    export_version(dataset, dataset.version(), tmp_path / "out", "csv")
    again = import_dataset(
        workspace,
        tmp_path / "out" / "images",
        "again",
        options=Options(labels=str(tmp_path / "out/labels.csv")),
    )
    assert sorted(again.manifest()["valence"].dropna()) == [0.5, 0.5]
    facts = ImageFacts(dataset, dataset.head)
    assert np.nansum(facts.measure("valence")) == 1.0
    assert (facts.measure("arousal")[facts.readable] == -0.25).all()
    assert len(Selection(ranges={"valence": (0.4, 1.0)}).positions(facts)) == 2


def test_affectnet_with_lists(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    head = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"
    rows = []
    for n, code in enumerate((1, 2, 8, 0, 3)):
        write(f"Manually_Annotated_Images/10{n % 2}/{n}.jpg", next(faces))
        rows.append(f"10{n % 2}/{n}.jpg,5,5,80,80,{';'.join(['1.5'] * 68)},{code},0.1,-0.1\n")
    write("training.csv", head + "".join(rows[:3]))
    write("validation.csv", "".join(rows[3:]))  # the second one has no header
    found = describe(imported(workspace, tmp_path, "AffectNet with its lists"))
    assert found["counts"]["train"] == {"happy": 1, "surprise": 0, "neutral": 0, "sad": 1}
    assert found["counts"]["val"] == {"happy": 0, "surprise": 1, "neutral": 1, "sad": 0}
    assert found["problems"] == [
        {"path": "Manually_Annotated_Images/100/2.jpg", "reason": "8 none", "kind": "no emotion"}
    ]


def ckplus(write: Write, faces: Iterator[bytes]) -> None:
    for person in ("S005", "S010"):
        for frame in range(1, 7):
            write(f"cohn-kanade-images/{person}/001/{person}_001_{frame:08d}.png", next(faces))
    write("Emotion/S005/001/S005_001_00000006_emotion.txt", "   7.0000000e+00\n")


def test_ckplus(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    ckplus(write, faces)
    dataset = imported(workspace, tmp_path, "CK+")
    found = describe(dataset)
    assert found["classes"] == {"surprise": 3, "neutral": 1}
    assert (found["unlabelled"], found["unreadable"]) == (6, 0)
    assert found["skipped"] == {"frames between neutral and peak": 2}
    assert set(dataset.manifest()["subject"]) == {"S005"}


def test_ckplus_frames_by_choice(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    ckplus(write, faces)
    dataset = imported(workspace, tmp_path, "CK+", choices={"apex": "1", "neutral": "no"})
    assert describe(dataset)["classes"] == {"surprise": 1}
    with pytest.raises(SourceError, match="no such choice"):
        import_dataset(workspace, tmp_path / "set", "b", options=Options(choices={"frames": "1"}))


def test_ck48(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    for name in ("anger", "contempt"):
        for person in (10, 11):
            write(f"CK+48/{name}/S{person:03d}_004_00000017.png", next(faces))
    manifest = imported(workspace, tmp_path, "CK+48").manifest()
    assert set(manifest["label"]) == {"anger", "contempt"}
    assert set(manifest["subject"]) == {"S010", "S011"}


def test_kdef(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    for person in ("AF01", "BF01", "AM02"):
        for code in ("AF", "AN", "NE"):
            for angle in ("S", "FL"):
                write(f"KDEF/{person}/{person}{code}{angle}.JPG", next(faces))
    manifest = imported(workspace, tmp_path, "KDEF", choices={"angle": "S"}).manifest()
    assert manifest.groupby("label").size().to_dict() == {"fear": 3, "anger": 3, "neutral": 3}
    assert set(manifest["subject"]) == {"F01", "M02"}
    assert all(path.endswith("S.JPG") for path in manifest["path"])


def test_jaffe(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    for person in ("KA", "YM"):
        for code in ("AN1.39", "FE2.45", "SU3.7"):
            write(f"jaffe/{person}.{code}.tiff", next(faces))
    manifest = imported(workspace, tmp_path, "JAFFE").manifest()
    assert set(zip(manifest["subject"], manifest["label"], strict=True)) == {
        (person, label) for person in ("KA", "YM") for label in ("anger", "fear", "surprise")
    }


def test_expw_cuts_faces_out(workspace: Workspace, tmp_path: Path, write: Write) -> None:
    picture = np.full((60, 100), 10, np.uint8)
    picture[5:45, 50:90] = 200
    write("image/two.jpg", png(picture))
    write(
        "label/label.lst", "two.jpg 0 5 50 90 45 60.5 3\ntwo.jpg 1 0 0 40 40 12 6\ngone.jpg 0 1 1 9 9 50 2\n"
    )
    dataset = imported(workspace, tmp_path, "ExpW")
    manifest = dataset.manifest().set_index("label")
    assert (manifest["width"].to_dict(), manifest["height"].to_dict()) == ({"happy": 40, "neutral": 40},) * 2
    faces = dataset.pixels()
    assert (faces[manifest.loc["happy", "row"]] == 200).all()
    assert (faces[manifest.loc["neutral", "row"]] == 10).all()
    sure = import_dataset(workspace, tmp_path / "set", "sure", options=Options(choices={"confidence": "30"}))
    assert describe(sure)["classes"] == {"happy": 1}


def test_ferplus(workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    votes = ("4,0,0,1,3,2,0,0,0,0", "0,9,1,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10")
    for part in ("Train", "Valid"):
        for n in range(3):
            write(f"data/FER2013{part}/fer000000{n}.png", next(faces))
        rows = (f'fer000000{n}.png,"(0, 0, 48, 48)",{own}\n' for n, own in enumerate(votes))
        write(f"data/FER2013{part}/label.csv", "".join(rows))
    dataset = imported(workspace, tmp_path, "FER+")
    found = describe(dataset)
    assert found["counts"] == {
        "train": {"happy": 1, "neutral": 1}, "val": {"happy": 1, "neutral": 1}, "test": {"happy": 0, "neutral": 0},
    }  # fmt: skip
    assert found["skipped"] == {"NF": 2}
    assert found["votes"]
    assert found["votes"]["images"] == 4


def test_the_zip_of_the_competition_holds_every_face_once(workspace: Workspace, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    pixels = [" ".join(map(str, random.integers(0, 256, 2304))) for _ in range(3)]
    usage = ("Training", "PublicTest", "PrivateTest")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("fer2013/README"), io.BytesIO())
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        rows = (f"{i},{u},{p}\n" for i, (u, p) in enumerate(zip(usage, pixels, strict=True)))
        archive.writestr("icml_face_data.csv", "emotion, Usage, pixels\n" + "".join(rows))
        archive.writestr("train.csv", f'emotion,pixels\n0,"{pixels[0]}"\n')
        archive.writestr("test.csv", "pixels\n" + "".join(f'"{p}"\n' for p in pixels[1:]))
        archive.writestr("fer2013.tar.gz", packed.getvalue())
    found = describe(import_dataset(workspace, tmp_path / "c.zip", "faces"))
    assert (found["images"], found["splits"]) == (3, {"train": 1, "val": 1, "test": 1})
    assert "train.csv" in found["understood"]["notes"][0]


def test_a_layout_can_be_declined_and_asked_for(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    for person in ("AF01", "AM02"):
        write(f"KDEF/{person}/{person}ANS.JPG", next(faces))
    with pytest.raises(SourceError, match=r"people.*AF01") as caught:
        import_dataset(workspace, tmp_path / "set", "a", options=Options(delivery="none"))
    assert "--accept-classes" in str(caught.value)
    accepted = Options(delivery="none", accept_classes=True)
    assert describe(import_dataset(workspace, tmp_path / "set", "b", options=accepted))["classes"] == {
        "AF01": 1,
        "AM02": 1,
    }
    with pytest.raises(SourceError, match="not laid out"):
        import_dataset(workspace, tmp_path / "set", "c", options=Options(delivery="jaffe"))
    seen = preview_source(tmp_path / "set")
    assert (seen.understood.delivery, [c.proposed for c in seen.classes]) == ("KDEF", ["anger"])


def test_the_guide_has_every_delivery_with_its_command() -> None:
    rows = [line.split("|") for line in GUIDE.read_text().splitlines() if line.startswith("| ")]
    commands = {row[2].strip(): row[-2].strip() for row in rows if len(row) == 6}
    for delivery in DELIVERIES:
        assert delivery.source
        assert commands[f"`{delivery.key}`"].startswith("`fer import ")
        for choice in delivery.choices:
            assert f"--choose {choice}=" in commands[f"`{delivery.key}`"]
