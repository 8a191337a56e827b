"""What mattered: an occlusion map, and the test that it does.

Zeiler and Fergus 2014: cover a small square of the face with its mean gray level, read again, and see how
much of the answer's probability is gone; slide the square over the whole face. It needs nothing but the
model's answers, so it works for any model, but it shows what this model leans on, not what a person feels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_core.inference.predictor import Classifier

NAME = "Occlusion map"
"""How the picture is to be named on screen."""
METHOD = "occlusion"
BANDS: tuple[tuple[str, float], ...] = (
    ("forehead", 0.22),
    ("brows", 0.36),
    ("eyes", 0.52),
    ("nose and cheeks", 0.66),
    ("mouth", 0.86),
    ("chin", 1.0),
)
"""Parts of an upright face crop from the top, each with where it ends as a share of the height."""
_NEAR = 0.7
_STOPS = np.array([[205, 214, 250], [255, 236, 170], [236, 112, 52]], dtype=np.float32)  # cold, middle, hot


@dataclass(frozen=True)
class Deletion:
    """How much probability the answer loses when a part of the face is covered.

    Attributes:
        share: covered share of the area.
        hot: loss when the hottest part is covered.
        random: mean loss over as large parts of the same shape, moved at random.
        trials: number of those.
    """

    share: float
    hot: float
    random: float
    trials: int

    @property
    def holds(self) -> bool:
        """Whether the map points at what mattered: covering it hurts more than covering anything else."""
        return self.hot > self.random


def occlusion_map(
    predictor: Classifier,
    crop: np.ndarray,
    label: str | None = None,
    *,
    square: float = 0.2,
    step: float = 0.07,
) -> np.ndarray:
    """How much the probability of one class falls when each part of a face is covered.

    Args:
        predictor: the model.
        crop: uint8 (h, w) or (h, w, 1 or 3), the face as cut out.
        label: the class; None takes the likeliest.
        square: side of the cover, as a share of the model's input.
        step: how far it moves, likewise.

    Returns:
        float32 (size, size), the model's input size: mean loss of probability over the squares that cover a
        pixel. Above 0 a part speaks for the class, below 0 against it.

    Raises:
        ValueError: `label` is none of the model's classes.
    """
    face = predictor.prepare(crop[None])[0]
    size = face.shape[0]
    index = _index(predictor, face, label)
    side, pace = max(2, round(size * square)), max(1, round(size * step))
    # The first and last squares reach over the edge, so that edge pixels are covered as often as others.
    starts = np.arange(-(side // 2), size - side // 2, pace)
    places = [(max(0, y), y + side, max(0, x), x + side) for y in starts for x in starts]
    covered = np.repeat(face[None], len(places) + 1, axis=0)
    for picture, (top, bottom, left, right) in zip(covered[1:], places, strict=True):
        picture[top:bottom, left:right] = _fill(face)
    probabilities = predictor.predict(covered)[:, index]
    total, times = np.zeros((size, size)), np.zeros((size, size))
    for p, (top, bottom, left, right) in zip(probabilities[1:], places, strict=True):
        total[top:bottom, left:right] += probabilities[0] - p
        times[top:bottom, left:right] += 1
    return (total / np.maximum(times, 1)).astype(np.float32)


def deletion_test(
    predictor: Classifier,
    crop: np.ndarray,
    heat: np.ndarray,
    label: str | None = None,
    *,
    share: float = 0.15,
    trials: int = 32,
    seed: int = 0,
) -> Deletion:
    """Cover the hottest part of a face, then parts of the same shape elsewhere, and compare the losses.

    After the deletion metric of Petsiuk et al. 2018 (RISE), at one share instead of all of them.

    Args:
        predictor, crop, label: as for `occlusion_map`.
        heat: its result.
        share: how much of the face to cover, 0..1.
        trials: number of random parts.
        seed: of their places.
    """
    face = predictor.prepare(crop[None])[0]
    index = _index(predictor, face, label)
    size = face.shape[0]
    count = max(1, round(share * heat.size))
    hot = np.zeros(heat.size, dtype=bool)
    hot[np.argsort(-heat, axis=None, kind="stable")[:count]] = True
    mask = hot.reshape(heat.shape)
    generator = np.random.default_rng(seed)
    moves = [(0, 0), *(tuple(generator.integers(0, size, 2)) for _ in range(trials))]
    covered = np.repeat(face[None], len(moves) + 1, axis=0)
    for picture, (down, right) in zip(covered[1:], moves, strict=True):
        picture[np.roll(mask, (down, right), axis=(0, 1))] = _fill(face)
    probabilities = predictor.predict(covered)[:, index]
    losses = probabilities[0] - probabilities[1:]
    return Deletion(count / heat.size, float(losses[0]), float(losses[1:].mean()), trials)


def important_parts(heat: np.ndarray) -> tuple[str, ...]:
    """The one or two horizontal parts of a face on which the answer leans most, strongest first; () where on none.

    Args:
        heat: what `occlusion_map` returned for an upright face crop.
    """
    height, start, means = heat.shape[0], 0, {}
    for name, end in BANDS:
        stop = max(start + 1, round(end * height))
        means[name] = float(np.clip(heat[start:stop], 0, None).mean())
        start = stop
    ranked = sorted(means, key=lambda name: -means[name])
    if means[ranked[0]] <= 0:
        return ()
    return tuple(name for name in ranked[:2] if means[name] >= _NEAR * means[ranked[0]])


def overlay(crop: np.ndarray, heat: np.ndarray, strength: float = 0.55) -> np.ndarray:
    """The map laid over the face, blue where nothing depends on it, orange where most does.

    Args:
        crop: uint8 (size, size[, 1 or 3]), of the map's size (`FaceAnswer.crop`).
        heat: float (size, size).
        strength: 0 shows the face alone, 1 the map alone.

    Returns:
        uint8 (size, size, 3).
    """
    gray = crop if crop.ndim == 2 else crop.mean(axis=2)
    top = float(heat.max())
    position = np.clip(heat / top, 0, 1) * 2 if top > 0 else np.zeros(heat.shape)
    low = np.minimum(position.astype(int), 1)
    part = (position - low)[..., None]
    tint = _STOPS[low] * (1 - part) + _STOPS[low + 1] * part
    return np.asarray(
        np.clip(gray[..., None] * (1 - strength) + tint * strength, 0, 255).round().astype(np.uint8)
    )


def _index(predictor: Classifier, face: np.ndarray, label: str | None) -> int:
    classes = predictor.metadata.classes
    if label is None:
        return int(predictor.predict(face[None])[0].argmax())
    if label not in classes:
        raise ValueError(f"`label` must be one of {classes}. Received: label={label!r}")
    return classes.index(label)


def _fill(face: np.ndarray) -> np.ndarray:
    """Mean level of each channel: a cover that adds no new edge darker or lighter than the face."""
    return np.asarray(face.mean(axis=(0, 1)).round().astype(np.uint8))
