"""Archives inside a source that holds no pictures itself, and shards of WebDataset, which are such archives."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from deliveries import Write, imported
from made_sources import zipped

from fer_core.base.errors import UnsafeArchive
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.exporting.export import export_version
from fer_core.data.readers import nested, open_reader
from fer_core.data.readers.archive import ArchiveReader, Limits


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


@pytest.mark.parametrize("outer", ["folder", "zip", "tar"])
def test_archives_that_are_splits_are_opened(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes], outer: str
) -> None:
    split = {
        name: {f"{c}/{n}.png": next(faces) for c in ("angry", "happy") for n in range(2)} for name in "ab"
    }
    files = {
        "train.zip": zipped(split["a"]),
        "deep/test.tar.gz": tarred(split["b"], "w:gz"),
        "README.txt": b"Faces",
    }
    source = tmp_path / "set"
    if outer == "folder":
        for name, data in files.items():
            write(name, data)
    else:
        source = tmp_path / f"set.{outer}"
        source.write_bytes((zipped if outer == "zip" else tarred)(files))
    dataset = import_dataset(workspace, source, "faces")
    found = describe(dataset)
    assert found["splits"] == {"train": 4, "val": 0, "test": 4}
    assert found["classes"] == {"happy": 4, "anger": 4}
    assert [note for note in found["understood"]["notes"] if "opened" in note] == [
        "archives inside it were opened: deep/test.tar.gz, train.zip"
        if outer == "folder"
        else "archives inside it were opened: train.zip, deep/test.tar.gz"
    ]
    row = dataset.manifest().query("path == 'train.zip/happy/1.png'")
    assert dataset.read_file(row["image_id"].iloc[0]) == split["a"]["happy/1.png"]
    assert export_version(dataset, dataset.version(), tmp_path / "out")["missing"] == []


def test_archives_named_by_class_in_an_archive_in_an_archive(
    workspace: Workspace, tmp_path: Path, faces: Iterator[bytes]
) -> None:
    classes = {f"{name}.zip": zipped({f"{n}.png": next(faces) for n in range(2)}) for name in ("sad", "fear")}
    (tmp_path / "set.zip").write_bytes(zipped({"faces/val.tar": tarred(classes)}))
    found = describe(import_dataset(workspace, tmp_path / "set.zip", "faces"))
    assert found["counts"]["val"] == {"sad": 2, "fear": 2}


def test_a_list_beside_the_archive_of_its_pictures(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    write("images.zip", zipped({f"{n}.png": next(faces) for n in range(4)}))
    write("labels.csv", "file,emotion\n" + "".join(f"{n}.png,{('sad', 'happy')[n % 2]}\n" for n in range(4)))
    assert describe(import_dataset(workspace, tmp_path / "set", "faces"))["classes"] == {"happy": 2, "sad": 2}


def test_an_archive_beside_pictures_stays_closed_and_is_named(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    files = {f"happy/{n}.png": next(faces) for n in range(3)}
    for name, data in files.items():
        write(name, data)
    write("all.zip", zipped(files))
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert found["images"] == 3
    assert found["problems"] == [
        {
            "path": "all.zip",
            "reason": "An archive beside pictures: import it by itself, or unpack it",
            "kind": "other",
        }
    ]


def test_a_damaged_archive_inside_is_told_and_the_others_are_read(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    write("train.zip", zipped({"happy/1.png": next(faces)}))
    write("test.zip", b"PK\x03\x04 and then nothing")
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert found["images"] == 1
    assert [(p["path"], "damaged" in p["reason"]) for p in found["problems"]] == [("test.zip", True)]


def test_the_limits_hold_for_all_archives_together(
    workspace: Workspace, tmp_path: Path, faces: Iterator[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = {f"{name}.zip": zipped({f"happy/{n}.png": next(faces) for n in range(4)}) for name in "abc"}
    (tmp_path / "set.zip").write_bytes(zipped(inner))
    whole = nested.NestedContainer(ArchiveReader(tmp_path / "set.zip", limits=Limits(files=15)))
    assert len(whole.files()) == 12
    whole.close()
    few = nested.NestedContainer(ArchiveReader(tmp_path / "set.zip", limits=Limits(files=14)))
    with pytest.raises(UnsafeArchive, match="more than 14 files"):
        few.files()
    few.close()
    monkeypatch.setattr(nested, "MOST", 2)
    with pytest.raises(UnsafeArchive, match="more than 2 archives"):
        import_dataset(workspace, tmp_path / "set.zip", "faces")


def test_deeper_than_the_limit_stays_closed(
    workspace: Workspace, tmp_path: Path, faces: Iterator[bytes]
) -> None:
    packed = zipped({"happy/1.png": next(faces)})
    for level in range(nested.DEPTH + 1):
        packed = zipped({f"{level}.zip": packed})
    (tmp_path / "set.zip").write_bytes(packed)
    with pytest.raises(Exception, match=r"0\.zip: An archive beside pictures"):
        import_dataset(workspace, tmp_path / "set.zip", "faces")


@pytest.mark.parametrize("beside", ["cls", "json"])
def test_shards_of_webdataset(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes], beside: str
) -> None:
    number = 0
    for shard in ("train-000000", "train-000001", "val-000000"):
        files: dict[str, bytes] = {}
        for label in (3, 4, 6):
            number += 1
            said = str(label) if beside == "cls" else json.dumps({"label": label, "id": number})
            files |= {f"{number:06d}.jpg": next(faces), f"{number:06d}.{beside}": said.encode()}
        write(f"{shard}.tar", tarred(files))
    dataset = imported(workspace, tmp_path, "WebDataset", numbering="fer2013")
    found = describe(dataset)
    assert found["splits"] == {"train": 6, "val": 3, "test": 0}
    assert found["classes"] == {"happy": 3, "neutral": 3, "sad": 3}
    assert found["problems"] == []
    alone = import_dataset(workspace, tmp_path / "set/train-000001.tar", "one")
    assert describe(alone)["classes"] == {"3": 1, "4": 1, "6": 1}


@pytest.mark.parametrize("folder", ["", "{label}/"])
def test_notes_beside_pictures_are_no_webdataset(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes], folder: str
) -> None:
    for number, label in enumerate(("happy", "sad", "anger", "fear")):
        where = folder.format(label=label) + ("" if folder else "subject.") + str(number)
        write(f"{where}.png", next(faces))
        write(f"{where}.json", json.dumps({"target": number}))
    if folder:
        found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
        assert found["classes"] == {"happy": 1, "sad": 1, "anger": 1, "fear": 1}
    else:  # one sample for WebDataset, with four classes
        entries = open_reader(tmp_path / "set").entries()
        assert {e.label for e in entries} == {None}


def test_a_sample_of_webdataset_may_have_no_class(
    workspace: Workspace, tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    said = ("", "sad", None, "happy")
    files = {f"{n}.png": next(faces) for n in range(4)}
    files |= {f"{n}.json": json.dumps({"label": label}).encode() for n, label in enumerate(said)}
    write("train-0.tar", tarred(files))
    found = describe(imported(workspace, tmp_path, "WebDataset"))
    assert found["classes"] == {"happy": 1, "sad": 1}
    assert [p["kind"] for p in found["problems"]] == ["unlabelled", "unlabelled"]
