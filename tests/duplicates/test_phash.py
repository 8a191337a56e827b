"""Hashes of moved and mirrored pictures, and all pairs of hashes, against the plain way."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from face_tables import faces, moved
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_core.duplicates import phash


def reference(pixels: np.ndarray) -> int:
    return int(str(imagehash.phash(Image.fromarray(np.ascontiguousarray(pixels)))), 16)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("shift", [(0, 0), (1, -2), (-2, 0)])
def test_hashes_of_moved_pictures_are_imagehashs_but_for_rounding(
    shift: tuple[int, int], mirror: bool
) -> None:
    pictures = faces(40)
    found = phash.phashes(pictures, [shift], mirror=mirror)[0]
    turned = pictures[:, :, ::-1] if mirror else pictures
    wanted = np.array([reference(moved(p, *shift)) for p in turned], dtype=np.uint64)
    bits = np.bitwise_count(found ^ wanted)
    assert (bits <= 4).all()
    assert (bits == 0).mean() > 0.8


def as_set(blocks: object) -> set[tuple[int, int, int]]:
    return {(int(a), int(b), int(c)) for i, j, d in blocks for a, b, c in zip(i, j, d, strict=True)}  # type: ignore[attr-defined]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 10), st.integers(1, 120), st.integers(1, 120))
def test_bands_find_every_pair_once(seed: int, distance: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    centers = rng.integers(0, 2**63, 6, dtype=np.uint64)
    flips = [
        np.bitwise_or.reduce(np.uint64(1) << rng.integers(0, 64, rng.integers(1, 9), dtype=np.uint64))
        for _ in range(n + m)
    ]
    near = centers[rng.integers(0, 6, n + m)] ^ np.array(flips, dtype=np.uint64)
    left, right = near[:n], near[n:]
    banded = list(phash._banded(left, right, distance))
    assert as_set(banded) == as_set(phash._compare_all(left, right, distance))
    assert sum(len(i) for i, _, _ in banded) == len(as_set(banded))


def test_large_arrays_are_searched_by_bands_without_misses() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**63, 3000, dtype=np.uint64)
    hashes[1500:] = hashes[:1500] ^ (np.uint64(1) << rng.integers(0, 64, 1500, dtype=np.uint64))
    found = as_set(phash.hamming_pairs(hashes, hashes, 2))
    assert {(i, i + 1500, 1) for i in range(1500)} <= found
    assert {(i, i, 0) for i in range(3000)} <= found
