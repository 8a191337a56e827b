from __future__ import annotations

import numpy as np
import pytest

from fer_core.recipes.schema import Augmentation
from fer_core.training.augmentation.augment import augment


def faces(n: int = 40, channels: int = 1) -> np.ndarray:
    # Smooth pictures, so that a small move changes little.
    y, x = np.mgrid[:48, :48]
    phase = np.random.default_rng(1).uniform(0, 6, (n, 1, 1, channels))
    waves = 128 + 60 * np.sin(x[None, :, :, None] / 9 + phase) + 40 * np.cos(y[None, :, :, None] / 7)
    return waves.astype(np.uint8)


def run(images: np.ndarray, seed: int = 0, **fields: float) -> np.ndarray:
    return augment(images, Augmentation(**fields), np.random.default_rng(seed))  # type: ignore[arg-type]


def test_nothing_asked_for_changes_nothing() -> None:
    images = faces()
    assert run(images) is images


def test_the_batch_itself_is_never_changed() -> None:
    images = faces()
    before = images.copy()
    run(images, horizontal_flip=True, rotation=0.1, zoom=0.2, translation=0.1, contrast=0.3, brightness=0.2)
    run(images, horizontal_flip=True)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    "field",
    [
        "rotation",
        "zoom",
        "translation",
        "contrast",
        "brightness",
        "horizontal_flip",
        "perspective",
        "erasing",
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_field_acts_and_follows_the_seed(field: str, channels: int) -> None:
    images = faces(channels=channels)
    asked = {field: {"horizontal_flip": True, "erasing": 0.6}.get(field, 0.2)}
    changed = run(images, **asked)
    assert (changed.shape, changed.dtype) == (images.shape, np.uint8)
    assert (changed != images).any(axis=(1, 2, 3)).mean() > 0.3
    again = run(images, **asked)
    np.testing.assert_array_equal(changed, again)
    other = run(images, seed=1, **asked)
    assert (changed != other).any()


@pytest.mark.parametrize("with_geometry", [False, True])
def test_half_of_the_images_are_mirrored_exactly(with_geometry: bool) -> None:
    images = np.random.default_rng(0).integers(0, 256, (400, 48, 48, 1), dtype=np.uint8)
    # A move too small to see makes the mirror go through the warp.
    changed = run(images, horizontal_flip=True, translation=1e-9 if with_geometry else 0.0)
    same = (changed == images).all(axis=(1, 2, 3))
    mirrored = (changed == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert 150 < mirrored.sum() < 250


def test_a_shift_moves_by_whole_pixels_within_its_range() -> None:
    dot = np.zeros((200, 48, 48, 1), dtype=np.uint8)
    dot[:, 24, 24] = 255
    moved = run(dot, translation=0.1).astype(float)
    weight = moved.sum(axis=(1, 2, 3))
    center = (moved[..., 0] * np.arange(48)).sum(axis=(1, 2)) / weight
    assert abs(center - 24).max() <= 0.1 * 48 + 0.5
    assert abs(center - 24).max() > 3
    assert abs(center.mean() - 24) < 0.5


def test_a_rotation_turns_about_the_center() -> None:
    images = np.zeros((100, 49, 49, 1), dtype=np.uint8)
    images[:, 24, 24] = 255
    images[:, 24, 44] = 255
    turned = run(images, rotation=0.125)
    assert (turned[:, 24, 24] > 200).all()
    y, x = np.mgrid[-24:25, -24:25]
    ring = turned[..., 0] * (np.hypot(x, y) > 10)
    angle = np.arctan2((ring * y).sum(axis=(1, 2)), (ring * x).sum(axis=(1, 2)))
    assert abs(angle).max() <= np.pi / 4 + 0.05
    assert abs(angle).max() > 0.6


def test_contrast_keeps_the_mean_and_brightness_moves_it() -> None:
    images = faces()
    mean = images.mean(axis=(1, 2, 3))
    assert abs(run(images, contrast=0.2).mean(axis=(1, 2, 3)) - mean).max() < 1
    moved = run(images, brightness=0.1).mean(axis=(1, 2, 3)) - mean
    assert 10 < abs(moved).max() <= 0.1 * 255 + 1
    assert abs(moved.mean()) < 8


def test_light_stays_in_the_range_of_pixels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 48, 48, 1), dtype=np.uint8)
    changed = run(images, contrast=0.9, brightness=1.0).astype(int)
    # A wrap-around would turn a bright picture dark: order within an image must be kept.
    for before, after in zip(images[..., 0].reshape(20, -1), changed[..., 0].reshape(20, -1), strict=True):
        order = np.argsort(before, kind="stable")
        assert (np.diff(after[order]) >= 0).all()


def test_erasing_takes_one_rectangle_of_the_asked_share_of_images() -> None:
    images = faces(400)
    changed = (run(images, erasing=0.25) != images).any(axis=3)
    hit = changed.any(axis=(1, 2))
    assert 0.15 < hit.mean() < 0.35
    for mask in changed[hit]:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1) / mask.size
        assert box < 0.25
        assert (
            mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.5
        )  # the rest had its mean already


def test_perspective_moves_a_corner_no_further_than_asked() -> None:
    images = np.zeros((60, 48, 48, 1), np.uint8)
    images[:, 20:28, 20:28] = 255
    y, x = np.mgrid[:48, :48]
    moved = run(images, perspective=0.1)[..., 0].astype(float)
    mass = moved.sum(axis=(1, 2))
    center = np.stack([(moved * y).sum(axis=(1, 2)) / mass, (moved * x).sum(axis=(1, 2)) / mass], 1)
    assert (np.abs(center - 23.5) < 0.15 * 48).all()  # the middle of a tilted picture follows its corners
    assert np.abs(center - 23.5).max() > 0.5
