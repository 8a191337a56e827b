from __future__ import annotations

import os

import numpy as np
import pytest
from tiny_faces import tiny_data, tiny_recipe

from fer_core.training.batches import PlainBatches, TrainingBatches


def epoch(batches: TrainingBatches, number: int) -> list[tuple[np.ndarray, ...]]:
    batches.epoch = number
    return [batches[i] for i in range(len(batches))]


def test_every_image_comes_once_an_epoch_with_its_label() -> None:
    data = tiny_data({"train": 50, "val": 6})
    batches = TrainingBatches(data, tiny_recipe())
    assert len(batches) == 4
    parts = epoch(batches, 0)
    images, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert (images.shape, images.dtype, labels.dtype) == ((50, 48, 48, 1), np.uint8, np.float32)
    expected = {data.pixels[r].tobytes(): c for r, c in zip(data.train.rows, data.train.labels, strict=True)}
    found = {image.tobytes(): label.argmax() for image, label in zip(images, labels, strict=True)}
    assert found == expected


@pytest.mark.parametrize("augmented", [False, True])
def test_a_batch_follows_from_seed_epoch_and_number_alone(augmented: bool) -> None:
    data = tiny_data()
    recipe = tiny_recipe(augmentation__rotation=0.1 if augmented else 0.0)
    first = TrainingBatches(data, recipe)
    forward = epoch(first, 3)
    second = TrainingBatches(data, recipe)
    second.epoch = 3
    backward = [second[i] for i in reversed(range(len(second)))][::-1]
    for a, b in zip(forward, backward, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
    assert any((a[0] != b[0]).any() for a, b in zip(forward, epoch(first, 4), strict=True))
    other = TrainingBatches(data, tiny_recipe(training__seed=7))
    assert any((a[0] != b[0]).any() for a, b in zip(forward, epoch(other, 3), strict=True))


def test_balanced_weights_come_with_the_batch() -> None:
    data = tiny_data({"train": 31, "val": 6})
    plain = TrainingBatches(data, tiny_recipe())[0]
    assert len(plain) == 2
    parts = epoch(TrainingBatches(data, tiny_recipe(training__class_weight="balanced")), 0)
    _, labels, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    totals = labels.T @ weights
    np.testing.assert_allclose(totals, totals[0], rtol=1e-5)
    np.testing.assert_allclose(weights.sum(), 31, rtol=1e-5)


def test_plain_batches_keep_the_order_of_the_split() -> None:
    data = tiny_data()
    batches = PlainBatches(data, data.val, size=7)
    assert [len(images) for images in batches] == [7, 7, 7, 7, 2]
    np.testing.assert_array_equal(np.concatenate(list(batches)), data.pixels[data.val.rows])


def test_batches_made_ahead_by_threads_are_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where an epoch is left in the middle, and batches are asked for out of order."""
    recipe = tiny_recipe(augmentation__preset="strong", augmentation__mixup=0.2)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    alone = TrainingBatches(tiny_data(), recipe)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    many = TrainingBatches(tiny_data(), recipe)
    assert (alone._pool is None, many._threads) == (True, 4)
    for epoch, order in ((0, (0, 1, 2)), (1, (0, 1, 2, 3, 4, 5)), (0, (5, 3, 0)), (2, (1, 0))):
        alone.epoch = many.epoch = epoch
        for index in order:
            for one, other in zip(alone[index], many[index], strict=True):
                np.testing.assert_array_equal(one, other)
