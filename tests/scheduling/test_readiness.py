"""What a version is warned of before it is trained on: each fault planted alone, and none where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from split_tables import make

from fer_core.duplicates.reach import DISTANCE
from fer_core.scheduling import estimate
from fer_core.scheduling.readiness import cautions
from fer_core.splits.crossing import PairCounts
from fer_core.splits.leaks import Leaks


def version(
    labels: tuple[str, ...] = ("happy", "sad"), splits: tuple[str, ...] = ("train", "val", "test")
) -> pd.DataFrame:
    """Twenty pictures of each class in each split, all with contrast."""
    rows = [(label, split) for label in labels for split in splits for _ in range(20)]
    table = make([label for label, _ in rows])
    return table.assign(split=[split for _, split in rows], contrast=0.2)


def apart(**changes: object) -> Leaks:
    """Everything compared as far as is usual, nothing found."""
    found = {"version": "v", "sizes": {"train": 40, "val": 40, "test": 40}, "total": PairCounts(4800, 0, 0, 0), "table": {},
             "reach": DISTANCE, "compared": "2026-01-01", "by": "comparison",
             "images": pd.DataFrame({"image_id": [], "split": [], "kind": [], "other": []})}  # fmt: skip
    return Leaks(**(found | changes))  # type: ignore[arg-type]


def kinds(table: pd.DataFrame, leaks: Leaks) -> list[str]:
    return [found.kind for found in cautions(table, leaks)]


def test_a_sound_version_is_not_warned_of() -> None:
    assert cautions(version(), apart()) == []


@pytest.mark.parametrize(
    ("table", "kind", "blocks", "words"),
    [
        (version(splits=("train", "test")), "no split", True, "no val images"),
        (version(splits=("test",)), "no split", True, "no train and no val images"),
        (version(labels=("happy",)), "one class", True, "one class only"),
        (version().assign(contrast=[0.0199, 0.02, *[0.2] * 118]), "blank", False, "1 blank picture"),
        (version().assign(contrast=[0.0, 0.0, *[0.2] * 118]), "blank", False, "2 blank pictures"),
    ],
)  # fmt: skip
def test_each_fault_is_named_alone(table: pd.DataFrame, kind: str, blocks: bool, words: str) -> None:
    (found,) = cautions(table, apart())
    assert (found.kind, found.blocks, found.text) == (kind, blocks, words)


def test_a_caution_reads_as_two_sentences() -> None:
    (found,) = cautions(version(splits=("test",)), apart())
    assert str(found) == "no train and no val images. Training needs both."


def test_an_unreadable_file_is_no_blank_picture() -> None:
    table = version().assign(contrast=[0.0, *[0.2] * 119])
    table.loc[0, "error"] = "not an image"
    assert cautions(table, apart()) == []


def test_a_class_mix_that_differs_between_splits_is_named_by_how_much() -> None:
    table = version()
    train = np.flatnonzero((table["split"] == "train") & (table["label"] == "happy"))
    little, much = table.copy(), table.copy()
    little.loc[train[:3], "label"] = "sad"  # V about .07
    much.loc[train, "label"] = "sad"
    assert [(found.kind, found.level) for found in cautions(little, apart())] == [("drift", "warn")]
    assert [(found.kind, found.level) for found in cautions(much, apart())] == [("drift", "bad")]


def test_what_nobody_compared_is_not_the_same_as_none() -> None:
    unknown = apart(total=PairCounts(4800, 0, None, None), reach=None, compared=None, by="pixels")
    (found,) = cautions(version(), unknown)
    assert (found.kind, found.level) == ("not compared", "none")
    (found,) = cautions(version(), apart(reach=4))
    assert (found.kind, found.text) == ("narrow", "copies across splits were looked for up to 4 bits only")


def test_a_leak_is_told_as_a_share_of_its_split() -> None:
    table = version()
    rows = table[table["split"] == "val"].head(4).assign(kind="near", other="train")
    leaky = apart(total=PairCounts(4800, 0, 4, 0), images=rows)
    (found,) = cautions(table, leaky)
    assert (found.kind, found.level) == ("leak", "bad")
    assert found.text == "10.0% of val is in another split too"


def test_verdicts_of_an_estimate() -> None:
    assert estimate.fits(0.85e9, 1e9)
    assert not estimate.fits(0.86e9, 1e9)
    assert estimate.times_slower(29.9, 10) is None
    assert estimate.times_slower(30, 10) == pytest.approx(3)
    assert estimate.partly_frozen(trained=89, parameters=100)
    assert not estimate.partly_frozen(trained=90, parameters=100)
