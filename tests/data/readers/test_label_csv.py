"""Images whose classes stand in a CSV: any column names, any case, anything missing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sources import png

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.options import Options
from fer_core.data.readers import open_reader
from fer_core.data.readers.text_table import NameIndex, parse


@pytest.fixture
def images(tmp_path: Path, pixels: np.ndarray) -> Path:
    """Six pictures in one folder `images`, without labels."""
    folder = tmp_path / "photos" / "images"
    folder.mkdir(parents=True)
    for i in range(6):
        (folder / f"Person_{i}.JPG").write_bytes(png(pixels[i]))
    return folder.parent


WORDS = ("happiness", "HAPPINESS", "neutral", "Sadness", "anger", "joy")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("user.id,image,emotion", "302,Person_{i}.JPG,{w}"),
        ("Filename;Expression;note", "images/person_{i}.jpg;{w};x"),
        ("LABEL\tPATH", "{w}\t/home/me/photos/images/Person_{i}.JPG"),
        ("a,b,c", "Person_{i},7,{w}"),
        ("id,target,what", "Person_{i}.JPG,{w},zzz"),
    ],
)
def test_columns_of_any_name(images: Path, tmp_path: Path, header: str, row: str) -> None:
    csv = tmp_path / "legend.csv"
    csv.write_text(header + "\n" + "\n".join(row.format(i=i, w=w) for i, w in enumerate(WORDS)) + "\n")
    entries = open_reader(images, csv).entries()
    assert {e.path: e.label for e in entries} == {
        f"images/Person_{i}.JPG": label
        for i, label in enumerate(("happy", "happy", "neutral", "sad", "anger", "happy"))
    }
    assert [e.found for e in entries] == list(WORDS)


def test_a_csv_beside_the_images_is_found(workspace: Workspace, images: Path) -> None:
    rows = [f"Person_{i}.JPG,{w},{('Training', 'dev')[i % 2]}" for i, w in enumerate(WORDS)]
    (images / "labels.csv").write_text("\n".join(["file,emotion,Usage", *rows]))
    found = describe(import_dataset(workspace, images, "faces"))
    assert (found["images"], found["problems"]) == (6, [])
    assert found["splits"] == {"train": 3, "val": 3, "test": 0}
    packed = images.parent / "faces.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(images.rglob("*.*")):
            archive.write(file, file.relative_to(images))
    assert import_dataset(workspace, packed, "zipped").head == found["version"]


def test_class_folders_win_over_a_csv(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    for i, name in enumerate(("happy", "sad")):
        (tmp_path / "s" / name).mkdir(parents=True)
        (tmp_path / "s" / name / f"{i}.png").write_bytes(png(pixels[i]))
    (tmp_path / "s" / "labels.csv").write_text("file,emotion\n0.png,fear\n1.png,fear\n")
    assert describe(import_dataset(workspace, tmp_path / "s", "faces"))["classes"] == {"happy": 1, "sad": 1}


def test_rows_and_files_that_do_not_meet_are_told(workspace: Workspace, images: Path, tmp_path: Path) -> None:
    csv = tmp_path / "legend.csv"
    csv.write_text(
        "image,emotion\nPerson_0.JPG,happy\nPerson_1.JPG,sad\nPerson_1.JPG,fear\nPerson_2.JPG,sad\n"
        "Person_3.JPG,\ngone.jpg,sad\n"
    )
    found = describe(import_dataset(workspace, images, "faces", options=Options(labels=str(csv))))
    assert found["classes"] == {"happy": 1, "sad": 1}
    assert {p["path"].removeprefix("images/"): p["reason"] for p in found["problems"]} == {
        "Person_1.JPG": "legend.csv gives it two different classes",
        "Person_3.JPG": "legend.csv gives it no class",
        "Person_4.JPG": "legend.csv gives it no class",
        "Person_5.JPG": "legend.csv gives it no class",
        "gone.jpg": "Named in legend.csv, but not there",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("image,emotion\n", "no rows"),
        ("a,b\n1,2\n3,4\n", "names the images"),
        ("file,x\nPerson_0.JPG,1\nPerson_1.JPG,2\n", "holds classes"),
        ("\0\0\0", "not a CSV"),
    ],
)
def test_csvs_that_label_nothing(
    workspace: Workspace, images: Path, tmp_path: Path, text: str, message: str
) -> None:
    csv = tmp_path / "legend.csv"
    csv.write_text(text)
    with pytest.raises(SourceError, match=message):
        import_dataset(workspace, images, "faces", options=Options(labels=str(csv)))
    assert not list(workspace.data.glob("*"))


def test_a_label_csv_that_is_not_there(images: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        open_reader(images, tmp_path / "nowhere.csv")


def test_latin_1_and_short_rows() -> None:
    table = parse("image,emotion\nJosé.png\n".encode("latin-1"), "a.csv")
    assert table.rows == [["José.png", ""]]


names = st.text("ab./", min_size=1, max_size=6)


@given(st.lists(names, max_size=6), names)
def test_a_name_finds_at_most_the_one_file_it_fits(paths: list[str], name: str) -> None:
    found = NameIndex(paths).find(name)
    assert found is None or found in paths
