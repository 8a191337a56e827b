"""Keeping a test split, capping classes, balancing more than the class, and folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from split_tables import EMOTIONS, make, realistic

from fer_core.base.errors import SplitError, TooFewImages
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.near import stored_near_groups
from fer_core.splits.certificate import certify
from fer_core.splits.set_aside import COPY_OF_TEST, OVER_CAP
from fer_core.splits.stratify import save_fold, save_folds, save_plan, stratify, stratify_folds
from fer_core.splits.tables import group_violations

image = st.tuples(
    st.sampled_from(EMOTIONS[:3]),
    st.integers(0, 50),
    st.integers(-1, 6),
    st.sampled_from(["train", "val", "test", "unassigned"]),
)
images = st.lists(image, min_size=4, max_size=120)


def drawn(rows: list) -> tuple[pd.DataFrame, pd.Series]:
    labels, hashes, subjects, splits = zip(*rows, strict=True)
    table = make(list(labels), [f"h{h}" for h in hashes]).assign(split=list(splits))
    ids = pd.Series(["" if s < 0 else f"s{s}" for s in subjects], index=table["image_id"], name="subject")
    return table, ids


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("workspace")), count=300)


@settings(max_examples=60, deadline=None)
@given(images, st.integers(0, 3), st.sampled_from([None, 5, 20]))
def test_a_kept_test_split_is_not_touched(rows: list, seed: int, cap: int | None) -> None:
    table, ids = drawn(rows)
    groups = ["exact", ids] if (ids != "").any() else "exact"
    try:
        plan = stratify(table, (80, 20, 0), seed, groups, keep_test=True, cap=cap)
    except (SplitError, TooFewImages):
        return
    was, now = table["split"] == "test", plan.manifest["split"] == "test"
    assert was.tolist() == now.tolist()
    assert plan.group_violations == 0
    # Whoever shares a group with a test image is on no side at all.
    beside = table["pixel_hash"].isin(table["pixel_hash"][was]) & ~was
    assert (plan.manifest["split"][beside] == "unassigned").all()
    assert len(plan.manifest) == len(table)
    assert set(plan.aside["image_id"]) == set(
        table["image_id"][plan.manifest["split"].to_numpy() == "unassigned"]
    )


def test_train_and_val_share_what_a_kept_test_leaves() -> None:
    table = realistic(1)
    plan = stratify(table, (80, 10, 10), keep_test=True)
    test = int((table["split"] == "test").sum())
    after = plan.counts_after.drop(index="unassigned", errors="ignore")
    rest = after.drop(index="test")
    assert after.loc["test"].sum() == test
    assert rest.loc["train"].sum() / rest.to_numpy().sum() == pytest.approx(8 / 9, abs=0.001)
    assert plan.after["worst"].max() < 1
    assert set(plan.aside["reason"]) == {COPY_OF_TEST}
    assert any("too few to tell" in line for line in plan.warnings)
    assert plan.options == {"given_ratios": [80.0, 10.0, 10.0], "keep_test": True, "cap": None}


def test_there_must_be_a_test_to_keep() -> None:
    with pytest.raises(SplitError, match="no test split"):
        stratify(make(["happy"] * 9), keep_test=True)
    table = make(["happy"] * 9).assign(split=["test"] * 2 + ["train"] * 7)
    with pytest.raises(SplitError, match="train or val need a share"):
        stratify(table, (0, 0, 100), keep_test=True)


@settings(max_examples=60, deadline=None)
@given(images, st.integers(1, 30), st.integers(0, 3))
def test_no_class_exceeds_its_cap_and_nothing_is_lost(rows: list, cap: int, seed: int) -> None:
    table, _ = drawn(rows)
    try:
        plan = stratify(table, (60, 20, 20), seed, cap=cap)
    except TooFewImages:
        return
    used = plan.manifest[plan.manifest["split"] != "unassigned"]
    have = table["label"].value_counts()
    assert used["label"].value_counts().to_dict() == {name: min(n, cap) for name, n in have.items()}
    assert plan.manifest["image_id"].tolist() == table["image_id"].tolist()
    assert (plan.aside["reason"] == OVER_CAP).all()
    # Second copies go first: a class that leaves a picture out holds no second copy of another.
    for name, own in used.groupby("label"):
        pictures = table.loc[table["label"] == name, "pixel_hash"].nunique()
        assert own["pixel_hash"].nunique() == min(cap, pictures)


def test_what_was_set_aside_comes_back_with_the_next_split() -> None:
    table = realistic(2)
    capped = stratify(table, cap=200).manifest
    again = stratify(capped)
    assert (again.manifest["split"] != "unassigned").all()
    assert again.manifest["split"].tolist() == stratify(table).manifest["split"].tolist()
    with pytest.raises(SplitError, match="at least 1"):
        stratify(table, cap=0)


def test_other_columns_are_balanced_inside_the_classes() -> None:
    rng = np.random.default_rng(4)
    table = realistic(3)
    table["source"] = np.where(rng.random(len(table)) < 0.1, "other", "main")
    table["brightness"] = rng.random(len(table)).astype(np.float32)
    plain = stratify(table, seed=5)
    plan = stratify(table, seed=5, balance=("class", "source", "brightness"))
    assert plan.after["worst"].max() < 1
    assert plan.balance == ("class", "source", "brightness")
    assert plan.evenness["values"].to_dict() == {"class": 4, "source": 2, "brightness": 5}
    assert plan.evenness["worst"].max() < 1.0
    for name, part in plan.manifest.groupby("label"):
        val = part[part["split"] == "val"]["source"].eq("other")
        assert abs(val.sum() - len(val) * part["source"].eq("other").mean()) <= 1, name
    off = (plain.manifest["brightness"].groupby(plain.manifest["split"]).mean() - 0.5).abs().max()
    now = (plan.manifest["brightness"].groupby(plan.manifest["split"]).mean() - 0.5).abs().max()
    assert now < off
    with pytest.raises(SplitError, match="cannot be balanced"):
        stratify(table, balance=("class", "hairstyle"))


@settings(max_examples=40, deadline=None)
@given(images, st.sampled_from([("source",), ("brightness",), ("source", "brightness")]), st.integers(0, 3))
def test_balancing_more_never_splits_a_group(rows: list, balance: tuple, seed: int) -> None:
    table, ids = drawn(rows)
    groups = ids if (ids != "").any() else "exact"
    try:
        plan = stratify(table, (70, 15, 15), seed, groups, balance=balance)
    except TooFewImages:
        return
    assert plan.group_violations == 0
    assert set(plan.manifest["split"]) <= {"train", "val", "test"}


@settings(max_examples=60, deadline=None)
@given(images, st.integers(2, 7), st.integers(0, 3), st.booleans())
def test_folds_partition_the_images_and_split_no_group(
    rows: list, folds: int, seed: int, keep_test: bool
) -> None:
    table, ids = drawn(rows)
    groups = ids if (ids != "").any() else "exact"
    try:
        plan = stratify_folds(table, folds, seed, groups, keep_test=keep_test)
    except (SplitError, TooFewImages):
        return
    split = plan.manifest["split"]
    kept = table["split"] == "test" if keep_test else pd.Series(False, index=table.index)
    assert (split[kept] == "test").all()
    aside = split == "unassigned"
    assert set(split[~kept & ~aside]) == {f"fold-{n}" for n in range(1, folds + 1)}
    assert aside.sum() == len(plan.aside)
    assert keep_test or not aside.any()
    assert group_violations(plan.manifest, ids) == plan.group_violations == 0


def test_folds_are_equal_within_an_image_where_nothing_is_grouped() -> None:
    table = make(np.random.default_rng(0).choice(EMOTIONS, 1003).tolist())
    plan = stratify_folds(table, 10)
    assert plan.folds[0] == "fold-01"
    assert plan.folds[-1] == "fold-10"
    sizes = plan.after["images"]
    assert sizes.max() - sizes.min() <= 1
    assert (plan.counts_after.max() - plan.counts_after.min()).max() <= 1
    with pytest.raises(SplitError, match="2 to 20"):
        stratify_folds(table, 1)
    with pytest.raises(TooFewImages, match="5 splits need at least 5"):
        stratify_folds(make(["happy"] * 4), 5)


def test_every_fold_becomes_a_version_to_train_on(sample: Dataset) -> None:
    manifest = sample.manifest("v1")
    near = stored_near_groups(sample, "v1")
    assert near is not None
    plan = stratify_folds(manifest, 4, groups=near)
    whole, each = save_folds(sample, plan)
    assert sample.head == whole.id
    assert [v.parameters["fold"] for v in each] == list(plan.folds)
    assert {v.parent for v in each} == {whole.id}
    assert certify(sample, whole.id).holds
    good = manifest.loc[manifest["error"] == "", "image_id"]
    held: list[str] = []
    for version, fold in zip(each, plan.folds, strict=True):
        table = sample.manifest(version.id).set_index("image_id")["split"]
        mine = plan.manifest.set_index("image_id")["split"]
        assert (table[mine == fold] == "val").all()
        assert (table[mine.str.startswith("fold-") & (mine != fold)] == "train").all()
        held += [name for name in table.index[table == "val"] if name in set(good)]
    assert sorted(held) == sorted(good)  # every image is validated on exactly once
    with pytest.raises(SplitError, match="no such fold"):
        save_fold(sample, whole, "fold-9")
    with pytest.raises(SplitError, match="not split into folds"):
        save_fold(sample, sample.version("v1"), "fold-1")


def test_near_pairs_are_found_once_per_set_of_pictures(
    sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stored_near_groups(sample, "v1")
    assert first is not None
    saved = save_plan(sample, stratify(sample.manifest("v1"), seed=9, groups=first))
    monkeypatch.setattr(
        "fer_core.duplicates.scan_store.extend_scan", lambda *_: pytest.fail("compared again")
    )
    again = stored_near_groups(sample, saved.id)
    assert again is not None
    pd.testing.assert_series_equal(again.sort_index(), first.sort_index())
