"""Scans: nothing missed, nothing compared twice, the same answer in whatever order pictures come."""

from __future__ import annotations

from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from compared import manifest_of, pictures, same_scan
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample, truth
from fer_core.duplicates import scan
from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.groups import confirmed_pairs, copies_by_distance, find_copies, sample_pairs
from fer_core.duplicates.hash_kinds import HASHES, hashes
from fer_core.duplicates.reach import DISTANCE, STEPS
from fer_core.duplicates.scan_store import compare, compared_pairs, pictures_of, scan_file, stored_pairs


@pytest.mark.parametrize("kind", HASHES)
def test_hashes_are_those_of_imagehash(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 48, 48), dtype=np.uint8)
    shown = np.concatenate([pictures(60), noise, np.full((1, 48, 48), 90, np.uint8)])
    theirs_of = imagehash.average_hash if kind == "ahash" else getattr(imagehash, kind)
    theirs = [int(str(theirs_of(Image.fromarray(p))), 16) for p in shown]
    assert hashes(shown, kind).tolist() == theirs


def test_an_unknown_hash_is_refused() -> None:
    with pytest.raises(FerError, match="phash, dhash"):
        hashes(pictures(1), "colour")


@pytest.fixture(scope="module")
def planted() -> np.ndarray:
    """30 pictures; 30 moved, 31 brighter, 32 mirrored, 33 to 35 turned, 36 equal, 37 flat."""
    base = pictures(30)
    moved = np.pad(base[0], 1, mode="edge")[:48, :48]
    brighter = (base[1] * 0.7 + 40).astype(np.uint8)
    turned = [np.rot90(base[3 + quarter], quarter) for quarter in (1, 2, 3)]
    flat = np.full((48, 48), 7, np.uint8)
    return np.stack([*base, moved, brighter, base[2][:, ::-1], *turned, base[9], flat])


def test_planted_copies_are_found_and_named(planted: np.ndarray) -> None:
    table = manifest_of(planted)
    pairs = compare(table, planted, 4, ("near", "mirrored", "rotated"))
    groups = find_copies(table, pairs).table
    found = {tuple(g["path"].str[:4].astype(int)): g["kind"].iloc[1] for _, g in groups.groupby("group")}
    assert found == {
        (0, 30): "near", (1, 31): "near", (2, 32): "mirrored",
        (4, 33): "rotated", (5, 34): "rotated", (6, 35): "rotated", (9, 36): "exact",
    }  # fmt: skip


@pytest.mark.parametrize("hash", HASHES)
def test_every_hash_finds_moved_and_brighter_copies(planted: np.ndarray, hash: str) -> None:
    table = manifest_of(planted)
    groups = find_copies(table, compare(table, planted, 4, hash=hash)).table
    found = {tuple(g["path"].str[:4].astype(int)) for _, g in groups.groupby("group")}
    assert {(0, 30), (1, 31), (9, 36)} <= found


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(24)), st.data())
def test_groups_do_not_depend_on_order_and_hold_confirmed_pairs_only(
    order: list[int], data: st.DataObject
) -> None:
    some = pictures(6, seed=5).astype(np.float64)
    noise = np.random.default_rng(3).normal(0, 22, (24, 48, 48))
    close = (some[np.arange(24) % 6] + noise).clip(0, 255).astype(np.uint8)
    distance = data.draw(st.sampled_from([0, 4, 8]))

    def groups(sequence: list[int]) -> set[frozenset[str]]:
        table = manifest_of(close[sequence])
        pairs = compare(table, close[sequence], distance)
        good = confirmed_pairs(pairs, distance)
        known = {frozenset(pair) for pair in zip(good["first"], good["second"], strict=True)}
        found = find_copies(table, pairs, distance).table
        found = found.merge(table[["image_id", "pixel_hash"]], on="image_id")
        sets = [frozenset(g["pixel_hash"]) for _, g in found.groupby("group")]
        for members in sets:
            assert all(frozenset((a, b)) in known for a in members for b in members if a != b)
        return set(sets)

    assert groups(order) == groups(list(range(24)))


def test_a_rejected_pair_is_never_in_one_group(planted: np.ndarray) -> None:
    table = manifest_of(planted)
    pairs = compare(table, planted, 4)
    names = table["pixel_hash"]
    paths = find_copies(table, pairs, rejected=[(names[30], names[0])]).table["path"]
    assert not set(paths) & {"0000.png", "0030.png"}
    assert {"0001.png", "0031.png"} <= set(paths)


