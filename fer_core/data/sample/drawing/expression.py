"""How a face moves: an emotion, from barely there to full, over a resting face of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Expression:
    """Shape of the movable parts, in units of half a head's width (y points down)."""

    eye_open: float = 0.085  # upper lid above the eye's axis
    lower_lid: float = 0.06  # lower lid below it
    eye_tilt: float = 0.0  # outer corner up (+) or down (-)
    gaze_down: float = 0.0
    brow_raise: float = 0.0
    brow_inner: float = 0.0  # inner end raised
    mouth_width: float = 0.34
    corners: float = 0.0  # mouth corners up (+) or down (-)
    mouth_open: float = 0.0
    lips: float = 1.0  # thickness
    folds: float = 0.0  # lines from the nose to the corners of the mouth
    forehead: float = 0.0  # lines across the forehead

    def towards(self, other: Expression, share: float) -> Expression:
        """The expression `share` of the way from this one to `other`."""
        pairs = {name: (value, getattr(other, name)) for name, value in vars(self).items()}
        return Expression(**{name: a + (b - a) * share for name, (a, b) in pairs.items()})


_REST = Expression()


def _apex(rng: random.Random, emotion: str) -> Expression:
    """The full expression of an emotion, in one of its forms."""
    if emotion == "happy":
        laughing = rng.random() < 0.6
        return Expression(
            eye_open=0.07,
            lower_lid=0.015,
            brow_raise=0.03,
            mouth_width=0.5,
            corners=0.17,
            mouth_open=rng.uniform(0.14, 0.24) if laughing else 0.0,
            lips=0.8,
            folds=0.9,
        )
    if emotion == "sad":
        return Expression(
            eye_open=0.055,
            lower_lid=0.06,
            eye_tilt=-0.05,
            gaze_down=0.03,
            brow_raise=-0.02,
            brow_inner=0.17,
            mouth_width=0.32,
            corners=-0.15,
            lips=1.15,
            forehead=0.25,
        )
    if emotion == "surprise":
        return Expression(
            eye_open=0.165,
            lower_lid=0.1,
            brow_raise=0.17,
            mouth_width=rng.uniform(0.2, 0.28),
            corners=-0.02,
            mouth_open=rng.uniform(0.3, 0.46),
            lips=0.9,
            forehead=0.8,
        )
    return _REST


def expression(rng: random.Random, emotion: str) -> Expression:
    """An expression somewhere between barely there and full, with a person's own resting face mixed in."""
    rest = Expression(
        eye_open=rng.uniform(0.07, 0.1),
        lower_lid=rng.uniform(0.045, 0.065),
        eye_tilt=rng.uniform(-0.015, 0.025),
        brow_raise=rng.uniform(-0.03, 0.03),
        brow_inner=rng.uniform(-0.03, 0.025),
        mouth_width=rng.uniform(0.29, 0.38),
        corners=rng.uniform(-0.025, 0.025),
        lips=rng.uniform(0.8, 1.2),
        mouth_open=0.05 if rng.random() < 0.08 else 0.0,
    )
    if emotion == "neutral":
        return rest
    subtle = rng.random() < 0.07
    return rest.towards(_apex(rng, emotion), rng.uniform(0.5, 0.7) if subtle else rng.uniform(0.78, 1.12))
