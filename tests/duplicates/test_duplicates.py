"""Copies: what was planted is found, nothing else is, and a group is a group from every side."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from compared import reference
from face_tables import faces, manifest_of, moved
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.data.datasets import Dataset
from fer_core.data.sample.truth import SampleTruth
from fer_core.duplicates.clustering import complete_link
from fer_core.duplicates.exact import COLUMNS, DuplicateGroups, find_exact
from fer_core.duplicates.groups import find_copies
from fer_core.duplicates.near import kinds_of
from fer_core.duplicates.reach import DISTANCE
from fer_core.duplicates.scan_store import compare


def find_near(
    manifest: pd.DataFrame, pixels: np.ndarray, distance: int = DISTANCE, mirrored: bool = False
) -> DuplicateGroups:
    """The groups that hold different pictures."""
    pairs = compare(manifest, pixels, distance, kinds_of(mirrored))
    table = find_copies(manifest, pairs, distance).table
    several = table["group"].isin(table.loc[table["kind"] != "exact", "group"])
    return DuplicateGroups(table[several].reset_index(drop=True))


def paths_of(groups: DuplicateGroups, kind: str | None = None) -> set[frozenset[str]]:
    """Groups as sets of paths; with `kind`, those in which some image is of that kind."""
    found = {g: frozenset(rows["path"]) for g, rows in groups.table.groupby("group")}
    kinds = groups.table.groupby("group")["kind"].unique()
    return {paths for g, paths in found.items() if kind is None or kind in kinds[g]}


def pairs_of(planted: SampleTruth, *kinds: str) -> set[frozenset[str]]:
    return {frozenset(pair["paths"]) for kind in kinds for pair in planted[kind]}


def test_exact_copies_of_the_sample_are_found_all_and_only(sample: Dataset, planted: SampleTruth) -> None:
    groups = find_exact(sample.manifest())
    assert paths_of(groups) == pairs_of(planted, "exact", "conflicting")
    summary = groups.summary()
    assert (summary["groups"], summary["extra_copies"], summary["conflicting_labels"]) == (30, 30, 6)
    assert list(groups.table.columns) == list(COLUMNS)
    assert (groups.table["distance"] == 0).all()


def test_mirrored_copies_are_found_only_on_request(sample: Dataset, planted: SampleTruth) -> None:
    groups = find_near(sample.manifest(), sample.pixels())
    assert not paths_of(groups) & pairs_of(planted, "mirrored")
    assert set(groups.table["kind"]) <= {"exact", "near"}


@pytest.mark.parametrize("change", ["brighter", "darker", "contrast", "shift", "diagonal", "noise"])
def test_changes_that_keep_the_picture(change: str) -> None:
    base = faces(30)
    face = base[3].astype(np.float64)
    changed = {
        "brighter": face + 25,
        "darker": face - 30,
        "contrast": (face - 128) * 0.7 + 128,
        "shift": moved(base[3], 0, 2),
        "diagonal": moved(base[3], -2, 1),
        "noise": face + np.random.default_rng(0).normal(0, 5, face.shape),
    }[change]
    pixels = np.concatenate([base, [np.clip(changed, 0, 255).astype(np.uint8)]])
    groups = find_near(manifest_of(pixels), pixels)
    assert paths_of(groups) == {frozenset({"train/happy/00003.png", "train/happy/00030.png"})}


def test_exact_copies_of_a_near_copy_join_its_group() -> None:
    base = faces(5)
    pixels = np.concatenate([base, base[:1], [moved(base[0], 1, 0)]])
    groups = find_near(manifest_of(pixels, splits=["train"] * 5 + ["val", "test"]), pixels)
    assert groups.table["kind"].tolist() == ["exact", "exact", "near"]
    assert groups.summary()["cross_split"] == {"train|val": 1, "test|train": 1, "test|val": 1}
    assert find_near(manifest_of(pixels[:6]), pixels[:6]).table.empty, "exact copies alone are no near group"


def test_a_chain_of_small_changes_is_not_one_group() -> None:
    one, other = faces(2)
    steps = [np.round(one + (other.astype(float) - one) * s).astype(np.uint8) for s in np.linspace(0, 1, 12)]
    pixels = np.stack(steps)
    table = find_near(manifest_of(pixels), pixels, distance=10).table
    assert table["group"].nunique() > 1
    for _, rows in table.groupby("group"):
        for a, b in combinations(rows["path"], 2):
            i, j = int(a[-9:-4]), int(b[-9:-4])
            assert reference(pixels[i], pixels[j]) >= 0.9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 14))
def test_linking_joins_only_what_is_wholly_confirmed(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = np.array(
        [p for p in combinations(range(count), 2) if rng.random() < 0.5], dtype=np.int64
    ).reshape(-1, 2)
    similarity = rng.uniform(0.9, 1, len(pairs))
    groups = complete_link(count, pairs[:, 0], pairs[:, 1], similarity)
    known = set(map(tuple, pairs.tolist()))
    for group in set(groups.tolist()) - {-1}:
        members = np.flatnonzero(groups == group).tolist()
        assert len(members) > 1
        assert all(pair in known for pair in combinations(members, 2))
    shuffled = rng.permutation(len(pairs))
    again = complete_link(count, pairs[shuffled, 0], pairs[shuffled, 1], similarity[shuffled])
    assert [(groups == g).tolist() for g in groups] == [(again == g).tolist() for g in again]
    if len(pairs):
        assert groups[pairs[similarity.argmax()][0]] == groups[pairs[similarity.argmax()][1]] >= 0


@pytest.mark.parametrize("mirrored", [False, True])
def test_correlations_are_those_of_numpy_from_both_sides_and_blind_to_light(mirrored: bool) -> None:
    base = faces(6)
    dim = (base * 0.6 + 20).astype(np.uint8)
    shown = np.concatenate([dim, [moved(base[0], -2, 1)]])
    pixels = np.concatenate([base, shown[:, :, ::-1] if mirrored else shown])
    table = manifest_of(pixels)
    found = compare(table, pixels, kinds=("mirrored" if mirrored else "near",))
    at = table.set_index("pixel_hash")["row"]
    assert len(found) >= 7
    for first, second, score in zip(found["first"], found["second"], found["correlation"], strict=True):
        one, other = pixels[at[first]], pixels[at[second]]
        turned = (one[:, ::-1], other[:, ::-1]) if mirrored else (one, other)
        assert score == pytest.approx(reference(turned[0], other), abs=2e-6)
        assert score == pytest.approx(reference(turned[1], one), abs=2e-6)


def test_hundreds_of_copies_of_one_picture_are_one_group() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(-3, 4, (400, 48, 48))
    pixels = np.clip(faces(1)[0].astype(int) + noise, 0, 255).astype(np.uint8)
    groups = find_near(manifest_of(pixels), pixels)
    assert groups.summary()["groups"] == 1
    assert groups.summary()["extra_copies"] == 399


def test_all_equal_pictures_are_one_exact_group() -> None:
    pixels = np.repeat(faces(1), 6, axis=0)
    table = manifest_of(
        pixels, labels=["happy"] * 5 + ["sad"], splits=["train", "train", "val", "val", "extra", "extra"]
    )
    summary = find_exact(table).summary()
    assert (summary["groups"], summary["extra_copies"], summary["conflicting_labels"]) == (1, 5, 1)
    assert summary["cross_split"] == {
        "train|val": 1,
        "test|train": 0,
        "test|val": 0,
        "extra|train": 1,
        "extra|val": 1,
    }


def test_unreadable_rows_are_left_out() -> None:
    table = manifest_of(np.repeat(faces(1), 3, axis=0))
    table.loc[:1, ["error", "pixel_hash", "row"]] = pd.DataFrame(
        {"error": ["cut short"] * 2, "pixel_hash": ["", ""], "row": [-1, -1]}
    )
    assert find_exact(table).table.empty