@pytest.mark.parametrize("kind", scan.KINDS)
def test_pictures_that_come_later_are_compared_as_if_they_had_always_been_there(
    planted: np.ndarray, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = manifest_of(planted)
    whole = scan.extend_scan(None, pictures_of(table, planted), kind)
    assert len(whole.first)
    part = scan.extend_scan(None, pictures_of(table.iloc[::2], planted), kind)
    late = scan.extend_scan(part, pictures_of(table, planted), kind)
    same_scan(late, whole)
    monkeypatch.setattr(scan, "correlated_pairs", lambda *_: pytest.fail("compared again"))
    same_scan(scan.extend_scan(late, pictures_of(table, planted), kind), whole)


def test_the_sample_holds_what_was_planted_and_the_scan_is_kept(tmp_path: Path) -> None:
    dataset = make_sample(Workspace(tmp_path), count=400)
    known = truth(dataset)
    assert stored_pairs(dataset, dataset.head) is None
    pairs = compared_pairs(dataset, dataset.head)
    again = stored_pairs(dataset, dataset.head)
    assert again is not None
    pd.testing.assert_frame_equal(pairs, again)
    lower = stored_pairs(dataset, dataset.head, distance=4)
    assert lower is not None
    pd.testing.assert_frame_equal(lower, pairs[pairs["distance"] <= 4].reset_index(drop=True))
    groups = find_copies(dataset.manifest(), pairs).table
    found = {frozenset(g["path"]): g["kind"].iloc[1] for _, g in groups.groupby("group")}
    for kind, named in (
        ("exact", "exact"),
        ("conflicting", "exact"),
        ("near", "near"),
        ("mirrored", "mirrored"),
    ):
        wanted = {frozenset(pair["paths"]) for pair in known[kind]}
        assert wanted <= {paths for paths, k in found.items() if k == named}
    planted = sum(len(known[kind]) for kind in ("exact", "conflicting", "near", "mirrored"))
    assert planted / len(found) >= 0.98
    scan_file(dataset, "near").write_bytes(b"PK damaged")
    assert stored_pairs(dataset, dataset.head) is None
    pd.testing.assert_frame_equal(compared_pairs(dataset, dataset.head), pairs)


def test_steps_count_what_each_distance_finds(planted: np.ndarray) -> None:
    table = manifest_of(planted)
    pairs = compare(table, planted, kinds=("near", "mirrored"))
    found = copies_by_distance(table, pairs)
    assert list(found["distance"]) == list(STEPS)
    assert found["pairs"].is_monotonic_increasing
    assert found["pairs"].iloc[-1] == found["confirmed"].sum() == len(confirmed_pairs(pairs, DISTANCE)) == 3
    assert (found["confirmed"] + found["refused"]).sum() == len(pairs)
    assert found["largest"].max() == 2
    shown = sample_pairs(pairs, int(pairs["distance"].max()), 4)
    assert 0 < len(shown) <= 4


@pytest.mark.parametrize("count", [0, 1, 5])
def test_nothing_one_picture_and_equal_pictures(count: int) -> None:
    same = np.repeat(pictures(1), count, axis=0)
    table = manifest_of(same)
    pairs = compare(table, same, 4, ("near", "mirrored", "rotated"))
    assert pairs.empty
    groups = find_copies(table, pairs)
    assert groups.summary() == find_exact(table).summary()
    assert groups.summary()["extra_copies"] == max(count - 1, 0)
    assert len(copies_by_distance(table, pairs)) == len(STEPS)


def test_thousands_of_blank_pictures_are_no_near_copies() -> None:
    blank = np.full((3000, 48, 48), 20, np.uint8)
    blank[:, 0, 0] = np.arange(3000) % 23
    table = manifest_of(blank)
    pairs = compare(table, blank, 10)
    assert pairs.empty
    assert find_copies(table, pairs).summary()["groups"] == 23


def test_impossible_requests_are_refused() -> None:
    table = manifest_of(pictures(3))
    for wrong in ({"distance": 25}, {"distance": -1}, {"hash": "md5"}, {"kinds": ("upside down",)}):
        with pytest.raises(FerError):
            compare(table, pictures(3), **wrong)  # type: ignore[arg-type]
