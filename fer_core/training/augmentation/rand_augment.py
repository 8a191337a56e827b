"""RandAugment (Cubuk et al. 2019): a few operations on each image, drawn from fourteen, all at one magnitude."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Image = np.ndarray
Operation = Callable[[Image, float, float], Image]
"""uint8 (h, w, c), magnitude 0..1, and a sign or choice -1 or 1 -> uint8 of the same shape, or without the last axis."""


def rand_augment(images: np.ndarray, count: int, magnitude: float, rng: np.random.Generator) -> np.ndarray:
    """A changed copy of a batch uint8 (n, h, w, c): `count` operations on each image.

    Operations with two directions take either by chance.
    """
    chosen = rng.integers(len(OPERATIONS), size=(len(images), count))
    signs = np.where(rng.random((len(images), count)) < 0.5, -1.0, 1.0)
    result = np.empty_like(images)
    for image, numbers, ways, target in zip(images, chosen, signs, result, strict=True):
        for number, way in zip(numbers, ways, strict=True):
            image = OPERATIONS[number](image, magnitude, way).reshape(target.shape)
        target[...] = image
    return result


def _affine(image: Image, matrix: list[list[float]]) -> Image:
    """Through the middle of the image; `matrix` maps changed to original positions."""
    height, width = image.shape[:2]
    linear, shift = np.array(matrix)[:, :2], np.array(matrix)[:, 2] * (width, height)
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    whole = np.column_stack([linear, center - linear @ center + shift])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(image, whole, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    )


def _rotate(image: Image, magnitude: float, way: float) -> Image:
    angle = np.deg2rad(30 * magnitude * way)
    return _affine(image, [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])


def _shear_x(image: Image, magnitude: float, way: float) -> Image:
    return _affine(image, [[1, 0.3 * magnitude * way, 0], [0, 1, 0]])


def _shear_y(image: Image, magnitude: float, way: float) -> Image:
    return _affine(image, [[1, 0, 0], [0.3 * magnitude * way, 1, 0]])


def _translate_x(image: Image, magnitude: float, way: float) -> Image:
    return _affine(image, [[1, 0, 0.3 * magnitude * way], [0, 1, 0]])


def _translate_y(image: Image, magnitude: float, way: float) -> Image:
    return _affine(image, [[1, 0, 0], [0, 1, 0.3 * magnitude * way]])


def _table(image: Image, levels: np.ndarray) -> Image:
    """Replace each level 0..255 by another, float (256,)."""
    return np.asarray(cv2.LUT(image, np.clip(np.rint(levels), 0, 255).astype(np.uint8)))


def _contrast(image: Image, magnitude: float, way: float) -> Image:
    mean = (image if image.shape[-1] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).mean()
    return _table(image, mean + (np.arange(256) - mean) * (1 + 0.9 * magnitude * way))


def _brightness(image: Image, magnitude: float, way: float) -> Image:
    return _table(image, np.arange(256) * (1 + 0.9 * magnitude * way))


def _sharpness(image: Image, magnitude: float, way: float) -> Image:
    soft = cv2.GaussianBlur(image, (3, 3), 0).reshape(image.shape).astype(np.float32)
    sharp = soft + (image - soft) * (1 + 0.9 * magnitude * way)
    return np.asarray(np.clip(np.rint(sharp), 0, 255).astype(np.uint8))


def _posterize(image: Image, magnitude: float, way: float) -> Image:
    return np.asarray(image & np.uint8(256 - (1 << round(4 * magnitude))))


def _solarize(image: Image, magnitude: float, way: float) -> Image:
    return np.where(image >= 256 * (1 - magnitude), 255 - image, image).astype(np.uint8)


def _autocontrast(image: Image, magnitude: float, way: float) -> Image:
    low, high = int(image.min()), int(image.max())
    return image if low == high else _table(image, (np.arange(256.0) - low) * 255 / (high - low))


def _equalize(image: Image, magnitude: float, way: float) -> Image:
    return np.stack([cv2.equalizeHist(np.ascontiguousarray(c)) for c in np.moveaxis(image, -1, 0)], axis=-1)


def _identity(image: Image, magnitude: float, way: float) -> Image:
    return image


def _color(image: Image, magnitude: float, way: float) -> Image:
    """More or less colour; a gray image has none to change."""
    if image.shape[-1] == 1:
        return image
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    return np.asarray(
        np.clip(np.rint(gray + (image - gray) * (1 + 0.9 * magnitude * way)), 0, 255).astype(np.uint8)
    )


OPERATIONS: tuple[Operation, ...] = (
    _rotate,
    _shear_x,
    _shear_y,
    _translate_x,
    _translate_y,
    _contrast,
    _brightness,
    _sharpness,
    _posterize,
    _solarize,
    _autocontrast,
    _equalize,
    _color,
    _identity,
)
