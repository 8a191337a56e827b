"""Filling a dataset from another one: what is blocked, where new images go, what is kept with the version."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_core.base.errors import NotFound, SplitError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.manifest import image_id
from fer_core.data.sample.make import make_sample
from fer_core.data.versions import Version
from fer_core.duplicates.near import stored_near_groups
from fer_core.duplicates.reach import SURE_DISTANCE
from fer_core.splits.certificate import certify
from fer_core.splits.merge import screening
from fer_core.splits.merge.plan import HERE, NEAR_TEST, NO_CLASS, PERHAPS, TWICE, TWO_LABELS, plan_merge
from fer_core.splits.merge.save import check_different, probes, save_merge, screen_datasets
from fer_core.splits.merge.screening import Screening
from fer_core.splits.stratify import save_plan, stratify
from fer_core.splits.subjects import from_pattern


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("merge"))


@pytest.fixture(scope="module")
def mine(workspace: Workspace) -> Dataset:
    return make_sample(workspace, "mine", count=300)


@pytest.fixture(scope="module")
def split(mine: Dataset) -> Version:
    """The sample split without leaks."""
    near = stored_near_groups(mine, "v1")
    assert near is not None
    return save_plan(mine, stratify(mine.manifest("v1"), groups=near))


@pytest.fixture(scope="module")
def other(
    workspace: Workspace, mine: Dataset, split: Version, tmp_path_factory: pytest.TempPathFactory
) -> Dataset:
    """Sixty new faces, and one of everything that must not be added; file names say which."""
    fresh = make_sample(Workspace(tmp_path_factory.mktemp("fresh")), "fresh", seed=99, count=150)
    folder = tmp_path_factory.mktemp("other")

    def put(name: str, pixels: np.ndarray) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)

    pool = fresh.manifest().drop_duplicates("pixel_hash")
    pool = pool[(pool["error"] == "") & (pool["contrast"] > 0.1) & (pool["label"].isin(["happy", "sad"]))]
    near = stored_near_groups(fresh, "v1", 8)
    pool = pool[~pool["image_id"].isin(near.index if near is not None else [])].head(60)
    for number, row in enumerate(pool.itertuples()):
        put(
            f"{'surprised' if number % 2 else 'sad'}/ann{number // 4:02}_{number:04}.png",
            fresh.pixels()[row.row],
        )
    table = mine.manifest(split.id)
    clear = table[(table["error"] == "") & (table["contrast"] > 0.1)]
    in_val = clear[clear["split"] == "val"].iloc[:3]
    in_train = clear[clear["split"] == "train"].iloc[0]
    faces = [mine.pixels()[row] for row in in_val["row"]]
    put("sad/exact-val.png", faces[0])
    put("sad/mirrored-val.png", faces[1][:, ::-1])
    put("sad/brighter-val.png", np.clip(faces[2].astype(int) * 1.04 + 12, 0, 255).astype(np.uint8))
    put("sad/exact-train.png", mine.pixels()[in_train["row"]])
    put("sad/blank.png", np.full((48, 48), 90, np.uint8))
    put("sad/tiny.png", fresh.pixels()[pool["row"].iloc[-1]][:20, :20])
    put("surprised/again.png", np.roll(fresh.pixels()[pool["row"].iloc[1]], 1, axis=1))
    put("contempt/unknown.png", fresh.pixels()[pool["row"].iloc[-1]].T)
    two = np.ascontiguousarray(fresh.pixels()[pool["row"].iloc[-2]].T)
    put("sad/two-labels.png", two)
    put("surprised/two-labels.png", two)
    (folder / "sad" / "broken.png").write_bytes(b"no picture")
    return import_dataset(workspace, folder, "other")


@pytest.fixture(scope="module")
def screened(mine: Dataset, other: Dataset, split: Version) -> Screening:
    return screen_datasets(mine, other, split.id)


def test_every_planted_fault_is_left_out_for_its_reason(
    mine: Dataset, other: Dataset, split: Version, screened: Screening
) -> None:
    plan = plan_merge(
        mine.manifest(split.id), other.manifest(), screened, name="other", fill={"sad": 999, "surprise": 999}
    )
    reasons = dict(zip(plan.left_out["path"], plan.left_out["reason"], strict=True))
    again = {p: r for p, r in reasons.items() if r == TWICE}
    assert len(again) == 1
    assert set(again) <= {"surprised/again.png", "surprised/ann00_0001.png"}
    assert {p: r for p, r in reasons.items() if p not in again} == {
        "sad/exact-val.png": NEAR_TEST,
        "sad/mirrored-val.png": NEAR_TEST,
        "sad/brighter-val.png": NEAR_TEST,
        "sad/exact-train.png": HERE,
        "sad/blank.png": screening.BLANK,
        "sad/tiny.png": screening.TINY,
        "sad/broken.png": screening.UNREADABLE,
        "contempt/unknown.png": NO_CLASS,
        "sad/two-labels.png": TWO_LABELS,
        "surprised/two-labels.png": TWO_LABELS,
    }
    assert plan.table.loc[["sad", "surprise"], "added"].tolist() == [30, 30]
    assert plan.table.loc["sad", "asked"] == 999
    assert "sad: 999 asked for, 30 can be added." in plan.warnings
    assert any("contempt (1)" in line for line in plan.warnings)


def test_beyond_the_sure_reach_nobody_is_called_here_already(
    mine: Dataset, other: Dataset, split: Version, screened: Screening
) -> None:
    far = replace(screened, copies=screened.copies.assign(distance=SURE_DISTANCE + 2))
    fill = {"sad": 999, "surprise": 999}
    plan = plan_merge(mine.manifest(split.id), other.manifest(), far, name="other", fill=fill)
    reasons = dict(zip(plan.left_out["path"], plan.left_out["reason"], strict=True))
    assert reasons["sad/exact-train.png"] == PERHAPS
    assert reasons["sad/brighter-val.png"] == NEAR_TEST
    # Two pictures that may be one are both added, on one side.
    two = plan.taken["their_id"].iloc[:2]
    pair = replace(screened, together=pd.Series("same", index=pd.Index(two), name="perhaps"))
    for seed in range(5):
        both = plan_merge(
            mine.manifest(split.id), other.manifest(), pair, name="other", fill=fill, into="all", seed=seed
        ).taken.set_index("their_id")
        assert both.loc[two, "split"].nunique() == 1


def test_into_train_leaves_val_and_test_alone(
    mine: Dataset, other: Dataset, split: Version, screened: Screening
) -> None:
    before = mine.manifest(split.id)
    plan = plan_merge(before, other.manifest(), screened, name="other", fill={"surprise": 20}, into="train")
    version = save_merge(mine, other, plan)
    after = mine.manifest(version.id)
    for name in ("val", "test"):
        ours = before[before["split"] == name].reset_index(drop=True)
        theirs = after[after["split"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(ours, theirs)
    new = after[after["source"] == "other"]
    assert (len(new), set(new["split"]), set(new["label"])) == (20, {"train"}, {"surprise"})
    assert plan.drifts.loc["train", "new"]["surprise"]["test"] == 0
    assert plan.drifts.loc["train", "points"] > plan.drifts.loc["all", "points"]
    assert certify(mine, version.id).holds


def test_spread_over_all_splits_it_still_holds_and_says_where_each_image_is_from(
    mine: Dataset, other: Dataset, split: Version, screened: Screening
) -> None:
    people = from_pattern(other.manifest(), r"(ann\d+)_")
    plan = plan_merge(
        mine.manifest(split.id),
        other.manifest(),
        screened,
        name="other",
        fill={"surprise": 30, "sad": 30},
        into="all",
        groups=people,
    )
    told = probes(plan, mine.manifest(split.id), mine.pixels(), other.pixels())
    version = save_merge(mine, other, plan, told_apart=told)
    table = mine.manifest(version.id)
    new = table[table["source"] == "other"]
    assert set(new["split"]) == {"train", "val", "test"}
    assert (new["split"].groupby(new["path"].str.extract(r"(ann\d+)_")[0].to_numpy()).nunique() == 1).all()
    for name, share in plan.drifts.loc["all", "new"]["sad"].items():
        assert share == pytest.approx(plan.drifts.loc["all", "new"]["sad"]["train"], abs=0.2), name
    assert certify(mine, version.id).holds

    theirs = other.manifest().set_index("path")
    for row in new.itertuples():
        assert row.image_id == image_id("other", row.path)
        assert row.pixel_hash == theirs.loc[row.path, "pixel_hash"]
        np.testing.assert_array_equal(mine.pixels()[row.row], other.pixels()[theirs.loc[row.path, "row"]])
        assert mine.read_file(row.image_id) == other.read_file(image_id("main", row.path))
    kept = json.loads((mine.folder / "versions" / version.id / "version.json").read_text())["parameters"]
    assert kept["dataset"] == "other"
    assert kept["dataset_version"] == other.head
    assert kept["into"] == "all"
    assert kept["classes"]["sad"]["added"] == 30
    assert kept["left_out"][NEAR_TEST] == 3
    assert set(kept["drift"]) == {"as it is", "train", "all"}
    assert kept["sources_told_apart"]["sad"]["new"] == 30
    assert 0 <= kept["sources_told_apart"]["sad"]["auroc"] <= 1

    # The same pictures again take no second place, and nothing of them is left to add.
    rows = len(mine.pixels())
    assert save_merge(mine, other, plan).id == version.id
    assert len(mine.pixels()) == rows
    with pytest.raises(SplitError, match="No image of the other dataset can be added"):
        plan_merge(
            table, other.manifest(), screen_datasets(mine, other, version.id), name="other", fill={"sad": 5}
        )


def test_a_merged_set_can_be_merged_on(
    mine: Dataset, other: Dataset, split: Version, screened: Screening
) -> None:
    """A third dataset takes images that came from the second by way of the first."""
    plan = plan_merge(mine.manifest(split.id), other.manifest(), screened, name="other", fill={"sad": 9})
    version = save_merge(mine, other, plan)
    third = make_sample(mine.workspace, "third", seed=4, count=150)
    found = screen_datasets(third, mine, "v1", version.id)
    wider = plan_merge(third.manifest(), mine.manifest(version.id), found, name="mine", fill={"sad": 999})
    saved = save_merge(third, mine, wider, other_version=version.id)
    table = third.manifest(saved.id)
    assert set(table["source"]) == {"main", "mine", "other"}
    for source in ("mine", "other"):
        row = table[table["source"] == source].iloc[0]
        assert len(third.read_file(row["image_id"])) > 50
    assert set(third.sources) == {"main", "mine", "other"}


def test_bad_merges_are_explained_and_save_nothing(
    mine: Dataset, other: Dataset, split: Version, screened: Screening, tmp_path: Path
) -> None:
    table, theirs = mine.manifest(split.id), other.manifest()
    before = (len(mine.versions()), len(mine.pixels()), mine.head)
    with pytest.raises(SplitError, match="merged into itself"):
        screen_datasets(mine, mine)
    with pytest.raises(SplitError, match="merged into itself"):
        check_different(mine, mine)
    with pytest.raises(SplitError, match="No class of the other dataset maps"):
        plan_merge(table, theirs.assign(label="contempt"), screened, name="other", fill={"sad": 1})
    with pytest.raises(SplitError, match="no such class to map to"):
        plan_merge(table, theirs, screened, name="other", fill={"sad": 1}, mapping={"contempt": "anger"})
    with pytest.raises(SplitError, match="other dataset has no such class"):
        plan_merge(table, theirs, screened, name="other", fill={"sad": 1}, mapping={"fear": "sad"})
    with pytest.raises(SplitError, match="No image of the other dataset can be added"):
        plan_merge(table, theirs, screened, name="other", fill={"happy": 1})
    with pytest.raises(SplitError, match="into train or all"):
        plan_merge(table, theirs, screened, name="other", fill={"sad": 1}, into="test")  # type: ignore[arg-type]
    loose = table.assign(split="unassigned")
    for into, words in (("train", "no train split"), ("all", "no splits")):
        with pytest.raises(SplitError, match=words):
            plan_merge(loose, theirs, screened, name="other", fill={"sad": 1}, into=into)  # type: ignore[arg-type]
    plan = plan_merge(table, theirs, screened, name="other", fill={"sad": 1})
    with pytest.raises(SplitError, match="merged into itself"):
        save_merge(mine, mine, plan)
    with pytest.raises(SplitError, match="another dataset or version"):
        save_merge(make_sample(Workspace(tmp_path), "x", count=150), other, plan)
    assert (len(mine.versions()), len(mine.pixels()), mine.head) == before


def test_a_mapping_moves_classes_and_empty_leaves_them_out(
    mine: Dataset, other: Dataset, split: Version, screened: Screening
) -> None:
    plan = plan_merge(
        mine.manifest(split.id),
        other.manifest(),
        screened,
        name="other",
        fill={"neutral": 50},
        mapping={"surprise": "neutral", "sad": ""},
    )
    assert plan.table["added"].to_dict() == {"happy": 0, "surprise": 0, "neutral": 30, "sad": 0}
    assert set(plan.taken["their_label"]) == {"surprise"}


def test_a_source_that_is_gone_is_named(
    mine: Dataset, other: Dataset, split: Version, screened: Screening
) -> None:
    plan = plan_merge(mine.manifest(split.id), other.manifest(), screened, name="other", fill={"sad": 3})
    version = save_merge(mine, other, plan)
    row = mine.manifest(version.id).query("source == 'other'").iloc[0]
    source = other.source_path
    source.rename(source.with_name("gone"))
    try:
        with pytest.raises(NotFound, match="other, merged into this dataset"):
            mine.read_file(row["image_id"])
        assert mine.pixels()[row["row"]].any()
    finally:
        source.with_name("gone").rename(source)
