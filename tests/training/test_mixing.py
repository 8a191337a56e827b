from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.recipes.schema import Augmentation
from fer_core.training.augmentation.mixing import mix
from fer_core.training.batches import balanced_order

CLASSES = 3


def batch(n: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of one even gray each, 80 levels apart by class, so that a picture tells its own mixture."""
    labels = np.arange(n) % CLASSES
    images = np.broadcast_to((80 * labels)[:, None, None, None], (n, 24, 24, 1)).astype(np.uint8)
    return images, np.eye(CLASSES, dtype=np.float32)[labels]


@pytest.mark.parametrize("fields", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}])
def test_targets_are_mixed_in_the_shares_of_the_pictures(fields: dict[str, float]) -> None:
    images, targets = batch()
    before = images.copy()
    mixed, soft = mix(images, targets, Augmentation(**fields), np.random.default_rng(3))
    assert (mixed.dtype, mixed.shape, soft.dtype) == (np.uint8, images.shape, np.float32)
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-6)
    assert (soft.max(axis=1) < 0.99).mean() > 0.3
    levels = np.array([0, 80, 160])
    np.testing.assert_allclose(mixed.mean(axis=(1, 2, 3)), soft @ levels, atol=0.6)
    np.testing.assert_array_equal(images, before)


def test_nothing_asked_for_changes_nothing() -> None:
    images, targets = batch()
    mixed, soft = mix(images, targets, Augmentation(), np.random.default_rng(0))
    assert mixed is images
    assert soft is targets


def test_cutmix_pastes_whole_pixels() -> None:
    images, targets = batch()
    mixed, _ = mix(images, targets, Augmentation(cutmix=1.0), np.random.default_rng(1))
    assert set(np.unique(mixed)) <= {0, 80, 160}


def test_chance_follows_the_seed() -> None:
    images, targets = batch()
    spec = Augmentation(mixup=0.4, cutmix=1.0)
    first, again, other = (mix(images, targets, spec, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 9))
def test_balanced_order_draws_every_class_equally_and_no_image_too_often(
    labels: list[int], seed: int
) -> None:
    table = np.array(labels)
    order = balanced_order(table, np.random.default_rng(seed))
    assert len(order) == len(table)
    drawn = np.bincount(table[order], minlength=5)[np.unique(table)]
    assert np.ptp(drawn) <= 1
    for label in np.unique(table):
        times = np.bincount(order[table[order] == label], minlength=len(table))[table == label]
        assert np.ptp(times) <= 1
