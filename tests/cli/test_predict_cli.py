"""predict: files and folders in, answers out as text, JSON, CSV or drawn on copies."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from calling import Fer
from PIL import Image
from test_reports import check_keys
from tiny_models import light_weights, save_light, save_linear


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Says happy where the upper left is light, sad for the upper right, neutral for the lower half."""
    return save_light(tmp_path / "light.onnx")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three crops, one in a folder of its own under the same name, and two files that are no pictures."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for name, corner in (("a.png", (0, 0)), ("b.png", (24, 0)), ("more/a.png", (0, 24))):
        picture = Image.new("L", (48, 48))
        picture.paste(255, (*corner, corner[0] + 24 * (1 + (corner[1] > 0)), corner[1] + 24))
        picture.save(folder / name)
    (folder / "notes.txt").write_text("no picture by its name")
    (folder / ".hidden.png").write_text("hidden")
    return folder


def test_a_folder_stands_for_the_pictures_below_it(fer: Fer, model: Path, pictures: Path) -> None:
    outcome = fer("predict", pictures, pictures / "a.png", "--model", model, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    check_keys("predict", outcome, "file", "faces", "error")
    names = [str(Path(document["file"]).relative_to(pictures)) for document in outcome.json]
    assert names == ["a.png", "b.png", "more/a.png"]
    faces = [face for document in outcome.json for face in document["faces"]]
    assert [face["label"] for face in faces] == ["happy", "sad", "neutral"]
    for face in faces:
        assert {"box", "label", "probabilities", "uncertain", "ms"} <= face.keys()
        assert face["box"] == [0, 0, 48, 48]
        assert set(face["probabilities"]) == {"happy", "sad", "neutral"}


def test_text_and_threshold(fer: Fer, model: Path, pictures: Path) -> None:
    sure = fer("predict", pictures / "a.png", "--model", model, "--threshold", 0)
    assert "happy" in sure.out
    assert "whole picture" in sure.out
    assert "happy or" in fer("predict", pictures / "a.png", "--model", model, "--threshold", 1).out


def test_modes(fer: Fer, model: Path, pictures: Path) -> None:
    (none,) = fer("predict", pictures / "a.png", "--model", model, "--faces", "--json").json
    assert none["faces"] == []
    assert none["warnings"]
    assert "no face" in fer("predict", pictures / "a.png", "--model", model, "--faces").out
    (whole,) = fer("predict", pictures / "a.png", "--model", model, "--whole", "--flip", "--json").json
    assert whole["whole_picture"] == "as asked"


def test_csv_has_one_row_per_face(fer: Fer, model: Path, pictures: Path) -> None:
    (pictures / "text.jpg").write_text("this is no picture")
    outcome = fer("predict", pictures, "--model", model, "--csv")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [row["label"] for row in rows] == ["happy", "sad", "neutral", ""]
    columns = "file face x y width height label uncertain second p_happy p_sad p_neutral ms warnings error"
    assert " ".join(rows[0]) == columns
    assert rows[3]["error"] == "Not an image in a known format"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(fer: Fer, model: Path, pictures: Path) -> None:
    (pictures / "text.jpg").write_text("this is no picture")
    outcome = fer("predict", pictures / "text.jpg", pictures / "a.png", "--model", model, "--json")
    assert outcome.status == 2
    bad, good = outcome.json
    assert (bad["faces"], bad["error"]) == ([], "Not an image in a known format")
    assert good["faces"][0]["label"] == "happy"
    assert outcome.err.count("\n") == 1
    assert "text.jpg: Not an image" in outcome.err
    assert "unreadable" in fer("predict", pictures / "text.jpg", "--model", model).out


def test_copies_are_drawn_beside_and_never_over_a_picture(fer: Fer, model: Path, pictures: Path) -> None:
    shutil.copy(pictures / "b.png", pictures / "a.annotated.png")
    before = {path: path.read_bytes() for path in pictures.rglob("*.png")}
    outcome = fer("predict", pictures, "--model", model, "--annotate", pictures, "--json")
    drawn = [Path(document["annotated"]) for document in outcome.json]
    assert len(set(drawn)) == len(before) - 1 == 4  # the hidden one is not read
    assert not set(drawn) & before.keys()
    assert all(path.read_bytes() == data for path, data in before.items())
    for path in drawn:
        with Image.open(path) as image:
            assert image.mode == "RGB"


def test_a_folder_for_copies_that_cannot_be_made(fer: Fer, model: Path, pictures: Path) -> None:
    outcome = fer("predict", pictures, "--model", model, "--annotate", pictures / "notes.txt" / "out")
    assert (outcome.status, outcome.out) == (2, "")
    assert "cannot be made" in outcome.err


def test_models_that_cannot_be_used(fer: Fer, pictures: Path, tmp_path: Path) -> None:
    bare = save_linear(tmp_path / "bare.onnx", light_weights())
    assert "does not say which classes" in fer("predict", pictures, "--model", bare).err
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04.")
    (tmp_path / "model.keras").write_bytes(b"PK\x03\x04")
    for name in ("model.pkl", "model.keras"):
        outcome = fer("predict", pictures, "--model", tmp_path / name)
        assert (outcome.status, outcome.out) == (2, "")
        assert "Only ONNX models are opened" in outcome.err
