"""Copies and wrong labels of the real sets in FER_TEST_DATA, against counts and votes known beforehand."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from fer_core import mislabels
from fer_core.data.datasets import Dataset
from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.groups import confirmed_pairs, find_copies
from fer_core.duplicates.leakage import leak_table
from fer_core.duplicates.reach import RECALL, SURE_DISTANCE
from fer_core.duplicates.scan import DistinctPictures, Scan
from fer_core.duplicates.scan_store import load_scan, pair_table, pictures_of

pytestmark = pytest.mark.real


def test_copies_of_capstone4(capstone: Dataset) -> None:
    groups = find_exact(capstone.manifest())
    assert groups.summary() == {
        "groups": 732,
        "extra_copies": 856,
        "cross_split": {"train|val": 247, "test|train": 12, "test|val": 7},
        "conflicting_labels": 7,
    }
    leaks = leak_table(groups)
    assert [leaks.loc[split, split] for split in ("train", "val", "test")] == [541, 51, 0]


# Pairs in the same frame that pass, by reach: what bench/exhaustive_copies.py finds among all pairs, with a formula of its own.
_SURPRISE = {"near": {4: 403, 8: 462, 16: 466, 24: 466}, "mirrored": {4: 2, 24: 2}}
"""The same of the surprised faces of capstone4."""
_TRUTH = {
    "capstone4": {"near": {4: 966, 8: 1166, 16: 1237, 24: 1244}, "mirrored": {4: 20, 8: 21, 16: 25, 24: 27}},
    "fer2013": {"near": {4: 2200, 8: 2635, 16: 2744, 24: 2757}, "mirrored": {4: 33, 8: 34, 16: 41, 24: 43}},
}


_REFRAMED = {"capstone4": {"near": 1575, "mirrored": 31}, "fer2013": {"near": 4073, "mirrored": 66}}
"""Pairs in another frame; a change of the method must not find fewer."""


def scan_of(dataset: Dataset, kind: str) -> Scan:
    """Everything compared of a kind."""
    found = load_scan(dataset, kind)
    assert found is not None
    return found


def confirmed_of(scan: Scan, kind: str, wanted: dict[int, int], framed: int) -> np.ndarray:
    """Which of the compared pairs pass; all that are known to must be among them."""
    good = scan.correlation >= (0.9 if kind == "near" else 0.92)
    still, in_another = scan.bits[good & ~scan.framed], scan.bits[scan.framed]
    assert {reach: int((still <= reach).sum()) for reach in wanted} == wanted
    assert len(in_another) >= framed
    assert (in_another <= SURE_DISTANCE).mean() > 0.99  # so nearly all are dropped without a person
    assert len(confirmed_pairs(pair_table({kind: scan}), 24)) == good.sum()
    return good


def test_no_pair_of_surprised_faces_is_missed(compared_surprise: Dataset) -> None:
    pictures = pictures_of(compared_surprise.manifest(), compared_surprise.pixels())
    near, mirrored = (scan_of(compared_surprise, kind) for kind in ("near", "mirrored"))
    confirmed_of(near, "near", _SURPRISE["near"], 549)
    confirmed_of(mirrored, "mirrored", _SURPRISE["mirrored"], 1)
    others_find_them_too(pictures, near.first[near.framed], near.second[near.framed])


@pytest.mark.exhaustive
def test_no_pair_is_missed_at_any_reach(compared_capstone: Dataset, compared_fer2013: Dataset) -> None:
    everything, same_frame = 0, 0
    by_reach = dict.fromkeys(RECALL, 0)
    for dataset in (compared_capstone, compared_fer2013):
        pictures = pictures_of(dataset.manifest(), dataset.pixels())
        for kind, wanted in _TRUTH[dataset.name].items():
            scan = scan_of(dataset, kind)
            good = confirmed_of(scan, kind, wanted, _REFRAMED[dataset.name][kind])
            if kind == "near":
                others_find_them_too(pictures, scan.first[scan.framed], scan.second[scan.framed])
            everything += int(good.sum())
            same_frame += int((good & ~scan.framed).sum())
            for reach in by_reach:
                by_reach[reach] += int((scan.bits[good] <= reach).sum())
    assert same_frame == 4071
    assert {reach: round(n / everything, 3) for reach, n in by_reach.items()} == RECALL


def others_find_them_too(pictures: DistinctPictures, first: np.ndarray, second: np.ndarray) -> None:
    """Nearly all of some pairs in another frame lie on each other for OpenCV's alignment too, begun where a grid of sizes and
    moves agrees best; its affine map and its correlation are its own."""
    chosen = np.random.default_rng(0).permutation(len(first))[:40]
    scores = [aligned(pictures.pixels[first[at]], pictures.pixels[second[at]]) for at in chosen]
    assert np.mean(np.array(scores) >= 0.95) >= 0.95


def warped(picture: np.ndarray, onto: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(picture, onto, (48, 48), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


@cache
def frames() -> list[tuple[np.ndarray, np.ndarray]]:
    """A grid of sizes and moves, each with the pixels that a picture then covers, if these are enough."""
    found = []
    for size, right, down in product((0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4), range(-8, 9, 2), range(-8, 9, 2)):
        middle = 23.5 * (1 - size)
        onto = np.array([[size, 0, middle + right], [0, size, middle + down]], np.float32)
        seen = warped(np.ones((48, 48), np.uint8), onto) > 0
        if seen.mean() > 0.4:
            found.append((onto, seen))
    return found


def aligned(one: np.ndarray, other: np.ndarray) -> float:
    """The correlation that `cv2.findTransformECC` comes to."""
    begin, best = np.eye(2, 3, dtype=np.float32), -1.0
    for onto, seen in frames():
        here, moved = one[seen], warped(other, onto)[seen]
        if moved.std() > 0:
            score = float(np.corrcoef(here, moved)[0, 1])
            if score > best:
                best, begin = score, onto.copy()  # which OpenCV changes
    try:
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
        return float(cv2.findTransformECC(one, other, begin, cv2.MOTION_AFFINE, stop, None, 1)[0])
    except cv2.error:  # it does not converge
        return best


def near_groups(dataset: Dataset) -> tuple[int, int, dict[str, int]]:
    """How many there are, how large the largest is, and how many cross splits."""
    groups = find_copies(dataset.manifest(), pair_table({"near": scan_of(dataset, "near")}))
    summary = groups.summary()
    return summary["groups"], int(groups.table["group"].value_counts().max()), summary["cross_split"]


def test_near_groups_of_surprised_faces_are_small(compared_surprise: Dataset) -> None:
    """Different faces are not chained: the largest group is a set of pictures that are all alike."""
    count, largest, _ = near_groups(compared_surprise)
    assert (count, largest) == (731, 13)


@pytest.mark.exhaustive
def test_near_groups_of_capstone4_are_small(compared_capstone: Dataset) -> None:
    count, largest, across = near_groups(compared_capstone)
    assert (count, largest) == (1807, 13)  # of one photo, in as many frames
    assert across["train|val"] >= 190


def test_copies_of_fer2013(fer2013: Dataset) -> None:
    groups = find_exact(fer2013.manifest())
    summary = groups.summary()
    assert (summary["groups"], summary["extra_copies"], summary["conflicting_labels"]) == (1271, 1531, 54)
    assert (groups.table.groupby("group")["split"].nunique() > 1).sum() == 481
    leaks = leak_table(groups)
    assert [leaks.loc[split, split] for split in ("train", "val", "test")] == [1003, 20, 12]


def found_against_votes(manifest: pd.DataFrame, pixels: np.ndarray, real_data: Path) -> float:
    """Average precision of the quick ranking, where a label is wrong that at most one in ten people gave."""
    votes = pd.read_csv(real_data / "capstone4/capstone4_labels.csv").set_index("file")
    ranking = mislabels.rank(manifest, pixels)
    table = votes.loc[ranking["path"].str.split("/", n=1).str[1]]
    names = {"happy": "happiness", "neutral": "neutral", "sad": "sadness", "surprise": "surprise"}
    counts = table.filter(like="votes_")
    own = np.array([row[f"votes_{names[row['label']]}"] for _, row in table.iterrows()])
    wrong = (own <= 0.1 * counts.sum(axis=1)) & (own < counts.max(axis=1))
    return float(average_precision_score(wrong, -ranking["score"]))


def test_wrong_labels_of_a_quarter_of_capstone4_against_votes(capstone: Dataset, real_data: Path) -> None:
    assert found_against_votes(capstone.manifest()[::4], capstone.pixels(), real_data) >= 0.25


@pytest.mark.exhaustive
def test_wrong_labels_of_capstone4_against_votes(capstone: Dataset, real_data: Path) -> None:
    assert found_against_votes(capstone.manifest(), capstone.pixels(), real_data) >= 0.30
