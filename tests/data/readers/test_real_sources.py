"""Exact counts of the real sets in FER_TEST_DATA."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.entries import select_entries
from fer_core.data.importing.options import Options
from fer_core.data.importing.votes import unclear_vote
from fer_core.data.readers import open_reader

HOME = Path(os.environ.get("FER_TEST_DATA", "/nowhere"))
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not HOME.is_dir(), reason="FER_TEST_DATA names no folder of real sets"),
]


def test_web_photos_with_their_legend(workspace: Workspace) -> None:
    folder = HOME / "external" / "muxspace_sample"
    options = Options(labels=str(folder / "legend.csv"))
    dataset = import_dataset(workspace, folder / "muxspace_sample.zip", "photos", options=options)
    found = describe(dataset)
    assert found["classes"] == {
        "happy": 150, "surprise": 150, "neutral": 150, "sad": 150, "anger": 150, "fear": 14, "disgust": 138, "contempt": 9,
    }  # fmt: skip
    assert (found["images"], found["problems"]) == (911, [])
    gray = dataset.manifest()["mode"].value_counts().to_dict()
    assert gray["gray"] + gray["rgb"] == 911
    assert 200 <= gray["rgb"] <= 242  # some files stored in colour have equal channels
    pictures = dataset.pixels(64, "rgb")
    assert pictures.shape == (911, 64, 64, 3)


def test_fer2013_with_the_votes_of_ferplus() -> None:
    folder = HOME / "fer2013"
    votes = folder / "fer2013_part_ferplus.csv"
    reader = open_reader(folder / "fer2013_part.csv.bz2")
    taken = select_entries(reader, Options(votes=str(votes)))
    reader.close()
    assert len(taken.entries) == 13_743
    assert Counter(e.split for e in taken.entries) == {"train": 8_000, "val": 2_872, "test": 2_871}
    with open(votes, newline="") as file:
        rows = list(csv.DictReader(file))
    for entry, row in zip(taken.entries[::97], rows[::97], strict=True):
        assert entry.votes == tuple(int(n) for n in list(row.values())[2:])
    emotions = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    wanted = Counter(
        max(("NF", "unknown"), key=lambda word: int(row[word]))
        for row in rows
        if max(int(row["NF"]), int(row["unknown"])) > max(int(row[name]) for name in emotions)
    )
    found = Counter(word for e in taken.entries if (word := unclear_vote(e.votes, taken.vote_classes)))
    assert found == wanted
    assert sum(found.values()) > 100
