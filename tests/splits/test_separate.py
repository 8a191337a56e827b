"""Splits that keep their places and lose their leaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from split_tables import make

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.groups import is_same
from fer_core.duplicates.reach import DISTANCE, SURE_DISTANCE
from fer_core.duplicates.scan_store import compared_pairs
from fer_core.splits.certificate import certify
from fer_core.splits.separate import Separated, leaking_rows, possible_leaks, rows_to_drop, separate

SPLITS = ["train", "val", "test", "extra", "unassigned"]
ORDER = {"train": 0, "extra": 1, "val": 2, "test": 3}
NO_PAIRS = pd.DataFrame({"first": [], "second": []}, dtype="str")


def table_of(splits: list[str], hashes: list[str]) -> pd.DataFrame:
    table = make(["happy"] * len(splits), hashes)
    table["split"] = splits
    return table


def test_equal_and_near_copies() -> None:
    table = table_of(["train", "train", "val", "test", "train", "unassigned"], ["a", "b", "a", "c", "d", "c"])
    pairs = pd.DataFrame({"first": ["b", "a"], "second": ["c", "c"]})
    assert leaking_rows(table, NO_PAIRS).tolist() == [True, False, False, False, False, False]
    assert leaking_rows(table, pairs).tolist() == [True, True, True, False, False, False]


def test_files_that_do_not_decode_never_leak() -> None:
    table = table_of(["train", "test"], ["", ""])
    table["error"] = "not an image"
    assert not leaking_rows(table, NO_PAIRS).any()


@settings(deadline=None)
@given(st.data())
def test_no_pair_across_splits_is_left_and_no_other_image_goes(data: st.DataObject) -> None:
    pictures = data.draw(st.lists(st.tuples(st.sampled_from(SPLITS), st.sampled_from("abcdef")), max_size=12))
    table = table_of([s for s, _ in pictures], [h for _, h in pictures])
    drawn = data.draw(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=6))
    pairs = pd.DataFrame([p for p in drawn if p[0] != p[1]], columns=["first", "second"], dtype="str")
    same = {*zip(pairs["first"], pairs["second"], strict=True)} | {(h, h) for h in "abcdef"}
    drop = leaking_rows(table, pairs)
    for i, (split, picture) in enumerate(pictures):
        later = [
            other
            for other, its in pictures
            if split in ORDER and other in ORDER and ORDER[other] > ORDER[split]
            and ((picture, its) in same or (its, picture) in same)
        ]  # fmt: skip
        assert drop[i] == bool(later)


def test_the_sample_holds_its_certificate(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    dataset = make_sample(workspace, "sample", count=300)
    before = dataset.manifest()
    done = separate(dataset)
    made, dropped = done.version, done.dropped
    assert sum(dropped.values()) > 0
    assert "test" not in dropped
    assert certify(dataset, made.id).holds
    after = open_dataset(workspace, "sample").manifest(made.id)
    both = before.merge(after, on="image_id", suffixes=("", "_after"))
    assert len(both) == len(after) == len(before) - sum(dropped.values())
    np.testing.assert_array_equal(both["split"], both["split_after"])
    assert separate(dataset) == Separated(made, {}, 0)


def test_beyond_the_sure_reach_nothing_is_dropped_but_counted(tmp_path: Path) -> None:
    dataset = make_sample(Workspace(tmp_path), "sample", count=300)
    pairs = compared_pairs(dataset, dataset.head)
    near = is_same(pairs)
    far = {"bits": 0}

    def apart(*_: object, **__: object) -> pd.DataFrame:
        return pairs[near].assign(distance=far["bits"])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fer_core.splits.separate.compared_pairs", apart)
        sure = rows_to_drop(dataset, dataset.head)
        far["bits"] = SURE_DISTANCE + 2
        unsure = rows_to_drop(dataset, dataset.head)
        equal = leaking_rows(dataset.manifest(), NO_PAIRS)
        np.testing.assert_array_equal(unsure, equal)
        assert possible_leaks(dataset, dataset.head, unsure) == int((sure & ~equal).sum()) > 0
        done = separate(dataset)
        assert done.possible == int((sure & ~equal).sum())
        assert sum(done.dropped.values()) == int(equal.sum())
        assert done.version.parameters["possible"] == done.possible
        assert sum(separate(dataset, dataset.versions()[0].id, distance=DISTANCE).dropped.values()) == int(
            sure.sum()
        )
