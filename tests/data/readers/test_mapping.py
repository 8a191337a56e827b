"""Class names of a source become classes of the dataset: proposals, maps, class sets, what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_sources import fer_csv, png

from fer_core.base.errors import FerError, SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.class_mapping import NUMBERINGS, guess_numbering, parse_names, propose
from fer_core.data.importing.options import Options
from fer_core.data.importing.preview import preview_source


def tree(root: Path, pixels: np.ndarray, names: list[str]) -> Path:
    for i, name in enumerate(names):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / f"p{i // 2}_{i}.png").write_bytes(png(pixels[i]))
    return root


def classes(workspace: Workspace, source: Path, name: str, **options: object) -> dict[str, int]:
    return describe(import_dataset(workspace, source, name, options=Options(**options)))["classes"]  # type: ignore[arg-type]


def test_numbers_stay_numbers_until_somebody_says(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray
) -> None:
    source = tree(tmp_path / "s", pixels, [str(i) for i in range(8)])
    assert classes(workspace, source, "raw") == {str(i): 1 for i in range(8)}
    found = classes(workspace, source, "affect", numbering="affectnet")
    assert list(found) == ["happy", "surprise", "neutral", "sad", "anger", "fear", "disgust", "contempt"]
    manifest = import_dataset(workspace, source, "m", options=Options(numbering="affectnet")).manifest()
    assert {p.split("/")[0]: label for p, label in zip(manifest["path"], manifest["label"], strict=True)} == {
        "0": "neutral", "1": "happy", "2": "sad", "3": "surprise", "4": "fear", "5": "disgust", "6": "anger", "7": "contempt",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "numbering"),
    [(range(7), "fer2013"), (range(8), "affectnet"), (range(1, 8), "rafdb"), (range(10), ""), ((), "")],
)
def test_numberings_are_guessed_for_a_person_to_confirm(found: range, numbering: str) -> None:
    assert guess_numbering([str(n) for n in found]) == numbering
    assert propose([str(n) for n in found]) == {
        str(n): NUMBERINGS.get(numbering, {}).get(str(n), str(n)) for n in found
    }


def test_map_skip_and_class_sets(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    source = tree(tmp_path / "s", pixels, ["Grin", "Grin", "sad", "NF", "Contempt", "bored"])
    assert classes(workspace, source, "a", names={"grin": "Happiness"}) == {
        "happy": 2, "sad": 1, "contempt": 1, "NF": 1, "bored": 1,
    }  # fmt: skip
    assert classes(workspace, source, "b", names={"Grin": "happy", "bored": ""}, skip=("nf",)) == {
        "happy": 2, "sad": 1, "contempt": 1,
    }  # fmt: skip
    dataset = import_dataset(workspace, source, "c", options=Options(names={"Grin": "joy"}, classes="4"))
    assert describe(dataset)["classes"] == {"happy": 2, "sad": 1}
    assert describe(dataset)["skipped"] == {"NF": 1, "Contempt": 1, "bored": 1}
    assert Options.from_record(dataset.about["import"]) == Options(
        names={"Grin": "joy"}, classes="4", delivery="none"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": {"glad": "happy"}}, "no such class"),
        ({"skip": ("NF",)}, "no such class"),
        ({"skip": ("sad", "happy")}, "Every image is left out"),
        ({"classes": "5"}, "classes must be one of"),
        ({"numbering": "mine"}, "numbering must be one of"),
        ({"subject_pattern": "("}, "not a regular expression"),
        ({"subject_pattern": "x" * 300}, "1 to 200 characters"),
    ],
)
def test_choices_that_cannot_be(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, options: dict[str, object], message: str
) -> None:
    source = tree(tmp_path / "s", pixels, ["happy", "sad"])
    with pytest.raises(FerError, match=message):
        classes(workspace, source, "faces", **options)
    assert not list(workspace.data.glob("*"))


@pytest.mark.parametrize("word", ["happy", "=happy", "  ", "="])
def test_words_that_map_nothing(word: str) -> None:
    with pytest.raises(SourceError, match="which class becomes which"):
        parse_names([word])
    with pytest.raises(SourceError, match="mapped twice"):
        parse_names(["a=happy", "A=sad"])


def test_subjects_are_read_from_paths(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    source = tree(tmp_path / "s", pixels, ["happy"] * 4)
    options = Options(subject_pattern=r"/(p\d+)_")
    assert list(import_dataset(workspace, source, "a", options=options).manifest()["subject"]) == [
        "p0",
        "p0",
        "p1",
        "p1",
    ]


def test_a_look_inside(tmp_path: Path, pixels: np.ndarray) -> None:
    source = tree(tmp_path / "s", pixels, ["train/Joy"] * 5 + ["train/bored", "test/Joy"])
    (source / "train" / "bored" / "x.png").write_bytes(b"no picture")
    found = preview_source(source)
    assert [(c.name, c.images, c.proposed, c.certain, c.splits) for c in found.classes] == [
        ("Joy", 6, "happy", True, {"train": 5, "test": 1}), ("bored", 2, "bored", False, {"train": 2}),
    ]  # fmt: skip
    assert [len(c.faces) for c in found.classes] == [3, 1]
    np.testing.assert_array_equal(found.classes[1].faces[0], pixels[5])


def test_a_look_into_fer2013(tmp_path: Path, pixels: np.ndarray) -> None:
    (tmp_path / "a.csv").write_bytes(fer_csv(pixels))
    found = preview_source(tmp_path / "a.csv")
    assert {c.name: c.proposed for c in found.classes}["4"] == "sad"
    assert (found.kind, found.numbering) == ("csv", "")


def test_numbered_folders_are_asked_about(tmp_path: Path) -> None:
    for number in range(8):
        folder = tmp_path / "numbers" / str(number)
        folder.mkdir(parents=True)
        (folder / "face.png").write_bytes(png(np.full((8, 8), 30 * number, np.uint8)))
    found = preview_source(tmp_path / "numbers", Options())
    assert found.numbering == "affectnet"
    assert [one.proposed for one in found.classes][:2] == ["neutral", "happy"]
