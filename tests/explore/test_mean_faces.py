"""Averages of faces against NumPy, and look-alikes by hash against all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from face_tables import faces

from fer_core.charts import averages
from fer_core.data.image_measures import phash_stack
from fer_core.explore import mean_faces
from fer_core.explore.mean_faces import difference, effect_words, mean_face
from fer_core.explore.neighbours import nearest_by_hash, signatures


def test_mean_and_spread_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5000, 48, 48), dtype=np.uint8)
    rows = np.arange(0, 5000, 2)
    found = mean_face(pixels, rows)
    np.testing.assert_allclose(found.mean, pixels[rows].mean(axis=0))
    np.testing.assert_allclose(found.spread, pixels[rows].std(axis=0), rtol=1e-9)
    assert (found.used, found.images) == (2500, 2500)
    monkeypatch.setattr(mean_faces, "AT_MOST", 400)
    some = mean_face(pixels, rows)
    assert (some.used, some.images) == (400, 2500)
    assert np.abs(some.mean - found.mean).mean() < 4


def test_nothing_has_a_mean_too() -> None:
    found = mean_face(np.zeros((3, 48, 48), np.uint8), np.empty(0, np.int64))
    assert found.used == 0
    assert not found.mean.any()


def test_a_difference_is_in_standard_deviations() -> None:
    draw = np.random.default_rng(1)
    first = np.clip(draw.normal(140, 10, (4000, 4, 4)), 0, 255).astype(np.uint8)
    second = np.clip(draw.normal(120, 10, (4000, 4, 4)), 0, 255).astype(np.uint8)
    both = np.concatenate([first, second])
    apart = difference(mean_face(both, np.arange(4000)), mean_face(both, np.arange(4000, 8000)))
    np.testing.assert_allclose(apart, 2, atol=0.15)
    np.testing.assert_allclose(difference(*[mean_face(both, np.arange(9))] * 2), 0)


def test_a_difference_is_told_in_two_colours() -> None:
    picture = averages.diverging(np.array([[-2.0, 0.0, 2.0]]), limit=2)
    assert picture[0, 0, 2] > picture[0, 0, 0]
    assert picture[0, 2, 0] > picture[0, 2, 2]
    assert len(set(picture[0, 1].tolist())) == 1
    assert averages.to_grayscale(np.array([[0.0, 255.0, 300.0]])).tolist() == [[0, 255, 255]]


def test_look_alikes_of_many_are_those_of_all_pairs() -> None:
    pixels = faces(120)
    hashes = phash_stack(pixels)
    rows = np.arange(len(pixels))
    vectors = signatures(pixels)
    exact = vectors @ vectors[17]
    exact[17] = -2
    places, similarity = nearest_by_hash(pixels, rows, hashes, 17, candidates=119)
    assert 17 not in places
    assert len(places) == 119
    np.testing.assert_allclose(similarity[:5], np.sort(exact)[::-1][:5], atol=1e-5)
    fewer, _ = nearest_by_hash(pixels, rows, hashes, 17, candidates=60)
    assert len(fewer) == 60
    assert fewer[0] == places[0]
    assert len(nearest_by_hash(pixels[:1], rows[:1], hashes[:1], 0)[0]) == 0


def test_differences_are_named_by_cohens_convention() -> None:
    assert [effect_words(d) for d in (0.0, 0.19, 0.2, 0.79, 0.8, 3.0)] == [
        *["alike on average"] * 2, *["close"] * 2, *["apart"] * 2,
    ]  # fmt: skip
