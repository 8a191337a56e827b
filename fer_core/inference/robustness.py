"""One face before several models, and one model before the same face made worse.

compare_models(face, {"shipped": first, "0041-compact": second})
answers = answers_when_degraded(predictor, face, "blur")
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from fer_core.inference import tta
from fer_core.inference.predictor import Classifier

Degradation = Literal["blur", "darken", "rotate"]
CHANGES: tuple[Degradation, ...] = get_args(Degradation)
STEPS: dict[Degradation, tuple[float, ...]] = {
    "blur": (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0),
    "darken": (0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9),
    "rotate": (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0),
}
"""How far the dial turns: sigma in pixels of a 48-pixel face, share of the light taken away, degrees."""
UNITS: dict[Degradation, str] = {"blur": "px", "darken": "of the light gone", "rotate": "degrees"}


@dataclass(frozen=True)
class ModelAnswer:
    """What one model says of the face.

    Attributes:
        model: its name.
        probabilities: class -> probability, in the model's order.
        uncertain: whether the likeliest stays below the model's own threshold.
        ms: median milliseconds of a warm answer.
    """

    model: str
    probabilities: Mapping[str, float]
    uncertain: bool
    ms: float

    @property
    def label(self) -> str:
        return max(self.probabilities, key=lambda name: self.probabilities[name])


@dataclass(frozen=True)
class DegradedAnswer:
    """The answer at one position of the dial."""

    amount: float
    label: str
    probabilities: Mapping[str, float]
    face: np.ndarray


def compare_models(
    face: np.ndarray, models: Mapping[str, Classifier], kind: tta.TtaKind = "none", laps: int = 5
) -> list[ModelAnswer]:
    """The same face through several models.

    Args:
        face: uint8 (h, w) or (h, w, 3), as cut out of the photo.
        models: name -> model.
        kind: test-time augmentation.
        laps: times each answers; the median counts.
    """
    found = []
    for name, model in models.items():
        times = []
        for _ in range(max(1, laps)):
            started = time.perf_counter()
            (row,) = tta.predict(model, face[None], kind)
            times.append((time.perf_counter() - started) * 1000)
        probabilities = _named(model, row)
        uncertain = max(probabilities.values()) < model.metadata.threshold
        found.append(ModelAnswer(name, probabilities, uncertain, float(np.median(times))))
    return found


def degrade(face: np.ndarray, change: Degradation, amount: float) -> np.ndarray:
    """A face, uint8 (h, w[, c]), made worse; amount 0 returns it as it is.

    Raises:
        ValueError: no such change.
    """
    if change not in CHANGES:
        raise ValueError(f"`change` must be one of {CHANGES}. Received: change={change!r}")
    if amount == 0:
        return face
    height, width = face.shape[:2]
    if change == "darken":
        return np.asarray(np.rint(face * (1 - amount)), np.uint8)
    if change == "blur":
        changed = cv2.GaussianBlur(face, (0, 0), amount * max(height, width) / 48)
    else:
        turn = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), amount, 1.0)
        changed = cv2.warpAffine(face, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(changed, np.uint8).reshape(face.shape)


def answers_when_degraded(
    model: Classifier, face: np.ndarray, change: Degradation, steps: tuple[float, ...] | None = None
) -> list[DegradedAnswer]:
    """The answers for a face made worse step by step; the first is for the face as it is."""
    amounts = STEPS[change] if steps is None else steps
    faces = [degrade(face, change, amount) for amount in amounts]
    table = model.predict(np.concatenate([model.prepare(one[None]) for one in faces]))
    turns = []
    for amount, one, row in zip(amounts, faces, table, strict=True):
        probabilities = _named(model, row)
        label = max(probabilities, key=lambda name: probabilities[name])
        turns.append(DegradedAnswer(amount, label, probabilities, one))
    return turns


def first_flip(turns: list[DegradedAnswer]) -> DegradedAnswer | None:
    """The first position at which the answer is another than at rest; None where it never flips."""
    return next((turn for turn in turns if turn.label != turns[0].label), None)


def _named(model: Classifier, row: np.ndarray) -> dict[str, float]:
    return {name: float(p) for name, p in zip(model.metadata.classes, row, strict=True)}
