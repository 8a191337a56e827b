"""The short vectors never bound a correlation from below, whatever the pictures, at any alignment."""

from __future__ import annotations

import numpy as np
import pytest
from compared import reference
from face_tables import faces
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.duplicates.all_pairs import _bound
from fer_core.duplicates.correlation import OFFSETS, correlation
from fer_core.duplicates.overlaps import ROUNDING, Overlaps


def unlike(seed: int) -> np.ndarray:
    """Faces, noise, steps, nearly blank and blank ones; uint8 (n, 48, 48)."""
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (4, 48, 48))
    steps = np.repeat(np.repeat(random.integers(0, 256, (4, 6, 6)), 8, axis=1), 8, axis=2)
    faint = np.full((3, 48, 48), 90)
    faint[0, random.integers(48), random.integers(48)] += 1
    faint[1] += random.integers(0, 2, (48, 48))
    return np.concatenate([faces(6, seed=seed), noise, steps, faint]).astype(np.uint8)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["near", "mirrored", "turned"]))
def test_each_level_is_at_least_the_correlation_and_tighter_than_the_one_before(seed: int, kind: str) -> None:
    pixels = unlike(seed)
    plain = Overlaps.of(pixels)
    left, own = {
        "near": (pixels, plain),
        "mirrored": (pixels[:, :, ::-1], plain.mirrored()),
        "turned": (np.rot90(pixels, 1, axes=(1, 2)), Overlaps.of(np.rot90(pixels, 1, axes=(1, 2)), plain)),
    }[kind]
    i, j = (side.ravel() for side in np.indices((len(pixels), len(pixels))))
    clear = (pixels.std(axis=(1, 2)) > 2)[i] & (pixels.std(axis=(1, 2)) > 2)[j]
    for number, (dy, dx) in enumerate(OFFSETS):
        opposite = OFFSETS.index((-dy, -dx))
        true = correlation(left, pixels, i, j, (dy, dx))
        looser = np.full(len(i), np.inf)
        for depth in range(1, 4):
            left_levels = [vectors[number] for vectors in own.levels[:depth]]
            right_levels = [vectors[opposite] for vectors in plain.levels[:depth]]
            bound = _bound(left_levels, right_levels, i, j)
            assert (bound >= true - ROUNDING).all()
            assert (bound <= looser + ROUNDING)[clear].all()
            looser = bound


def test_a_mirrored_vector_is_the_vector_of_the_mirrored_picture() -> None:
    pixels = faces(5, seed=1)
    plain = Overlaps.of(pixels)
    again = Overlaps.of(np.ascontiguousarray(pixels[:, :, ::-1]), plain)
    for signed, computed in zip(plain.mirrored().levels, again.levels, strict=True):
        assert np.allclose(signed, computed, atol=1e-4)


@pytest.mark.parametrize("offset", [(0, 0), (2, -1)])
def test_the_correlation_is_that_of_numpy(offset: tuple[int, int]) -> None:
    pixels = unlike(3)
    dy, dx = offset
    height, width = 48 - abs(dy), 48 - abs(dx)
    a = pixels[0, max(0, -dy) :, max(0, -dx) :][:height, :width].ravel()
    b = pixels[1, max(0, dy) :, max(0, dx) :][:height, :width].ravel()
    found = correlation(pixels, pixels, np.array([0]), np.array([1]), offset)[0]
    assert found == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-5)
    assert reference(pixels[0], pixels[1]) >= found - 1e-5
