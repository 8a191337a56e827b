"""Copies under two labels: of equal pixels until more is compared, then of every kind."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.scan_store import compared_pairs
from fer_core.splits.conflicts import label_conflicts


@pytest.fixture
def sample(tmp_path: Path) -> Dataset:
    return make_sample(Workspace(tmp_path), count=300)


def test_near_copies_under_two_labels_count_once_compared(sample: Dataset) -> None:
    before = label_conflicts(sample, sample.head, sample.manifest())
    exact = find_exact(sample.manifest())
    assert (before.groups, before.compared) == (exact.summary()["conflicting_labels"], False)
    label = sample.manifest().groupby("pixel_hash")["label"].agg(set)
    pairs = confirmed_pairs(compared_pairs(sample, sample.head), 24)[["first", "second"]].to_numpy()
    several = {name for pair in pairs if len(label[pair[0]] | label[pair[1]]) > 1 for name in pair}
    several |= {name for name, labels in label.items() if name and len(labels) > 1}
    after = label_conflicts(sample, sample.head, sample.manifest())
    assert after.compared
    shown = sample.manifest().set_index("image_id")
    assert set(shown.loc[list(after.images), "pixel_hash"]) >= several
    assert after.groups >= before.groups
    assert any(
        shown.loc[a, "pixel_hash"] != shown.loc[b, "pixel_hash"] for a, b in combinations(after.images, 2)
    )
