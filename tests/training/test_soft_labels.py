"""What a person decided reaches the network: ambiguous images as probabilities, dropped ones not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tiny_faces import CLASSES, COUNTS, pictures, table, tiny_dataset, tiny_recipe

from fer_core.base.errors import TooFewImages
from fer_core.data.datasets import Dataset
from fer_core.evaluation.report import leaderboard
from fer_core.review.apply import apply_journal
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.runs.run import Run
from fer_core.scheduling import start
from fer_core.training.batches import TrainingBatches
from fer_core.training.data import from_manifest, with_votes

DROPPED = 6


def test_targets_are_the_soft_label_where_there_is_one() -> None:
    manifest = table()
    soft: list[list[float] | None] = [None] * len(manifest)
    soft[1] = [0.25, 0.75, 0.0]
    manifest["soft_label"] = pd.Series(soft, dtype="object")
    data = from_manifest(manifest, pictures(manifest)[..., np.newaxis])
    targets = data.train.targets
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets[1], [0.25, 0.75, 0.0])
    others = np.delete(np.arange(len(targets)), 1)
    np.testing.assert_array_equal(targets[others], np.eye(3)[data.train.labels[others]])
    assert data.train.labels[1] == list(CLASSES).index(
        manifest["label"][1]
    )  # accuracy still goes by the label
    batches = TrainingBatches(data, tiny_recipe())
    given = np.concatenate([batches[i][1] for i in range(len(batches))])
    assert (given == np.float32([0.25, 0.75, 0.0])).all(axis=1).sum() == 1


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Version 1 as imported; version 2 with all sad training images half neutral and some happy ones dropped."""
    dataset = tiny_dataset(tmp_path_factory.mktemp("home"))
    train = dataset.manifest()[lambda t: t["split"] == "train"]
    sad = train.loc[train["label"] == "sad", "image_id"]
    happy = train.loc[train["label"] == "happy", "image_id"].head(DROPPED)
    half = {"sad": 1.0, "neutral": 1.0}
    Journal(dataset.journal_path).add_many(
        [
            *(Decision("ambiguous", image_id=i, soft_label=half) for i in sad),
            *(Decision("delete", image_id=i) for i in happy),
        ]
    )
    apply_journal(dataset)
    return dataset


def doubt(run: Run) -> float:
    """Cross-entropy on val, whose labels are certain, after the last epoch."""
    return float(run.metrics()["val_loss"].iloc[-1])


def test_a_run_learns_what_was_decided_and_the_leaderboard_shows_both(dataset: Dataset) -> None:
    first, second = dataset.versions()
    recipe = tiny_recipe(training__epochs=8)
    before = start.wait(start.start(dataset.workspace, dataset, first.id, recipe), timeout=120)
    after = start.wait(start.start(dataset.workspace, dataset, second.id, recipe), timeout=120)
    assert (before.state, after.state) == ("finished", "finished"), after.log_tail()
    assert before.info["images"] == COUNTS
    assert after.info["images"] == COUNTS | {"train": COUNTS["train"] - DROPPED}
    assert doubt(before) < 0.05
    # Told that every sad picture may be neutral as well, it says half for a third of them: ln 2 / 3 = .23.
    assert 0.15 < doubt(after) < 0.4
    assert {row["version"] for row in leaderboard([before, after])} == {first.id, second.id}


def test_votes_that_nobody_gave_are_an_error() -> None:
    with pytest.raises(TooFewImages, match="Nobody has voted"):
        with_votes(table(), ("happy",))
