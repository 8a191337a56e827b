"""Changes of colour and views of a picture, against Pillow, colorsys and whole turns."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from test_loop import Fit
from tiny_faces import tiny_recipe

from fer_core.recipes.schema import Augmentation
from fer_core.training.augmentation.augment import augment
from fer_core.training.augmentation.auto_augment import POLICY, auto_augment
from fer_core.training.augmentation.rand_augment import OPERATIONS
from fer_core.training.predictions import augmented_views, predict

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 12, 12, 3), dtype=np.uint8)


class Fixed:
    """In the place of chance: the end of every range."""

    def uniform(self, low: float, high: float, size: int) -> np.ndarray:
        return np.full(size, high)


class Pair:
    """In the place of chance: one pair of operations, each where its probability is above `drawn`, upwards."""

    def __init__(self, pair: int, drawn: float) -> None:
        self._pair, self._left = pair, [drawn, 0.9]

    def integers(self, high: int, size: int) -> np.ndarray:
        return np.full(size, self._pair)

    def random(self, size: tuple[int, int]) -> np.ndarray:
        return np.full(size, self._left.pop(0))


def enhanced(image: np.ndarray, factor: float) -> np.ndarray:
    return np.asarray(ImageEnhance.Color(Image.fromarray(image)).enhance(factor)).astype(int)


def test_saturation_is_that_of_pillow() -> None:
    found = augment(PICTURES, Augmentation(saturation=0.4), Fixed())  # type: ignore[arg-type]
    for image, changed in zip(PICTURES, found, strict=True):
        assert np.abs(changed.astype(int) - enhanced(image, 1.4)).max() <= 1


def test_hue_turns_the_circle_of_colours_alone() -> None:
    found = augment(PICTURES, Augmentation(hue=0.25), Fixed())  # type: ignore[arg-type]
    for pixel, changed in zip(PICTURES.reshape(-1, 3), found.reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(pixel / 255))
        wanted = np.array(colorsys.hsv_to_rgb((hue + 0.25) % 1, saturation, value)) * 255
        np.testing.assert_allclose(changed, wanted, atol=1.01)


def test_gray_has_no_colour_to_change() -> None:
    gray = PICTURES[..., :1]
    same = augment(gray, Augmentation(saturation=0.4, hue=0.25), np.random.default_rng(0))
    np.testing.assert_array_equal(same, gray)


def test_the_fourteen_operations_are_there_and_color_is_that_of_pillow() -> None:
    names = {operation.__name__.strip("_") for operation in OPERATIONS}
    assert names == {
        "identity", "autocontrast", "equalize", "rotate", "solarize", "color", "posterize", "contrast", "brightness",
        "sharpness", "shear_x", "shear_y", "translate_x", "translate_y",
    }  # fmt: skip
    color = next(operation for operation in OPERATIONS if operation.__name__ == "_color")
    for way in (-1, 1):
        found = color(PICTURES[0], 0.5, way).astype(int)
        assert np.abs(found - enhanced(PICTURES[0], 1 + 0.45 * way)).max() <= 1


def test_autoaugment_takes_the_operations_of_a_pair_by_their_chances() -> None:
    def posterized(image: Image.Image) -> Image.Image:  # 8 - round(7 / 2.25) bits, then 8 - round(6 / 2.25)
        return ImageOps.posterize(ImageOps.posterize(image, 5), 5)

    def light(image: Image.Image) -> Image.Image:
        return ImageOps.autocontrast(ImageOps.solarize(image, 114))  # 255 (1 - 5 / 9)

    def vivid(image: Image.Image) -> Image.Image:
        return ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.4)).enhance(1.8)

    assert len(POLICY) == 25
    for pair, drawn, wanted in (
        (3, 0.5, posterized), (3, 0.7, lambda image: image), (14, 0.5, vivid),
        (14, 0.7, lambda image: ImageEnhance.Contrast(image).enhance(1.8)), (1, 0.7, lambda image: image),
    ):  # fmt: skip
        found = auto_augment(PICTURES, Pair(pair, drawn))  # type: ignore[arg-type]
        for image, changed in zip(PICTURES, found, strict=True):
            other = np.asarray(wanted(Image.fromarray(image))).astype(int)
            assert np.abs(other - changed).max() <= 3, pair  # Pillow rounds between operations
    solarized = auto_augment(PICTURES, Pair(1, 0.5))[0]  # type: ignore[arg-type]
    assert (
        np.corrcoef(solarized.ravel(), np.asarray(light(Image.fromarray(PICTURES[0]))).ravel())[0, 1] > 0.99
    )
    black = auto_augment(np.zeros((4000, 2, 2, 1), np.uint8), np.random.default_rng(0))
    # Black pictures turn white where a pair inverts: 3 of 25 pairs, .6 of the time.
    assert (black.reshape(4000, -1).max(axis=1) == 255).mean() == pytest.approx(3 / 25 * 0.6, abs=0.02)


def test_many_views_are_shifts_turns_sizes_and_lights_each_with_its_mirror(tmp_path: Path) -> None:
    y, x = np.mgrid[:48, :48]
    waves = (128 + 60 * np.sin(x / 9) + 40 * np.cos(y / 7)).astype(np.uint8)[None, ..., None]
    shown = augmented_views(waves, "flip_shift_turn_light")
    assert len(shown) == 22
    for plain, mirrored in zip(shown[:11], shown[11:], strict=True):
        np.testing.assert_array_equal(plain[:, :, ::-1], mirrored)

    def at(view: np.ndarray) -> np.ndarray:
        return view[0, 12:36, 12:36, 0].astype(float)

    def picture(matrix: list[list[float]]) -> np.ndarray:
        """The waves where a map about the middle puts each pixel of the inner part."""
        dy, dx = np.mgrid[12:36, 12:36] - 23.5
        (a, b), (c, d) = matrix
        px, py = 23.5 + a * dx + b * dy, 23.5 + c * dx + d * dy
        return 128 + 60 * np.sin(px / 9) + 40 * np.cos(py / 7)

    angle = np.deg2rad(5)
    for view, sign in ((shown[5], -1), (shown[6], 1)):
        cosine, sine = np.cos(angle), sign * np.sin(angle)
        np.testing.assert_allclose(at(view), picture([[cosine, -sine], [sine, cosine]]), atol=2)
    for view, scale in ((shown[7], 0.95), (shown[8], 1.05)):
        np.testing.assert_allclose(at(view), picture([[1 / scale, 0], [0, 1 / scale]]), atol=2)
    for view, light in ((shown[9], 0.9), (shown[10], 1.1)):
        np.testing.assert_allclose(view, np.clip(waves * light, 0, 255), atol=0.5)
    fit = Fit(tmp_path, tiny_recipe(training__epochs=1))
    table = predict(fit.model, fit.data, fit.data.val, "flip_shift_turn_light")
    images = np.asarray(fit.data.pixels[fit.data.val.rows])
    mean = np.mean(
        [fit.model.predict(view, verbose=0) for view in augmented_views(images, "flip_shift_turn_light")],
        axis=0,
    )
    assert table[["p_happy", "p_neutral", "p_sad"]].to_numpy() == pytest.approx(mean, abs=1e-5)
