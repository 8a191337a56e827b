"""Copies and wrong labels of the real sets in FER_TEST_DATA, against counts and votes known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from fer_core.data.datasets import Dataset
from fer_core.quality import mislabels
from fer_core.quality.duplicates import find_exact, find_near
from fer_core.quality.leakage import leak_table

pytestmark = pytest.mark.real


def test_copies_of_capstone4(capstone: Dataset) -> None:
    groups = find_exact(capstone.manifest())
    assert groups.summary() == {
        "groups": 732,
        "extra_copies": 856,
        "cross_split": {"train|val": 247, "test|train": 12, "test|val": 7},
        "conflicting_labels": 7,
    }
    leaks = leak_table(groups)
    assert [leaks.loc[split, split] for split in ("train", "val", "test")] == [541, 51, 0]


def test_near_copies_of_capstone4(capstone: Dataset) -> None:
    """No truth is known; every group found so far was right by eye, so a change of counts deserves a look."""
    summary = find_near(capstone.manifest(), capstone.pixels()).summary()
    assert 500 <= summary["groups"] <= 600
    assert summary["cross_split"]["train|val"] >= 190


def test_copies_of_fer2013(fer2013: Dataset) -> None:
    groups = find_exact(fer2013.manifest())
    summary = groups.summary()
    assert (summary["groups"], summary["extra_copies"], summary["conflicting_labels"]) == (1271, 1531, 54)
    assert (groups.table.groupby("group")["split"].nunique() > 1).sum() == 481
    leaks = leak_table(groups)
    assert [leaks.loc[split, split] for split in ("train", "val", "test")] == [1003, 20, 12]


@pytest.mark.slow
def test_wrong_labels_of_capstone4_against_votes(capstone: Dataset, real_data: Path) -> None:
    votes = pd.read_csv(real_data / "capstone4/capstone4_labels.csv").set_index("file")
    ranking = mislabels.rank(capstone.manifest(), capstone.pixels())
    table = votes.loc[ranking["path"].str.split("/", n=1).str[1]]
    names = {"happy": "happiness", "neutral": "neutral", "sad": "sadness", "surprise": "surprise"}
    counts = table.filter(like="votes_")
    own = np.array([row[f"votes_{names[row['label']]}"] for _, row in table.iterrows()])
    wrong = (own <= 0.1 * counts.sum(axis=1)) & (own < counts.max(axis=1))
    assert average_precision_score(wrong, -ranking["score"]) >= 0.30
