"""Several lists in one source, folders where they are silent, classes that are no emotion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_sources import png

from fer_core.base.emotions import canonical_split
from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.exporting.export import export_version
from fer_core.data.importing.import_report import import_report, left_out_lines
from fer_core.data.importing.options import Options
from fer_core.data.importing.preview import preview_source
from fer_core.data.importing.unknown_classes import likely_emotion
from fer_core.data.readers.text_table import parse
from fer_core.data.records import DatasetNumbers

RANDOM = np.random.default_rng(3)


def put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(png(RANDOM.integers(0, 256, (48, 48), dtype=np.uint8)))
    return root


def found(workspace: Workspace, source: Path, **options: object) -> DatasetNumbers:
    return describe(import_dataset(workspace, source, "faces", options=Options(**options)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "word", ["train_set", "FER2013Train", "trainset", "train_images", "fer_train", "Train (1)", "TRAIN-DATA"]
)
def test_a_split_word_with_anything_around_it(workspace: Workspace, tmp_path: Path, word: str) -> None:
    put(tmp_path / "s", f"{word}/happy/1.png", "my_val/happy/2.png")
    assert found(workspace, tmp_path / "s")["splits"] == {"train": 1, "val": 1, "test": 0}


@pytest.mark.parametrize(
    "word", ["contest", "interval", "latest", "retrained", "train_val", "test_happy", "valence"]
)
def test_words_that_are_no_split(word: str) -> None:
    assert canonical_split(word) is None


def test_each_list_speaks_of_its_own_folder(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", "train/1.png", "train/2.png", "test/1.png")
    (source / "train/metadata.csv").write_text("file_name,label\n1.png,happy\n2.png,sad\n")
    (source / "test/metadata.jsonl").write_text('{"file_name": "1.png", "label": "fear"}\n')
    got = found(workspace, source)
    assert got["counts"]["train"] == {"happy": 1, "sad": 1, "fear": 0}
    assert got["counts"]["test"] == {"happy": 0, "sad": 0, "fear": 1}
    assert got["understood"]["lists"] == {"test/metadata.jsonl": 1, "train/metadata.csv": 2}


def test_a_list_names_the_split_of_its_images(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", *(f"images/{i}.png" for i in range(4)))
    (source / "train_labels.csv").write_text("file,label\n0.png,happy\n1.png,sad\n2.png,sad\n")
    (source / "val_labels.csv").write_text("file,label\n3.png,happy\n")
    assert found(workspace, source)["splits"] == {"train": 3, "val": 1, "test": 0}


def test_folders_speak_where_the_list_is_silent(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", "train/happy/1.png", "train/sad/2.png", "train/new/3.png", "train/new/4.png")
    (source / "list.csv").write_text("file,label\n3.png,fear\n")
    got = found(workspace, source)
    assert got["classes"] == {"happy": 1, "sad": 1, "fear": 1}
    assert (got["unlabelled"], got["unreadable"], got["splits"]["train"]) == (1, 0, 3)
    assert [(p["path"], p["kind"]) for p in got["problems"]] == [("train/new/4.png", "unlabelled")]
    assert any(line.startswith("unlabelled: 1 ") for line in import_report(got))


def test_texts_and_rows_without_a_file_are_not_unreadable(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", "a/1.png", "a/2.png")
    (source / "README.txt").write_text("Faces of 2026")
    (source / "a/photo.HEIC").write_bytes(b"text")
    (source / "list.csv").write_text("file,label\na/1.png,fear\na/2.png,fear\na/3.png,fear\n")
    got = found(workspace, source)
    assert {p["path"]: p["kind"] for p in got["problems"]} == {
        "README.txt": "other", "a/photo.HEIC": "unreadable", "a/3.png": "missing",
    }  # fmt: skip
    assert got["unreadable"] == 1
    assert [line.partition(" (")[0] for line in left_out_lines(got["problems"])] == [
        "unreadable: 1 file that cannot be read",
        "not there: 1 name in a list without a file",
        "other files: 1 file of another kind than pictures",
    ]


def test_many_lists_are_given_or_none_is_used(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", "a/1.png", "a/2.png", "b/1.png")
    (source / "list.csv").write_text("file,label\na/1.png,fear\na/2.png,fear\nb/1.png,fear\n")
    for name, rows in (("one.txt", "a/1.png happy\na/2.png sad\n"), ("two.csv", "b\\1.png,neutral\n" * 2)):
        (tmp_path / name).write_text(rows)
    labels = (str(tmp_path / "one.txt"), str(tmp_path / "two.csv"))
    assert found(workspace, source, labels=labels)["classes"] == {"happy": 1, "neutral": 1, "sad": 1}
    plain = describe(import_dataset(workspace, source, "plain", options=Options(lists=False)))
    assert plain["classes"] == {"a": 2, "b": 1}
    with pytest.raises(SourceError, match="at once"):
        Options(labels=labels, lists=False)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ("file,label\n1.png,\u9ad8\u5174\n".encode("gb18030"), [["1.png", "\u9ad8\u5174"]]),
        ("\ufefffile;label\r\n1.png;sad\r\n".encode("utf-16-le"), [["1.png", "sad"]]),
        (b"file label\n1.png sad\n", [["1.png", "sad"]]),
        (b"file label\nmy 1.png sad\n", [["my 1.png", "sad"]]),
        (b"a,b,marks\n1,2,1;2;3;4;5\n", [["1", "2", "1;2;3;4;5"]]),
    ],
)
def test_lists_as_they_are_written(data: bytes, rows: list[list[str]]) -> None:
    assert parse(data, "a.csv").rows == rows


def test_one_hot_columns_and_numbers_without_a_header(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", "x/1.png", "x/2.png", "x/3.png")
    (source / "_classes.csv").write_text("filename, angry, happy\n1.png,1,0\n2.png,0,1\n3.png,1,1\n")
    got = found(workspace, source)
    assert (got["classes"], got["unlabelled"]) == ({"happy": 1, "anger": 1}, 1)
    (tmp_path / "plain.txt").write_text("1.png 0\n2.png 1\n3.png 6\n")
    options = Options(labels=(str(tmp_path / "plain.txt"),), numbering="fer2013")
    numbers = describe(import_dataset(workspace, source, "numbers", options=options))
    assert numbers["classes"] == {"neutral": 1, "anger": 1, "disgust": 1}


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("Nuetral", "neutral"), ("Superise", "surprise"), ("Angray", "anger"), ("0- Anger", "anger"), ("1_disgust", "disgust"),
        ("sadness_faces", "sad"), ("calm", ""), ("happy or sad", ""), ("7", ""),
    ],
)  # fmt: skip
def test_the_likely_spelling(name: str, likely: str) -> None:
    assert likely_emotion(name) == likely


def test_unknown_classes_are_always_said(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", "happy/1.png", "Nuetral/2.png", "awe/3.png")
    got = found(workspace, source)
    assert got["unknown_classes"] == [{"name": "Nuetral", "images": 1, "likely": "neutral"}]
    assert any("neutral?" in line for line in import_report(got))
    assert [c.likely for c in preview_source(source).classes if c.name == "Nuetral"] == ["neutral"]


@pytest.mark.parametrize(
    "folders",
    [("images",), ("aligned", "original"), ("S005", "S010"), ("KA", "KL", "YM"), ("subject 1", "subject 2")],
)
def test_folders_that_are_no_classes_stop_the_import(
    workspace: Workspace, tmp_path: Path, folders: tuple[str, ...]
) -> None:
    source = put(tmp_path / "s", *(f"{name}/{i}.png" for i, name in enumerate(folders)))
    (source / "notes.xml").write_text("<x/>")
    with pytest.raises(SourceError, match="No folder names an emotion") as caught:
        import_dataset(workspace, source, "faces")
    assert "1 .xml file" in str(caught.value)
    assert not list(workspace.data.glob("*"))
    assert preview_source(source).stops == str(caught.value)
    assert found(workspace, source, accept_classes=True)["classes"] == dict.fromkeys(folders, 1)


def test_files_that_are_no_pictures_are_named(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", "happy/1.png")
    words = {
        "set.zip.001": "join its parts", "old.pkl": "numpy.savez", "faces.npy": "X_train.npy and y_train.npy",
        "in.zip": "An archive beside pictures",
        "film.avi": "A video", "README": "A text", "odd.xyz": "Not an image",
    }  # fmt: skip
    for name in words:
        (source / name).write_bytes(b"1234")
    reasons = {p["path"]: p["reason"] for p in found(workspace, source)["problems"]}
    assert reasons.keys() == words.keys()
    assert all(words[name] in reason for name, reason in reasons.items())


def test_groups_of_people_are_what_a_list_says_of_them(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "s", *(f"{number}.png" for number in range(4)))
    rows = ["0.png,happy,female,23", "1.png,sad,,40.0", "2.png,sad,1,over 70", "3.png,fear,,"]
    (source / "labels.csv").write_text("\n".join(["image,emotion,Gender,age", *rows]))
    made = import_dataset(workspace, source, "faces")
    table = made.manifest().set_index("path")["group"]
    told = {"0.png": "female, 20 to 29", "1.png": "40 to 49", "2.png": "gender 1, over 70", "3.png": ""}
    assert dict(table) == told
    export_version(made, made.version(), tmp_path / "out", "csv")
    again = import_dataset(workspace, tmp_path / "out", "again").manifest()["group"]
    assert sorted(again) == sorted(told.values())
