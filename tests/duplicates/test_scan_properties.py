"""Scans against brute force, for any reach; and extending against scanning anew."""

from __future__ import annotations

import numpy as np
from compared import manifest_of, reference, same_scan
from face_tables import faces, moved
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.duplicates import scan
from fer_core.duplicates.phash import phashes
from fer_core.duplicates.reach import MAX_DISTANCE
from fer_core.duplicates.scan_store import compare, pictures_of

_SHIFTS = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_CHANGE = st.tuples(
    st.integers(0, 5),
    st.integers(-2, 2),
    st.integers(-2, 2),
    st.integers(-25, 25),
    st.booleans(),
    st.integers(0, 30),
)


def changed(drawn: list[tuple[int, int, int, int, bool, int]]) -> np.ndarray:
    """Faces moved, lit, mirrored and made noisy, uint8 (n, 48, 48), no two equal."""
    base = faces(6, seed=5)
    random = np.random.default_rng(0)
    made = []
    for i, dy, dx, light, flip, noise in drawn:
        face = moved(base[i][:, ::-1] if flip else base[i], dy, dx)
        made.append(
            np.clip(face.astype(np.float64) + light + random.normal(0, noise, face.shape), 0, 255).astype(
                np.uint8
            )
        )
    return np.unique(np.stack(made), axis=0)


def bits(one: np.ndarray, other: np.ndarray, mirrored: bool) -> int:
    """Smallest distance of two hashes, one after the other moved, by the definition."""
    best = 64
    for a, b in ((one, other), (other, one)):
        still = phashes(b[None])[0, 0]
        best = min(
            best, *(int(h ^ still).bit_count() for h in phashes(a[None], _SHIFTS, mirror=mirrored)[:, 0])
        )
    return best


@settings(max_examples=5, deadline=None)
@given(st.lists(_CHANGE, min_size=2, max_size=7), st.integers(0, MAX_DISTANCE), st.booleans())
def test_a_scan_at_any_reach_is_what_brute_force_finds(
    drawn: list[tuple[int, int, int, int, bool, int]], distance: int, mirrored: bool
) -> None:
    pixels = changed(drawn)
    table = manifest_of(pixels)
    names, plain = table["pixel_hash"], table["phash"]
    # A correlation that rounding may take to either side of the limit is neither.
    sure: set[frozenset[str]] = set()
    unsure: set[frozenset[str]] = set()
    for i in range(len(pixels)):
        for j in range(i):
            apart = bits(pixels[i], pixels[j], mirrored)
            if not mirrored:
                apart = min(apart, (int(plain[i]) ^ int(plain[j])).bit_count())
            score = reference(pixels[i][:, ::-1] if mirrored else pixels[i], pixels[j])
            if apart <= distance and score >= scan.KEPT - 1e-5:
                (sure if score >= scan.KEPT + 1e-5 else unsure).add(frozenset((names[i], names[j])))
    kind = "mirrored" if mirrored else "near"
    whole = scan.extend_scan(None, pictures_of(table, pixels), kind)
    found = compare(table, pixels, distance, (kind,))
    pairs = {frozenset(pair) for pair in zip(found["first"], found["second"], strict=True)}
    framed = {
        frozenset((whole.names[i].decode(), whole.names[j].decode()))
        for i, j in zip(whole.first[whole.framed], whole.second[whole.framed], strict=True)
    }
    assert pairs - framed <= sure | unsure
    assert sure - pairs <= framed  # that lie on each other better in another frame
    assert len(pairs) == len(found)


@settings(max_examples=5, deadline=None)
@given(st.lists(_CHANGE, min_size=2, max_size=12), st.integers(0, 11), st.sampled_from(scan.KINDS))
def test_extending_is_scanning_anew(
    drawn: list[tuple[int, int, int, int, bool, int]], at: int, kind: str
) -> None:
    pixels = changed(drawn)
    table = manifest_of(pixels)
    whole = scan.extend_scan(None, pictures_of(table, pixels), kind)
    part = scan.extend_scan(None, pictures_of(table.iloc[:at], pixels), kind)
    same_scan(scan.extend_scan(part, pictures_of(table, pixels), kind), whole)
