from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import drawn
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.inference.explain import deletion_test, important_parts, occlusion_map, overlay
from fer_core.inference.predictor import Predictor

MOUTH = (slice(32, 42), slice(16, 32))


@pytest.fixture(scope="module")
def mouth_reader(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A model that looks at the mouth alone: light there is happy."""
    weights = np.zeros((48, 48, 1, 3))
    weights[(*MOUTH, 0, 0)] = 2.5 / (255 * 160)
    path = save_linear(tmp_path_factory.mktemp("m") / "m.onnx", weights, metadata=METADATA)
    return Predictor.load(path)


@pytest.fixture
def smile() -> np.ndarray:
    """A gray face with a light mouth."""
    face = np.random.default_rng(0).integers(80, 120, (48, 48), dtype=np.uint8)
    face[MOUTH] = 250
    return face


def test_heat_is_where_the_model_looks(mouth_reader: Predictor, smile: np.ndarray) -> None:
    heat = occlusion_map(mouth_reader, smile)
    assert (heat.shape, heat.dtype) == ((48, 48), np.float32)
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert 30 <= y <= 44
    assert 14 <= x <= 34
    assert heat[MOUTH].mean() > 0.05
    assert abs(heat[:16].mean()) < 1e-6


def test_a_class_that_gains_from_covering_is_negative(mouth_reader: Predictor, smile: np.ndarray) -> None:
    heat = occlusion_map(mouth_reader, smile, "sad")
    assert heat[MOUTH].mean() < 0
    with pytest.raises(ValueError, match="bored"):
        occlusion_map(mouth_reader, smile, "bored")


def test_every_pixel_is_covered_about_as_often(tmp_path: Path) -> None:
    """A model that weighs every pixel alike gives an even map, edges included."""
    weights = np.zeros((48, 48, 1, 3))
    weights[..., 0] = 2 / (255 * 48 * 48)
    predictor = Predictor.load(save_linear(tmp_path / "m.onnx", weights, metadata=METADATA))
    half_light = np.zeros((48, 48), np.uint8)
    half_light[:, ::2] = 200
    heat = occlusion_map(predictor, half_light, "happy")
    assert np.abs(heat).max() < 0.01


def test_deleting_the_hot_part_hurts_more_than_a_random_part(
    mouth_reader: Predictor, smile: np.ndarray
) -> None:
    heat = occlusion_map(mouth_reader, smile)
    deletion = deletion_test(mouth_reader, smile, heat)
    assert deletion.holds
    assert deletion.hot > 3 * max(deletion.random, 0.01)
    assert deletion.share == pytest.approx(0.15, abs=0.001)
    cold = deletion_test(mouth_reader, smile, -heat)
    assert cold.hot < deletion.hot


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_test_holds_for_a_smooth_model_on_drawn_faces(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    path = tmp_path_factory.mktemp("m") / "m.onnx"
    predictor = Predictor.load(save_linear(path, light_weights(strength=8), metadata=METADATA), threads=1)
    crop = drawn(seed, 48)
    heat = occlusion_map(predictor, crop)
    deletion = deletion_test(predictor, crop, heat, seed=seed)
    assert deletion.hot >= deletion.random - 1e-6


def test_colour_crops_of_any_size(tmp_path: Path) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    crop = np.random.default_rng(1).integers(0, 256, (90, 80, 3), dtype=np.uint8)
    assert occlusion_map(predictor, crop).shape == (48, 48)


def test_overlay_is_warm_where_it_is_hot(smile: np.ndarray) -> None:
    heat = np.zeros((48, 48), np.float32)
    heat[:24] = 0.4
    picture = overlay(smile[..., None], heat)
    assert (picture.shape, picture.dtype) == ((48, 48, 3), np.uint8)
    red_minus_blue = picture[..., 0].astype(int) - picture[..., 2]
    assert red_minus_blue[:24].mean() > 50 > 0 > red_minus_blue[24:].mean()
    np.testing.assert_array_equal(overlay(smile, heat, strength=0), np.repeat(smile[..., None], 3, axis=2))
    assert overlay(smile, np.full((48, 48), -0.1)).shape == (48, 48, 3)


def test_the_part_that_matters_is_named(mouth_reader: Predictor, smile: np.ndarray) -> None:
    assert important_parts(occlusion_map(mouth_reader, smile))[0] == "mouth"
    assert important_parts(-np.ones((48, 48), np.float32)) == ()
    heat = np.zeros((100, 100), np.float32)
    heat[25:34] = 1
    heat[40:50] = 0.95
    assert important_parts(heat) == ("brows", "eyes")
