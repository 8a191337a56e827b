"""AutoAugment (Cubuk et al. 2018): two operations on each image, by one of 25 pairs that a search found on ImageNet."""

from __future__ import annotations

import numpy as np

from fer_core.training.augmentation.rand_augment import OPERATIONS, Operation

_LEVELS = 9.0  # magnitudes of the paper are 0 to 9
_SHARED: dict[str, Operation] = {operation.__name__.strip("_"): operation for operation in OPERATIONS}
_POLICY = """
posterize .4 8, rotate .6 9
solarize .6 5, autocontrast .6 0
equalize .8 0, equalize .6 0
posterize .6 7, posterize .6 6
equalize .4 0, solarize .2 4
equalize .4 0, rotate .8 8
solarize .6 3, equalize .6 0
posterize .8 5, equalize 1 0
rotate .2 3, solarize .6 8
equalize .6 0, posterize .4 6
rotate .8 8, color .4 0
rotate .4 9, equalize .6 0
equalize 0 0, equalize .8 0
invert .6 0, equalize 1 0
color .6 4, contrast 1 8
rotate .8 8, color 1 2
color .8 8, solarize .8 7
sharpness .4 7, invert .6 0
shear_x .6 5, equalize 1 0
color .4 0, equalize .6 0
equalize .4 0, solarize .2 4
solarize .6 5, autocontrast .6 0
invert .6 0, equalize 1 0
color .6 4, contrast 1 8
equalize .8 0, equalize .6 0
"""
POLICY: tuple[tuple[tuple[str, float, float], ...], ...] = tuple(
    tuple(
        (name, float(chance), float(level) / _LEVELS)
        for name, chance, level in (part.split() for part in line.split(","))
    )
    for line in _POLICY.strip().splitlines()
)
"""Pairs of (operation, probability, magnitude 0..1): table 9 of the paper, for ImageNet."""


def auto_augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A changed copy of a batch uint8 (n, h, w, c); operations with two directions take either by chance."""
    chosen = rng.integers(len(POLICY), size=len(images))
    chances, ways = rng.random((len(images), 2)), np.where(rng.random((len(images), 2)) < 0.5, -1.0, 1.0)
    result = np.empty_like(images)
    for place, (image, target) in enumerate(zip(images, result, strict=True)):
        for number, (name, chance, magnitude) in enumerate(POLICY[chosen[place]]):
            if chances[place, number] < chance:
                changed = (
                    255 - image if name == "invert" else _SHARED[name](image, magnitude, ways[place, number])
                )
                image = changed.reshape(target.shape)
        target[...] = image
    return result
