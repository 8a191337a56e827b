"""MixUp and CutMix: training images made of two, with targets in the same shares."""

from __future__ import annotations

import numpy as np

from fer_core.recipes.schema import Augmentation


def mix(
    images: np.ndarray, targets: np.ndarray, spec: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mix each image of a batch with another of it; as they are where `spec` asks for nothing.

    MixUp (Zhang et al. 2018) blends whole pictures, CutMix (Yun et al. 2019) pastes a rectangle; where both are
    asked for, each batch gets one of them by chance.

    Args:
        images: uint8 (n, height, width, channels).
        targets: float32 (n, classes), rows sum to 1.
        spec: `mixup` and `cutmix` are the alphas of a Beta distribution; 0 is none.
        rng: where chance comes from.

    Returns:
        New arrays of the same shapes and types.
    """
    kinds = [kind for kind, alpha in ((_mixup, spec.mixup), (_cutmix, spec.cutmix)) if alpha]
    if not kinds:
        return images, targets
    kind = kinds[int(rng.integers(len(kinds)))]
    alpha = spec.mixup if kind is _mixup else spec.cutmix
    other = rng.permutation(len(images))
    images, share = kind(images, other, rng.beta(alpha, alpha, len(images)), rng)
    kept = share.astype(np.float32)[:, None]
    return images, kept * targets + (1 - kept) * targets[other]


def _mixup(
    images: np.ndarray, other: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    kept = share.astype(np.float32)[:, None, None, None]
    blended = kept * images + (1 - kept) * images[other]
    return np.rint(blended).astype(np.uint8), share


def _cutmix(
    images: np.ndarray, other: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the share that is left of each picture: the rectangle may lie partly outside."""
    count, height, width = images.shape[:3]
    side = np.sqrt(1 - share)
    rows, columns = rng.integers(height, size=count), rng.integers(width, size=count)
    tall, wide = (side * height / 2).astype(int), (side * width / 2).astype(int)
    y, x = np.arange(height), np.arange(width)
    inside_y = (y >= (rows - tall)[:, None]) & (y < (rows + tall)[:, None])
    inside_x = (x >= (columns - wide)[:, None]) & (x < (columns + wide)[:, None])
    cut = inside_y[:, :, None] & inside_x[:, None, :]
    return np.where(cut[..., None], images[other], images), 1 - cut.mean(axis=(1, 2))
