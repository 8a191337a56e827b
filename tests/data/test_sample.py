"""The built-in sample: the same everywhere, and exactly as broken as its truth says."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.base.errors import BadName, NotFound, TooFewImages
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.sample.drawing.face import draw_face
from fer_core.data.sample.make import CLASS_SHARES, make_sample, truth, write_source
from fer_core.data.sample.truth import SampleTruth

VERSION = "7970c85db84928fe"
"""Of seed 7 with 1,200 files. It changes only when the drawing does; it must not change with the machine."""
SMALL_VERSION = "02cae77964a621af"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def table(sample: Dataset) -> pd.DataFrame:
    return sample.manifest().set_index("path")


@pytest.fixture(scope="module")
def planted(sample: Dataset) -> SampleTruth:
    return truth(sample)


def test_the_same_seed_gives_the_same_version_on_any_machine(sample: Dataset) -> None:
    assert sample.head == VERSION


def test_small_samples_depend_on_the_seed_alone(tmp_path: Path) -> None:
    one = make_sample(Workspace(tmp_path / "a"), count=120)
    two = make_sample(Workspace(tmp_path / "b"), "other name", count=120)
    three = make_sample(Workspace(tmp_path / "c"), count=120, seed=8)
    assert one.head == two.head == SMALL_VERSION != three.head


def test_counts_of_planted_faults(planted: SampleTruth, table: pd.DataFrame) -> None:
    kinds = ("exact", "near", "mirrored", "conflicting", "wrong_labels", "unreadable", "blank")
    assert [len(planted[kind]) for kind in kinds] == [24, 16, 8, 6, 60, 5, 6]
    assert len(table) == 1200
    files = [p for kind in kinds[:4] for pair in planted[kind] for p in pair["paths"]]
    files += [p for kind in kinds[4:] for p in planted[kind]]
    assert len(files) == len(set(files)), "no file has two faults"
    assert set(files) <= set(table.index)


def test_unreadable_files_are_listed_and_nothing_else_is(planted: SampleTruth, table: pd.DataFrame) -> None:
    assert set(table.index[table["error"] != ""]) == set(planted["unreadable"])


def test_labels_are_right_but_for_the_planted_ones(planted: SampleTruth, table: pd.DataFrame) -> None:
    drawn = pd.Series(planted["emotions"])
    wrong = set(drawn.index[drawn != table.loc[drawn.index, "label"]])
    conflicting = {pair["paths"][1] for pair in planted["conflicting"]}
    assert wrong == set(planted["wrong_labels"]) | conflicting
    assert all(drawn[path] == right for path, right in planted["wrong_labels"].items())


def test_copies_are_what_they_claim(planted: SampleTruth, table: pd.DataFrame, sample: Dataset) -> None:
    pixels = sample.pixels()

    def pair(paths: list[str]) -> tuple[np.ndarray, np.ndarray]:
        return pixels[table.loc[paths[0], "row"]], pixels[table.loc[paths[1], "row"]]

    for found in planted["exact"] + planted["conflicting"]:
        one, two = table.loc[found["paths"][0]], table.loc[found["paths"][1]]
        assert one["pixel_hash"] == two["pixel_hash"]
        assert (one["label"] == two["label"]) == (found in planted["exact"])
    for found in planted["exact"]:
        one, two = table.loc[found["paths"][0]], table.loc[found["paths"][1]]
        assert one["split"] != two["split"]
        assert (one["file_hash"] == two["file_hash"]) == (found["note"] == "same file")
    for found in planted["mirrored"]:
        left, right = pair(found["paths"])
        assert np.array_equal(left[:, ::-1], right)
    for found in planted["near"]:
        left, right = pair(found["paths"])
        assert not np.array_equal(left, right)
    assert {found["note"] for found in planted["exact"]} == {"same file", "re-encoded"}
    assert table["format"].nunique() >= 3


def test_blank_pictures_show_nothing(planted: SampleTruth, table: pd.DataFrame) -> None:
    blank = table.loc[planted["blank"]]
    assert (blank["contrast"] < 0.02).all()
    assert blank["pixel_hash"].is_unique
    others = table[(table["error"] == "") & ~table.index.isin(planted["blank"])]
    assert (others["contrast"] > 0.03).all()


def test_splits_and_classes_are_as_bad_as_the_real_worlds(table: pd.DataFrame) -> None:
    readable = table[table["error"] == ""]
    shares = readable["split"].value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.75, abs=0.03)
    assert shares["val"] == pytest.approx(0.24, abs=0.03)
    assert 0 < shares["test"] < 0.015
    classes = readable["label"].value_counts()
    assert set(classes.index) == set(CLASS_SHARES)
    assert classes.max() > 1.7 * classes.min()


def test_asking_again_opens_what_is_there(sample: Dataset) -> None:
    before = (sample.folder / "dataset.json").stat().st_mtime_ns
    again = make_sample(sample.workspace, seed=99)
    assert again.head == sample.head
    assert (sample.folder / "dataset.json").stat().st_mtime_ns == before


def test_files_and_truth_lie_in_the_datasets_folder(sample: Dataset, planted: SampleTruth) -> None:
    assert sample.about["source"]["kind"] == "sample"
    assert all((sample.source_path / path).is_file() for path in planted["emotions"])
    assert sample.source_path.is_relative_to(sample.folder / "source")
    assert sorted(p.name for p in sample.workspace.data.iterdir()) == ["sample"], "nothing is left behind"


def test_bad_requests_are_explained(tmp_path: Path) -> None:
    with pytest.raises(TooFewImages, match="120 or more"):
        write_source(tmp_path / "x", count=50)
    with pytest.raises(TooFewImages):
        make_sample(Workspace(tmp_path), count=1)
    with pytest.raises(BadName):
        make_sample(Workspace(tmp_path), "a/b")
    assert not (tmp_path / "x").exists()


def test_only_samples_have_a_truth(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    write_source(tmp_path / "faces", count=120)
    with pytest.raises(NotFound, match="faults"):
        truth(import_dataset(workspace, tmp_path / "faces", "plain"))


def test_a_face_is_the_same_for_the_same_seed_and_differs_by_emotion() -> None:
    faces = {emotion: draw_face(random.Random(3), emotion) for emotion in CLASS_SHARES}
    for emotion, face in faces.items():
        assert (face.dtype, face.shape) == (np.uint8, (48, 48))
        assert np.array_equal(face, draw_face(random.Random(3), emotion))
        assert face.std() > 20
    assert len({face.tobytes() for face in faces.values()}) == 4
