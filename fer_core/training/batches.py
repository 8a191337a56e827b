"""Batches for `model.fit` and `model.predict`: gathered, augmented, still uint8.

Order and augmentation of a batch depend on seed, epoch and batch number alone, so a run that goes on from an
epoch sees what it would have seen, and the next batches can be made by several threads while one is trained on.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import cv2
import keras
import numpy as np

from fer_core.recipes.losses import EarlyLearning
from fer_core.recipes.recipe import Recipe
from fer_core.recipes.schema import Augmentation
from fer_core.training.augmentation.augment import augment
from fer_core.training.augmentation.mixing import mix
from fer_core.training.data import Split, TrainingData, class_weights
from fer_core.training.label_noise import with_noise

_MOST_THREADS = 4  # that change images; a GPU is seldom quicker than so many


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled batches of the training split: pixels uint8 (n, h, w, c), targets (soft or one-hot) and weights float32.

    `epoch` must be set before each epoch, and `side` where images grow (`loop` does). The last batch is smaller;
    devices that share each batch get equal parts of it, and leave out what cannot be shared. For a loss that remembers
    images, targets have one more column: the place of each image in the split. With a teacher, its softened answers
    stand behind the targets, and are mixed as they are: (n, 2 classes).
    """

    def __init__(self, data: TrainingData, recipe: Recipe, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epoch = 0
        self.side = data.pixels.shape[1]
        self._pixels, self._split = data.pixels, with_noise(data.train, data.classes, recipe.noise)
        self._augmentation = recipe.augmentation
        self._size = recipe.training.batch_size
        self._count = len(self._split) // recipe.training.devices * recipe.training.devices
        self._seed = recipe.training.seed
        self._targets = self._split.targets
        self._classes = len(data.classes)
        if recipe.distillation.teacher and data.teacher is not None:
            taught = softened(data.teacher, recipe.distillation.temperature)
            self._targets = np.concatenate([self._targets, taught], axis=1)
        self._named = isinstance(recipe.loss, EarlyLearning)
        self._balanced = recipe.training.sampling == "balanced"
        self._weights = None
        if recipe.training.class_weight == "balanced":
            self._weights = class_weights(self._split.labels, len(data.classes))
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, dtype=np.int64))
        self._threads = (
            min(os.cpu_count() or 1, _MOST_THREADS) if recipe.augmentation != Augmentation() else 1
        )
        self._pool = ThreadPoolExecutor(self._threads) if self._threads > 1 else None
        self._coming: dict[tuple[int, int, int], Future[tuple[np.ndarray, ...]]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return math.ceil(self._count / self._size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        if self._pool is None:
            return self._batch(self.epoch, self.side, index)
        last = min(index + self._threads, len(self) - 1)
        wanted = [(self.epoch, self.side, number) for number in range(index, last + 1)]
        with self._lock:
            self._coming = {
                key: self._coming[key] if key in self._coming else self._pool.submit(self._batch, *key)
                for key in wanted
            }
            first = self._coming[wanted[0]]
        return first.result()

    def _batch(self, epoch: int, side: int, index: int) -> tuple[np.ndarray, ...]:
        chosen = self._permutation(epoch)[: self._count][index * self._size : (index + 1) * self._size]
        images = self._pixels[self._split.rows[chosen]]
        targets = self._targets[chosen]
        if self._augmentation != Augmentation():
            rng = np.random.default_rng([self._seed, epoch, index])
            images, targets = mix(augment(images, self._augmentation, rng), targets, self._augmentation, rng)
        if side != images.shape[1]:
            images = resized(images, side)
        weights: list[np.ndarray] = []
        if self._weights is not None:
            targets, taught = np.split(targets, [self._classes], axis=1)
            targets, *weights = weighted(targets, self._weights)
            targets = np.concatenate([targets, taught], axis=1)
        if self._named:
            targets = np.column_stack([targets, chosen]).astype(np.float32)
        return images, targets, *weights

    @property
    def labels(self) -> np.ndarray:
        """Class numbers of the training split, int64 (n,), in its own order."""
        return self._split.labels

    def _permutation(self, epoch: int) -> np.ndarray:
        known, order = self._order
        if known != epoch:
            rng = np.random.default_rng([self._seed, epoch])
            order = (
                balanced_order(self._split.labels, rng)
                if self._balanced
                else rng.permutation(len(self._split))
            )
            self._order = (epoch, order)
        return order


def softened(answers: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / temperature) of probabilities, float32 (n, classes)."""
    logs = np.log(np.maximum(answers.astype(np.float64), np.finfo(np.float32).tiny)) / temperature
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def weighted(targets: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and a weight per image with which each share of a class counts by that class's weight.

    The loss of an image is then the sum over classes of weight x share x -log p, so the classes count as their weights
    say, also where two images were mixed into one.

    Args:
        targets: float32 (n, classes), rows sum to 1.
        weights: float32 (classes,).

    Returns:
        Targets float32 (n, classes), rows sum to 1; weights float32 (n,).
    """
    shares = targets * weights
    totals = shares.sum(axis=1)
    return shares / np.where(totals > 0, totals, 1)[:, None], totals


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 (n, h, w, c) -> uint8 (n, side, side, c), by the mean over areas."""
    target = np.empty((len(images), side, side, images.shape[3]), np.uint8)
    for image, small in zip(images, target, strict=True):
        small[...] = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).reshape(small.shape)
    return target


def balanced_order(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places of as many images as there are, each class that occurs equally often, in random order.

    No image is drawn again before all of its class have been.
    """
    found = np.unique(labels)
    quota = np.full(len(found), len(labels) // len(found))
    quota[: len(labels) % len(found)] += 1
    drawn = []
    for label, wanted in zip(rng.permutation(found), quota, strict=True):
        places = np.flatnonzero(labels == label)
        rounds = -(-wanted // len(places))
        drawn.append(np.concatenate([rng.permutation(places) for _ in range(rounds)])[:wanted])
    return rng.permutation(np.concatenate(drawn))


class PlainBatches:
    """Batches of a split in its own order, unchanged: pixels uint8 (n, h, w, c)."""

    def __init__(self, data: TrainingData, split: Split, size: int = 256) -> None:
        self._pixels, self._split, self._size = data.pixels, split, size

    def __len__(self) -> int:
        return math.ceil(len(self._split) / self._size)

    def __iter__(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self._split), self._size):
            yield np.asarray(self._pixels[self._split.rows[start : start + self._size]])
