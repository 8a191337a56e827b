"""What a model says of a photo and of each face in it, as values for screens, tables and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np

from fer_core.data.images import Picture
from fer_core.inference.detect.boxes import Box


class FaceJson(TypedDict):
    """One face of `predict --json`."""

    box: list[int]
    label: str
    probabilities: dict[str, float]
    uncertain: bool
    likeliest: list[str]
    detection: float | None
    turned: float
    ms: float


class PhotoJson(TypedDict):
    """One photo of `predict --json`."""

    file: str
    width: int
    height: int
    faces: list[FaceJson]
    whole_picture: str
    rotated: int
    warnings: list[str]
    threshold: float
    ms: dict[str, float]


@dataclass(frozen=True)
class FaceAnswer:
    """What the model says of one face.

    Attributes:
        number: 1 is the leftmost.
        box: where it is in the picture.
        label: the likeliest class, whether certain or not.
        probabilities: class -> probability, in the model's order.
        uncertain: whether the likeliest class stays below the threshold.
        ms: this face's share of the time the model took.
        detection: the detector's score, 0..1; None where the whole picture was taken.
        turned: degrees by which it was turned upright.
        crop: uint8 (size, size, channels), as the model saw it.
        cut: uint8 (side, side) or (side, side, 3), as cut out of the photo, at most 256 pixels wide.
    """

    number: int
    box: Box
    label: str
    probabilities: Mapping[str, float]
    uncertain: bool
    ms: float
    detection: float | None
    turned: float
    crop: np.ndarray = field(repr=False, compare=False)
    cut: np.ndarray = field(repr=False, compare=False)

    @property
    def likeliest(self) -> tuple[str, str]:
        """The two likeliest classes, likelier first."""
        first, second = sorted(self.probabilities, key=lambda name: -self.probabilities[name])[:2]
        return first, second

    @property
    def answer(self) -> str:
        """`happy`, or `neutral or sad?` when uncertain."""
        return f"{' or '.join(self.likeliest)}?" if self.uncertain else self.label

    def to_json(self) -> FaceJson:
        """Plain values, rounded."""
        return {
            "box": self.box.to_list(),
            "label": self.label,
            "probabilities": {name: round(p, 6) for name, p in self.probabilities.items()},
            "uncertain": self.uncertain,
            "likeliest": list(self.likeliest),
            "detection": None if self.detection is None else round(self.detection, 4),
            "turned": round(self.turned, 1),
            "ms": round(self.ms, 3),
        }


@dataclass(frozen=True)
class PhotoResult:
    """One photo's faces and how long they took.

    Attributes:
        name: the file's name.
        width, height: pixels after EXIF rotation, and after `rotated`.
        faces: from left to right.
        whole: why the whole picture was read as one face; "" where it was not.
        rotated: degrees to the left by which the photo was turned, because its faces are upright only so: 0, 90, 180 or 270.
            Boxes and `picture` are of the turned photo.
        warnings: sentences for the person who gave the photo.
        detector: which one looked, "" where none did.
        threshold: the one that `uncertain` was decided by.
        decode_ms, detect_ms, predict_ms: milliseconds.
        picture: the decoded picture, in memory only.
    """

    name: str
    width: int
    height: int
    faces: tuple[FaceAnswer, ...]
    whole: str
    rotated: int
    warnings: tuple[str, ...]
    detector: str
    threshold: float
    decode_ms: float
    detect_ms: float
    predict_ms: float
    picture: Picture = field(repr=False, compare=False)

    @property
    def total_ms(self) -> float:
        return self.decode_ms + self.detect_ms + self.predict_ms

    def to_json(self) -> PhotoJson:
        """Plain values: one entry of `predict --json`."""
        return {
            "file": self.name,
            "width": self.width,
            "height": self.height,
            "faces": [face.to_json() for face in self.faces],
            "whole_picture": self.whole,
            "rotated": self.rotated,
            "warnings": list(self.warnings),
            "threshold": self.threshold,
            "ms": {
                "decode": round(self.decode_ms, 3),
                "detect": round(self.detect_ms, 3),
                "predict": round(self.predict_ms, 3),
            },
        }

    def rows(self) -> list[dict[str, Any]]:
        """One flat row per face, for a table or CSV; a photo without a face has one row without an answer."""
        photo = {"file": self.name, "warnings": " ".join(self.warnings)}
        if not self.faces:
            return [{**photo, "face": None, "label": None, "uncertain": None}]
        return [
            {
                **photo,
                "face": face.number,
                "x": face.box.x,
                "y": face.box.y,
                "width": face.box.width,
                "height": face.box.height,
                "label": face.label,
                "uncertain": face.uncertain,
                "second": face.likeliest[1],
                **{f"p_{name}": round(p, 6) for name, p in face.probabilities.items()},
                "ms": round(face.ms, 3),
            }
            for face in self.faces
        ]
