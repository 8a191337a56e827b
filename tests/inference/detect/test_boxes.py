from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import Finds, face

from fer_core.inference.detect.boxes import Box, Face, crop_face, face_crop_reason, non_maximum_suppression

boxes = st.builds(Box, st.integers(0, 80), st.integers(0, 80), st.integers(1, 60), st.integers(1, 60))


def test_iou_of_known_boxes() -> None:
    assert Box(0, 0, 10, 10).iou(Box(0, 0, 10, 10)) == 1
    assert Box(0, 0, 10, 10).iou(Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert Box(0, 0, 10, 10).iou(Box(10, 0, 10, 10)) == 0


@given(boxes, boxes)
def test_iou_is_symmetric_and_bounded(one: Box, other: Box) -> None:
    assert one.iou(other) == other.iou(one)
    assert 0 <= one.iou(other) <= 1


@given(st.lists(st.builds(Face, boxes, st.floats(0, 1)), max_size=12))
def test_suppression_keeps_the_best_and_no_overlaps(faces: list[Face]) -> None:
    kept = non_maximum_suppression(faces)
    assert all(a.box.iou(b.box) <= 0.3 for i, a in enumerate(kept) for b in kept[:i])
    if faces:
        assert max(f.score for f in faces) == max(f.score for f in kept)
    middles = [f.box.x + f.box.width / 2 for f in kept]
    assert middles == sorted(middles)
    assert non_maximum_suppression(kept) == kept


def test_a_box_inside_a_better_one_is_dropped() -> None:
    assert non_maximum_suppression([face(0, 0, 100), face(30, 30, 30, 0.5)]) == [face(0, 0, 100)]


def test_crop_is_square_and_centred() -> None:
    pixels = np.arange(100 * 120, dtype=np.int64).reshape(100, 120).astype(np.uint8)
    np.testing.assert_array_equal(crop_face(pixels, Box(20, 30, 40, 40), margin=0), pixels[30:70, 20:60])
    np.testing.assert_array_equal(crop_face(pixels, Box(20, 30, 40, 40), margin=0.1), pixels[26:74, 16:64])
    np.testing.assert_array_equal(crop_face(pixels, Box(20, 30, 20, 40), margin=0), pixels[30:70, 10:50])


def test_crop_beyond_the_picture_repeats_its_edge() -> None:
    pixels = np.full((50, 60, 3), 7, dtype=np.uint8)
    crop = crop_face(pixels, Box(-10, 30, 40, 40), margin=0.2)
    assert crop.shape == (56, 56, 3)
    assert (crop == 7).all()


@given(boxes, st.floats(0, 0.5))
def test_crop_is_square_wherever_the_box_lies(box: Box, margin: float) -> None:
    crop = crop_face(np.zeros((64, 48), dtype=np.uint8), box, margin)
    assert crop.shape[0] == crop.shape[1] >= max(box.width, box.height)


def test_a_picture_of_48_pixels_is_a_face_crop_without_looking() -> None:
    detector = Finds()
    assert "48 x 48" in face_crop_reason(np.zeros((48, 48), np.uint8), None, detector)
    assert not face_crop_reason(np.zeros((480, 640), np.uint8), None, detector)
    assert not detector.asked


def test_a_face_that_fills_the_picture() -> None:
    picture = np.zeros((350, 350), np.uint8)
    assert "covers 73%" in face_crop_reason(picture, [face(20, 30, 300)], Finds())
    assert not face_crop_reason(picture, [face(20, 30, 150)], Finds())
    assert not face_crop_reason(picture, [face(0, 0, 300), face(310, 310, 30)], Finds())


def test_a_portrait_is_not_a_crop() -> None:
    assert not face_crop_reason(np.zeros((600, 350), np.uint8), [face(0, 0, 340)], Finds())


def test_a_crop_too_tight_to_be_found_is_looked_at_with_a_border() -> None:
    detector = Finds([face(45, 40, 190)])
    assert face_crop_reason(np.zeros((200, 200, 3), np.uint8), [], detector)
    assert detector.asked == [(300, 300, 3)]


def test_small_square_pictures_without_a_found_face() -> None:
    assert "96 x 100" in face_crop_reason(np.zeros((100, 96), np.uint8), [], Finds())
    assert not face_crop_reason(np.zeros((300, 300), np.uint8), [], Finds())
