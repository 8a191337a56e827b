"""The short way gives what the usual way gives, and lets everything else pass by."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pictures import encoded, levels
from PIL import Image

from fer_core.data.jpeg import open_plain_gray, plain_gray_size

LIMIT = 10**6


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99),
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    quality=st.integers(1, 100),
    progressive=st.booleans(),
    optimize=st.booleans(),
)
def test_it_equals_the_usual_way(
    seed: int, size: tuple[int, int], quality: int, progressive: bool, optimize: bool
) -> None:
    data = encoded(levels(seed, size), "JPEG", quality=quality, progressive=progressive, optimize=optimize)
    assert plain_gray_size(data) == (size[1], size[0])
    image = open_plain_gray(data, LIMIT)
    assert image is not None
    np.testing.assert_array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(data))))


def test_restart_markers_and_comments_are_harmless() -> None:
    data = encoded(levels(1), "JPEG", restart_marker_blocks=2, comment=b"taken in the garden")
    image = open_plain_gray(data, LIMIT)
    assert image is not None
    np.testing.assert_array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize(
    "data",
    [
        encoded(np.stack([levels(n) for n in range(3)], axis=2), "JPEG"),
        encoded(Image.fromarray(levels(0)).convert("CMYK"), "JPEG"),
        encoded(levels(0), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
        encoded(levels(0), "JPEG", icc_profile=b"profile"),
        encoded(levels(0), "PNG"),
        b"\xff\xd8\xff",
        b"",
    ],
)
def test_anything_more_takes_the_usual_way(data: bytes) -> None:
    assert open_plain_gray(data, LIMIT) is None


def test_a_file_cut_anywhere_is_left_to_the_usual_way() -> None:
    data = encoded(levels(2), "JPEG")
    for end in range(len(data) - 2):
        usual = _usual(data[:end])
        short = open_plain_gray(data[:end], LIMIT)
        assert short is None or (usual is not None and np.array_equal(np.asarray(short), usual))


def _usual(data: bytes) -> np.ndarray | None:
    try:
        return np.asarray(Image.open(io.BytesIO(data)))
    except OSError:
        return None


def test_the_limit_holds() -> None:
    assert open_plain_gray(encoded(levels(0), "JPEG"), 48 * 48 - 1) is None
