"""Pictures of which a set itself says that they show no emotion: kept, seen and counted, in no class and in no training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_sources import png

from fer_core.base.workspace import Workspace
from fer_core.cli.data import count_table
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.exporting.export import export_version
from fer_core.data.importing.import_report import import_report
from fer_core.data.importing.refresh import refresh
from fer_core.data.manifest import classes
from fer_core.data.save_version import save_version
from fer_core.explore.facts import ImageFacts
from fer_core.explore.filter import Selection
from fer_core.splits.stratify import stratify
from fer_core.training.data import from_manifest

CODES = {"train": (0, 1, 1, 8, 9, 10, 8), "val": (1, 0)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Nine pictures as AffectNet has them, four of no emotion; one of those is broken."""
    random, number = np.random.default_rng(5), 0
    for split, codes in CODES.items():
        for kind in ("images", "annotations"):
            (tmp_path / f"set/{split}_set/{kind}").mkdir(parents=True)
        for code in codes:
            folder, number = tmp_path / f"set/{split}_set", number + 1
            picture = png(random.integers(0, 256, (48, 48), dtype=np.uint8))
            (folder / f"images/{number}.png").write_bytes(b"broken" if number == 7 else picture)
            np.save(folder / f"annotations/{number}_exp.npy", np.array(str(code)))
    return tmp_path / "set"


@pytest.fixture
def dataset(workspace: Workspace, source: Path) -> Dataset:
    return import_dataset(workspace, source, "faces")


def test_they_are_counted_by_what_they_are(dataset: Dataset) -> None:
    found = describe(dataset)
    assert (found["images"], found["unlabelled"], found["unreadable"]) == (5, 3, 1)
    assert found["splits"] == {"train": 6, "val": 2, "test": 0}
    assert found["classes"] == {"happy": 3, "neutral": 2}
    told = [line for line in import_report(found) if line.startswith("left out of the classes")]
    assert told == [
        "left out of the classes: 3 pictures that the set itself gives no emotion: kept, without a class "
        "(8 none: 1, 9 uncertain: 1, 10 no face: 1)"
    ]
    head, *rows = (line.split() for line in count_table(found).splitlines() if "-" not in line)
    assert head == ["split", "happy", "neutral", "no", "class", "images", "share"]
    assert rows[0] == ["train", "2", "1", "3", "6", "75.0%"]


def test_they_are_seen_and_take_part_in_nothing(dataset: Dataset) -> None:
    manifest = dataset.manifest()
    assert classes(manifest) == ("happy", "neutral")
    facts = ImageFacts(dataset, dataset.head)
    shown = Selection(flags=("unlabelled",)).positions(facts)
    assert sorted(manifest["path"].iloc[shown]) == [f"train_set/images/{n}.png" for n in (4, 5, 6)]
    assert len(Selection().positions(facts)) == 5
    rows = manifest["row"].iloc[shown]
    assert (rows >= 0).all()
    assert dataset.pixels()[rows].std() > 0
    assert len(dataset.pixels(32)) == 8
    trained = from_manifest(manifest, dataset.pixels())
    assert (trained.classes, len(trained.train.labels), len(trained.val.labels)) == (
        ("happy", "neutral"),
        3,
        2,
    )


def test_new_splits_leave_them_where_they_are(dataset: Dataset) -> None:
    plan = stratify(dataset.manifest(), (60, 20, 20))
    version = save_version(dataset, plan.manifest, parent=dataset.head, operation="stratify")
    assert (version.counts["images"], version.counts["unreadable"]) == (5, 0)
    assert sum(version.counts["splits"].values()) == 8


def test_an_export_comes_back_as_the_same_version(
    workspace: Workspace, dataset: Dataset, tmp_path: Path
) -> None:
    export_version(dataset, dataset.version(), tmp_path / "out")
    assert len(list((tmp_path / "out/train/unlabelled").iterdir())) == 3
    again = import_dataset(workspace, tmp_path / "out", "again")
    assert describe(again)["counts"] == describe(dataset)["counts"]
    assert describe(again)["unlabelled"] == 3
    report = export_version(dataset, dataset.version(), tmp_path / "csv", "csv")
    assert report["images"] == 5


def test_a_refresh_adds_them_too(dataset: Dataset, source: Path) -> None:
    assert refresh(dataset)["unchanged"] == 8
    picture = png(np.random.default_rng(9).integers(0, 256, (48, 48), dtype=np.uint8))
    (source / "val_set/images/90.png").write_bytes(picture)
    np.save(source / "val_set/annotations/90_exp.npy", np.array("9"))
    assert refresh(dataset)["added"] == 0
    found = describe(dataset)
    assert (found["images"], found["unlabelled"], found["splits"]["val"]) == (5, 4, 3)


def test_a_folder_of_them_is_no_class_where_a_delivery_reads_by_folders(
    workspace: Workspace, tmp_path: Path
) -> None:
    random = np.random.default_rng(6)
    for name in ("happy", "sad", "unlabelled"):
        picture = png(random.integers(0, 256, (48, 48), dtype=np.uint8))
        for folder in ("images", "images/images"):
            (tmp_path / "set" / folder / "train" / name).mkdir(parents=True)
            (tmp_path / "set" / folder / "train" / name / "1.png").write_bytes(picture)
    found = describe(import_dataset(workspace, tmp_path / "set", "faces"))
    assert found["understood"]["delivery_key"] == "doubled"
    assert (found["classes"], found["unlabelled"]) == ({"happy": 1, "sad": 1}, 1)
