"""Stratify: nothing is lost, no group is split, every class keeps its ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from split_tables import EMOTIONS, make, realistic

from fer_core.base.errors import SplitError, TooFewImages
from fer_core.splits.rounding import targets
from fer_core.splits.stratify import parse_ratios, stratify
from fer_core.splits.tables import group_violations


@pytest.mark.parametrize("seed", range(5))
def test_every_class_keeps_its_ratio_in_every_split(seed: int) -> None:
    plan = stratify(realistic(seed), (80, 10, 10), seed=seed)
    shares = plan.counts_after / plan.counts_after.sum()
    for split, share in {"train": 0.8, "val": 0.1, "test": 0.1}.items():
        assert (shares.loc[split] - share).abs().max() < 0.01
    assert plan.after["worst"].max() < 1.0
    assert plan.after["images"].sum() == 3000
    assert plan.group_violations == 0
    assert plan.groups > 50


def test_before_and_after_say_what_happened() -> None:
    table = realistic()
    plan = stratify(table)
    changed = plan.manifest["split"] != table["split"]
    assert plan.moved == int(changed.sum()) > 0
    assert set(plan.moves["image_id"]) == set(table["image_id"][changed])
    assert (plan.moves["from"] != plan.moves["to"]).all()
    assert list(plan.moves) == ["image_id", "path", "label", "from", "to"]
    assert plan.before["target"].to_dict() == {"train": 0.8, "val": 0.1, "test": 0.1}
    assert plan.before.loc["test", "worst"] > 8
    assert plan.before["images"].to_dict() == table["split"].value_counts().to_dict()
    assert group_violations(table) > 0
    pd.testing.assert_frame_equal(plan.manifest.drop(columns="split"), table.drop(columns="split"))


def test_the_seed_decides_and_row_order_and_names_do_not() -> None:
    table = realistic()
    first = stratify(table, seed=1).manifest.set_index("image_id")["split"]
    shuffled = table.sample(frac=1, random_state=3)
    again = stratify(shuffled, seed=1).manifest.set_index("image_id")["split"]
    assert again.reindex(first.index).equals(first)
    renamed = stratify(table.assign(image_id=table["image_id"] + "x", path="p"), seed=1).manifest["split"]
    assert renamed.tolist() == first.tolist()
    assert stratify(table, seed=2).manifest["split"].tolist() != first.tolist()


def test_pictures_with_conflicting_labels_stay_on_one_side_and_are_named() -> None:
    table = make(["happy"] * 50 + ["sad"] * 50, [f"h{i % 50}" for i in range(100)])
    plan = stratify(table)
    assert plan.group_violations == 0
    assert plan.counts_after.loc["train"].tolist() == [40, 40]
    assert any("50 groups of equal pictures carry different labels" in line for line in plan.warnings)


def test_unreadable_files_keep_their_split() -> None:
    table = realistic()
    table.loc[:4, ["error", "pixel_hash"]] = ["not an image", ""]
    table.loc[:4, "split"] = ["val", "train", "unassigned", "test", "val"]
    plan = stratify(table)
    assert plan.manifest.loc[:4, "split"].tolist() == ["val", "train", "unassigned", "test", "val"]
    assert plan.after["images"].sum() == 2995
    assert any("5 files that do not decode" in line for line in plan.warnings)


def test_further_groups_are_kept_together_with_the_copies() -> None:
    table = realistic(n=2000)
    rng = np.random.default_rng(1)
    subject = pd.Series(rng.integers(0, 150, 2000).astype(str), index=table["image_id"], name="subject")
    subject[rng.random(2000) < 0.5] = ""
    plan = stratify(table, groups=subject)
    joined = plan.manifest.assign(subject=subject.to_numpy())
    named = joined[joined["subject"] != ""]
    assert (named.groupby("subject")["split"].nunique() == 1).all()
    assert (joined.groupby("pixel_hash")["split"].nunique() == 1).all()
    assert plan.group_violations == 0
    assert plan.grouped_by == "exact, subject"
    assert plan.after["worst"].max() < 1.0
    by_column = stratify(table.assign(subject=subject.to_numpy()), groups="subject")
    assert by_column.manifest["split"].equals(plan.manifest["split"])


def test_when_every_image_belongs_to_a_subject_the_ratios_are_still_close() -> None:
    rng = np.random.default_rng(2)
    table = make(rng.choice(EMOTIONS, 4000).tolist())
    subject = pd.Series(rng.integers(0, 200, 4000), index=table["image_id"])
    plan = stratify(table, groups=subject)
    assert plan.group_violations == 0
    assert plan.after["worst"].max() < 2.0


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ((80, 10, 5), "sum to 95"),
        ((0.8, 0.1, 0.2), "sum to 1.1"),
        ((80, 20), "3 ratios are needed"),
        ((120, -10, -10), "negative"),
        ((float("nan"), 50, 50), "negative or infinite"),
    ],
)
def test_ratios_that_do_not_add_up_are_refused(ratios: tuple[float, ...], words: str) -> None:
    with pytest.raises(SplitError, match=words):
        stratify(make(["happy"] * 10), ratios)


def test_ratios_as_text() -> None:
    assert parse_ratios("80/10/10") == (80, 10, 10)
    assert parse_ratios("0.8, 0.1, 0.1") == (0.8, 0.1, 0.1)
    with pytest.raises(SplitError, match="three numbers"):
        parse_ratios("most/some/few")


def test_shares_of_one_and_percent_mean_the_same_and_zero_means_none() -> None:
    table = make(["happy"] * 100)
    assert stratify(table, (0.8, 0.1, 0.1)).manifest.equals(stratify(table).manifest)
    assert stratify(table, (90, 10, 0)).after["images"].to_dict() == {
        "train": 90,
        "val": 10,
        "test": 0,
    }


def test_small_and_degenerate_sets() -> None:
    few = stratify(make(["happy"] * 50 + ["sad", "sad"] + ["fear"] * 4))
    assert any(line.startswith("sad has fewer images (2) than there are splits") for line in few.warnings)
    assert few.counts_after["fear"].tolist() == [2, 1, 1]
    assert few.counts_after["sad"].sum() == 2
    assert any(line.startswith("fear is more than 1 point off") for line in few.warnings)
    with pytest.raises(TooFewImages, match="no readable images"):
        stratify(make([]))
    with pytest.raises(TooFewImages, match="40 images in 1 group"):
        stratify(make(["happy"] * 40, ["same"] * 40))
    big = stratify(make(["happy"] * 100, ["same"] * 40 + [f"h{i}" for i in range(60)]))
    assert any("largest group (40 images) is larger than val" in line for line in big.warnings)
    assert big.after["images"].to_dict() == {"train": 80, "val": 10, "test": 10}


def test_groups_that_match_nothing_are_refused() -> None:
    table = make(["happy"] * 10)
    with pytest.raises(SplitError, match="match no image"):
        stratify(table, groups=pd.Series({"elsewhere": "a"}))
    with pytest.raises(SplitError, match="no such column"):
        stratify(table, groups="person")
    with pytest.raises(SplitError, match="more than one group"):
        stratify(table, groups=pd.Series(["a", "b"], index=["id00001", "id00001"]))


def test_rounding_favours_no_split() -> None:
    result = targets(np.full(40, 25), np.array([0.8, 0.1, 0.1]))
    assert result.sum(axis=0).tolist() == [800, 100, 100]
    assert (result.sum(axis=1) == 25).all()


image = st.tuples(st.sampled_from(EMOTIONS), st.integers(0, 60), st.integers(-1, 8))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(image, min_size=3, max_size=150),
    st.sampled_from([(80, 10, 10), (70, 15, 15), (34, 33, 33), (50, 50, 0)]),
    st.integers(0, 5),
)
def test_any_set_keeps_its_rows_groups_and_ratios(images: list, ratios: tuple, seed: int) -> None:
    labels, hashes, subjects = zip(*images, strict=True)
    table = make(list(labels), [f"h{h}" for h in hashes])
    groups = pd.Series(["" if s < 0 else f"s{s}" for s in subjects], index=table["image_id"])
    for extra in (None, groups[groups != ""]):
        if extra is not None and extra.empty:
            continue
        try:
            plan = stratify(table, ratios, seed, "exact" if extra is None else extra)
        except TooFewImages:
            continue
        result = plan.manifest
        assert result["image_id"].tolist() == table["image_id"].tolist()
        assert set(result["split"]) <= {"train", "val", "test"}
        assert (result.groupby("pixel_hash")["split"].nunique() == 1).all()
        assert group_violations(result, *([] if extra is None else [extra])) == plan.group_violations == 0
        if extra is not None:
            ids = result["image_id"].map(extra)
            assert (result.groupby(ids)["split"].nunique() == 1).all()
        again = stratify(table, ratios, seed, "exact" if extra is None else extra)
        assert again.manifest["split"].equals(result["split"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(EMOTIONS[:3]), st.integers(1, 9)), min_size=3, max_size=80),
    st.integers(0, 5),
)
def test_ratios_are_reached_within_the_size_of_the_groups(groups: list, seed: int) -> None:
    """Groups of one class each: no class misses its target by more than its two largest groups."""
    labels = [label for label, size in groups for _ in range(size)]
    hashes = [f"g{number}" for number, (_, size) in enumerate(groups) for _ in range(size)]
    plan = stratify(make(labels, hashes), (60, 20, 20), seed)
    for name in plan.counts_after:
        ideal = plan.counts_after[name].sum() * pd.Series({"train": 0.6, "val": 0.2, "test": 0.2})
        got = plan.counts_after[name].reindex(ideal.index, fill_value=0)
        largest = max(size for label, size in groups if label == name)
        assert (got - ideal).abs().max() <= 2 * largest


def test_a_set_without_near_copies_is_split_like_any_other() -> None:
    table = make(["happy"] * 20)
    none = pd.Series([], index=pd.Index([], dtype="str"), dtype="str", name="near copies")
    assert stratify(table, groups=none).after["images"].to_dict() == {"train": 16, "val": 2, "test": 2}
