"""Sets too large to compare all pairs: found is what brute force finds within the reach of the hashes, and it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from compared import manifest_of, reference, same_scan
from face_tables import faces, moved

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.duplicates import reach, scan
from fer_core.duplicates.phash import phashes
from fer_core.duplicates.scan_store import (
    compare,
    compared_pairs,
    load_scan,
    pictures_of,
    scan_file,
    stored_pairs,
    stored_reach,
)
from fer_core.splits import certificate, leaks
from fer_core.splits.certificate import certify

_SHIFTS = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every set is too large."""
    monkeypatch.setattr(reach, "ALL_PAIRS_UP_TO", 3)


def copies() -> np.ndarray:
    """Faces and their copies, moved, mirrored and made noisy more and more; uint8 (n, 48, 48)."""
    base = faces(12, seed=3)
    random = np.random.default_rng(0)
    made = [*base]
    for number, face in enumerate(base):
        other = moved(face, number % 5 - 2, number % 3 - 1)
        noisy = other + random.normal(0, 1 + 2 * number, other.shape)
        made.append(np.clip(noisy if number % 2 else noisy[:, ::-1], 0, 255).astype(np.uint8))
    return np.stack(made)


def brute_force(pixels: np.ndarray, kind: str) -> set[frozenset[str]]:
    """Pairs that correlate and whose hashes are near at some move, one after the other."""
    table = manifest_of(pixels)
    mirror = kind == "mirrored"
    still, shifted = phashes(pixels)[0], phashes(pixels, _SHIFTS, mirror=mirror)
    found = set()
    for i in range(len(pixels)):
        for j in range(i):
            apart = [np.bitwise_count(shifted[:, a] ^ still[b]).min() for a, b in ((i, j), (j, i))]
            if not mirror:
                apart.append(np.bitwise_count(table["phash"][i] ^ table["phash"][j]))
            turned = pixels[i][:, ::-1] if mirror else pixels[i]
            if min(apart) <= reach.PROPOSED_DISTANCE and reference(turned, pixels[j]) >= scan.KEPT:
                found.add(frozenset((table["pixel_hash"][i], table["pixel_hash"][j])))
    return found


@pytest.mark.parametrize("kind", ["near", "mirrored"])
def test_what_hashes_propose_is_what_brute_force_finds(large: None, kind: str) -> None:
    pixels = copies()
    pairs = compare(manifest_of(pixels), pixels, kinds=(kind,))
    found = {frozenset(pair) for pair in zip(pairs["first"], pairs["second"], strict=True)}
    assert found == brute_force(pixels, kind)
    assert len(found) == len(pairs) > 2
    assert pairs["distance"].max() <= reach.PROPOSED_DISTANCE


@pytest.mark.parametrize("kind", scan.KINDS)
def test_it_is_a_part_of_all_pairs_whatever_the_slices(
    kind: str, large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = copies()
    table = manifest_of(pixels)
    whole = scan.extend_scan(None, pictures_of(table, pixels), kind)
    assert whole.reach == reach.PROPOSED_DISTANCE
    part = scan.extend_scan(None, pictures_of(table.iloc[:9], pixels), kind)
    late = scan.extend_scan(part, pictures_of(table, pixels), kind)
    same_scan(late, whole)
    assert late.reach == whole.reach
    monkeypatch.setattr("fer_core.duplicates.proposed._SLICE", 5)
    monkeypatch.setattr("fer_core.duplicates.proposed._LATER", 4)
    same_scan(scan.extend_scan(None, pictures_of(table, pixels), kind), whole)
    monkeypatch.setattr(reach, "ALL_PAIRS_UP_TO", 1000)
    every = scan.extend_scan(None, pictures_of(table, pixels), kind)
    near = every.bits <= reach.PROPOSED_DISTANCE
    assert np.array_equal(every.first[near], whole.first)
    assert np.array_equal(every.second[near], whole.second)
    assert np.allclose(every.correlation[near], whole.correlation, atol=1e-5)
    # What was proposed once is never called all pairs later.
    assert scan.extend_scan(part, pictures_of(table, pixels), kind).reach == reach.PROPOSED_DISTANCE
    assert every.reach == reach.ALL_PAIRS


def test_the_words_say_how_pairs_were_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = make_sample(Workspace(tmp_path), count=240)
    compared_pairs(sample, sample.head)
    assert stored_reach(sample, ("near", "mirrored")) == reach.ALL_PAIRS
    whole = certify(sample)
    assert "all pairs" in whole.method
    assert whole.proposed is None
    for kind in ("near", "mirrored"):
        scan_file(sample, kind).unlink()
    monkeypatch.setattr(reach, "ALL_PAIRS_UP_TO", 3)
    assert stored_pairs(sample, sample.head) is None
    paper = certify(sample)
    scanned_now = load_scan(sample, "near")
    assert scanned_now is not None
    assert scanned_now.reach == reach.PROPOSED_DISTANCE
    said = f"pairs in the same frame proposed by hashes up to {reach.PROPOSED_DISTANCE} bits"
    assert said in paper.method
    assert "all pairs" not in paper.method
    assert said in paper.scope
    assert (paper.distance, paper.proposed) == (reach.PROPOSED_DISTANCE, reach.PROPOSED_DISTANCE)
    assert paper.recall == reach.recall(reach.PROPOSED_DISTANCE, framed=False) < 1
    assert paper.current, "as far as is usual for so large a set"
    assert certificate.load(sample, sample.head) == paper
    found = leaks.leaks_of(sample)
    assert said in found.sentence
    assert (found.reach, found.proposed) == (reach.PROPOSED_DISTANCE, reach.PROPOSED_DISTANCE)
    assert found.record()["recall"] == reach.recall(reach.PROPOSED_DISTANCE, framed=False)
