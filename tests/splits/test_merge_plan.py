"""What a merge takes: fills and mappings as they are typed, and whatever is merged, the old rows stay as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from split_tables import EMOTIONS, make

from fer_core.base.errors import SplitError
from fer_core.splits.merge.fill import images_to_add, parse_fill, parse_mapping
from fer_core.splits.merge.plan import plan_merge
from fer_core.splits.merge.screening import UNREADABLE, WITHOUT_CLASS, Screening, screen


def test_balanced_fills_up_to_the_largest_class() -> None:
    sizes = {"happy": 100, "sad": 40, "fear": 0}
    assert images_to_add("balanced", sizes) == {"happy": 0, "sad": 60, "fear": 100}
    assert images_to_add(parse_fill("sad=5, fear=+2"), sizes) == {"happy": 0, "sad": 5, "fear": 2}
    assert parse_mapping(["joy=happy", "contempt="]) == {"joy": "happy", "contempt": ""}


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        ({"joy": 3}, "no such class to fill"),
        ({"sad": -1}, "negative"),
        ({"sad": 0}, "nothing to fill"),
        ({}, "nothing to fill"),
        ("sad:4", "class=number"),
        ("sad=few", "class=number"),
    ],
)
def test_fills_that_make_no_sense_are_explained(fill: str | dict[str, int], words: str) -> None:
    with pytest.raises(SplitError, match=words):
        images_to_add(fill, {"happy": 100, "sad": 40})


rows = st.lists(
    st.tuples(st.sampled_from(EMOTIONS[:3]), st.sampled_from(["train", "val", "test", "unassigned"])),
    min_size=4,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(
    rows,
    st.lists(st.tuples(st.sampled_from(EMOTIONS), st.integers(0, 40)), min_size=1, max_size=60),
    st.dictionaries(st.sampled_from(EMOTIONS[:3]), st.integers(0, 20)),
    st.sampled_from(["train", "all"]),
    st.integers(0, 3),
)
def test_whatever_is_merged_the_old_rows_stay_as_they_are(
    ours: list, theirs: list, fill: dict[str, int], into: str, seed: int
) -> None:
    labels, splits = zip(*ours, strict=True)
    table = make(list(labels)).assign(split=list(splits))
    names, pictures = zip(*theirs, strict=True)
    other = make(list(names), [f"h{n:05}" if n < 8 else f"o{n}" for n in pictures])
    other["image_id"] = [f"their{i}" for i in range(len(other))]
    other = other.assign(row=np.arange(len(other)), width=48, height=48)
    exact = other[other["pixel_hash"].isin(table["pixel_hash"])]
    screened = Screening(
        failed=pd.Series(dtype="str"),
        copies=exact[["image_id", "pixel_hash"]].assign(kind="exact", distance=0),
        same=pd.Series(pd.factorize(other["pixel_hash"])[0], index=other["image_id"]),
        together=pd.Series(dtype="str", name="near"),
        distance=4,
        mirrored=True,
    )
    try:
        plan = plan_merge(table, other, screened, name="o", fill=fill, into=into, seed=seed)  # type: ignore[arg-type]
    except SplitError:
        return
    old = plan.manifest.head(len(table))
    assert old["image_id"].tolist() == table["image_id"].tolist()
    assert old["split"].tolist() == table["split"].tolist()
    new = plan.manifest.iloc[len(table) :]
    assert len(new) == plan.added > 0
    assert not set(new["pixel_hash"]) & set(table["pixel_hash"])
    assert not new["pixel_hash"].duplicated().any()
    for name, count in new["label"].value_counts().items():
        assert count <= fill[name]
    assert set(new["split"]) <= ({"train"} if into == "train" else set(splits) - {"unassigned"})


def test_pictures_without_a_class_are_left_out_as_that() -> None:
    random = np.random.default_rng(3)

    def whole(labels: list[str], name: str) -> tuple[pd.DataFrame, np.ndarray]:
        n = len(labels)
        table = make(labels, [f"{name}{i}" for i in range(n)])
        hashes = random.integers(0, 2**63, n, dtype=np.uint64)
        table = table.assign(row=np.arange(n), width=48, height=48, contrast=0.5, phash=hashes)
        return table, random.integers(0, 256, (n, 48, 48), dtype=np.uint8)

    mine, pixels = whole(["happy", "sad"], "mine")
    other, theirs = whole(["happy", "", "happy", "sad"], "other")
    other.loc[[1, 3], "error"] = ["8 none", "The file cannot be read"]
    other.loc[3, "pixel_hash"] = ""
    for silent in ("", None):
        other.loc[1, "label"] = silent
        screened = screen(mine, pixels, other, theirs)
        plan = plan_merge(mine, other, screened, name="o", fill={"happy": 2})
        assert plan.left_out["label"].tolist() == ["", "sad"]
        assert plan.left_out["reason"].tolist() == [WITHOUT_CLASS, UNREADABLE]
        assert not [line for line in plan.warnings if "not here" in line]
