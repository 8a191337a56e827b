"""Labels from votes, against cases worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from review_data import Row, manifest_of

from fer_core.base.errors import SourceError, TooFewImages
from fer_core.data.datasets import Dataset
from fer_core.data.manifest import classes
from fer_core.review.from_votes import apply_votes, label_by_votes

KINDS = ["neutral", "happy", "sad", "unknown", "NF"]
CASES: list[tuple[Row, list[int]]] = [
    (("train/happy/1.png", "train", "happy", "h1"), [0, 10, 0, 0, 0]),
    (("train/happy/2.png", "train", "happy", "h2"), [5, 0, 5, 0, 0]),  # a tie is still worth learning from
    (("train/sad/3.png", "train", "sad", "h3"), [6, 1, 3, 0, 0]),  # the single vote is a slip
    (("train/sad/4.png", "train", "sad", "h4"), [2, 0, 3, 5, 0]),  # most voters cannot tell
    (("val/sad/5.png", "val", "sad", "h5"), [0, 7, 3, 0, 0]),
    (("val/sad/6.png", "val", "sad", "h6"), [4, 2, 4, 0, 0]),  # no majority
    (("test/sad/7.png", "test", "sad", "h7"), [0, 0, 0, 0, 10]),  # not a face
    (("test/sad/8.png", "test", "sad", "h8"), [0, 0, 8, 2, 0]),
    (("test/sad/9.png", "test", "sad", "h9"), [1, 1, 1, 0, 0]),  # nothing but slips
]


def voted(cases: list[tuple[Row, list[int]]] = CASES) -> pd.DataFrame:
    table = manifest_of([row for row, _ in cases])
    table["votes"] = pd.Series([votes for _, votes in cases], dtype="object")
    return table


def test_majority_and_soft_labels() -> None:
    found = label_by_votes(voted(), KINDS)
    table = found.manifest.set_index("pixel_hash")
    assert table["label"].to_dict() == {
        "h1": "happy", "h2": "neutral", "h3": "neutral", "h5": "happy", "h8": "sad",
    }  # fmt: skip
    assert found.left_out == {"no face": 1, "no majority": 1, "unknown": 2}
    assert found.relabelled == 3
    assert classes(found.manifest) == ("happy", "neutral", "sad")
    soft = table["soft_label"].dropna()
    assert list(soft.index) == ["h1", "h2", "h3"]  # only what is learned from
    np.testing.assert_allclose(soft["h1"], [1, 0, 0])
    np.testing.assert_allclose(soft["h2"], [0, 0.5, 0.5])
    np.testing.assert_allclose(soft["h3"], [0, 6 / 9, 3 / 9])


def test_hard_labels_need_the_majority_everywhere() -> None:
    found = label_by_votes(voted(), KINDS, soft=False)
    assert list(found.manifest["pixel_hash"]) == ["h1", "h3", "h5", "h8"]
    assert "soft_label" not in found.manifest


def test_a_higher_majority() -> None:
    found = label_by_votes(voted(), KINDS, majority=0.75)
    assert "h5" not in set(found.manifest["pixel_hash"])
    with pytest.raises(TooFewImages, match="No image would be left"):
        label_by_votes(voted(CASES[4:5]), KINDS, majority=0.9)


def test_unreadable_files_stay_and_images_without_votes_go() -> None:
    table = voted()
    table.loc[7, "error"] = "not an image"
    table.loc[4, "votes"] = None
    found = label_by_votes(table, KINDS)
    assert list(found.manifest["pixel_hash"]) == ["h1", "h2", "h3", "h8"]
    assert found.left_out["no votes"] == 1


def test_without_votes() -> None:
    with pytest.raises(SourceError, match="Nobody has voted"):
        label_by_votes(voted().drop(columns="votes"), KINDS)


def test_a_version_of_it(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([row for row, _ in CASES])
    about = json.loads((dataset.folder / "dataset.json").read_text())
    (dataset.folder / "dataset.json").write_text(json.dumps(about | {"vote_classes": KINDS}))
    with pytest.raises(SourceError):
        apply_votes(dataset)
    assert len(dataset.versions()) == 1
