"""What is measured on stacks equals what the libraries give for single pictures."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pictures import levels
from PIL import Image

from fer_core.data import image_measures, images


def reference(pixels: np.ndarray) -> int:
    return int(str(imagehash.phash(Image.fromarray(pixels), hash_size=8)), 16)


def noise(seed: int, count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width), dtype=np.uint8)


@pytest.mark.parametrize(
    "size", [(48, 48), (32, 32), (31, 33), (1, 1), (2, 90), (200, 300), (32, 50), (50, 32)]
)
def test_phash_is_that_of_imagehash(size: tuple[int, int]) -> None:
    stack = np.concatenate([noise(1, 20, *size), [levels(n, size) for n in range(20)]])
    assert image_measures.phash_stack(stack).tolist() == [reference(picture) for picture in stack]


def test_phash_of_every_blank_picture_is_that_of_imagehash() -> None:
    stack = np.arange(256, dtype=np.uint8)[:, None, None].repeat(48, 1).repeat(48, 2)
    assert image_measures.phash_stack(stack).tolist() == [reference(picture) for picture in stack]


def test_phash_of_stripes_and_nearly_blank_pictures_is_that_of_imagehash() -> None:
    row, column = np.indices((48, 48), dtype=np.int64)
    patterns = [row * 5, column * 5, (row + column) % 2 * 255, (row // 6 % 2) * 255, (row == 3) * 1]
    stack = np.stack([pattern.clip(0, 255).astype(np.uint8) for pattern in patterns])
    assert image_measures.phash_stack(stack).tolist() == [reference(picture) for picture in stack]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.integers(1, 70), st.integers(1, 9))
def test_phash_does_not_depend_on_its_neighbours(seed: int, height: int, width: int, count: int) -> None:
    stack = noise(seed, count, height, width)
    assert image_measures.phash_stack(stack).tolist() == [reference(picture) for picture in stack]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(1, 90), st.integers(1, 90), st.sampled_from([1, 7, 32, 48]))
def test_resizing_a_stack_equals_pillow(seed: int, height: int, width: int, size: int) -> None:
    stack = noise(seed, 3, height, width)
    expected = [Image.fromarray(p).resize((size, size), Image.Resampling.LANCZOS) for p in stack]
    np.testing.assert_array_equal(image_measures.resize_stack(stack, size), [np.asarray(p) for p in expected])


def test_resizing_more_than_a_sheet_holds() -> None:
    stack = noise(5, 9, 700, 800)
    singles = [images.resize(picture, 48) for picture in stack]
    np.testing.assert_array_equal(image_measures.resize_stack(stack, 48), singles)


@pytest.mark.parametrize("size", [(48, 48), (3, 3), (5, 400), (2500, 1700)])
def test_quality_is_what_its_words_say(size: tuple[int, int]) -> None:
    stack = np.stack([levels(1, size), noise(2, 1, *size)[0]])
    for picture, (brightness, contrast, sharpness) in zip(
        stack, image_measures.quality_stack(stack), strict=True
    ):
        g = picture.astype(np.float64) / 255
        laplacian = g[:-2, 1:-1] + g[2:, 1:-1] + g[1:-1, :-2] + g[1:-1, 2:] - 4 * g[1:-1, 1:-1]
        assert brightness == pytest.approx(g.mean(), rel=1e-5)
        assert contrast == pytest.approx(g.std(), rel=1e-5)
        assert sharpness == pytest.approx(laplacian.var(), rel=1e-5, abs=1e-12)


def test_blank_pictures_have_no_contrast_and_no_sharpness() -> None:
    blank = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    assert image_measures.quality_stack(blank).tolist() == [[0, 0, 0], [1, 0, 0]]


def test_a_picture_too_small_for_a_laplacian_has_no_sharpness() -> None:
    assert image_measures.quality_stack(noise(1, 2, 2, 9))[:, 2].tolist() == [0, 0]
