"""Where the faces are: boxes, the detector's protocol, and how a crop is cut.

A detector is any object with the parts of `Detector`; one of its own is one more class beside those there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

MARGIN = 0.02
"""Added to each side of a box, as a share of it, before cutting.

The boxes of OpenCV's frontal cascade measure .96 (median) of the side of FER2013's pictures, which were cut
by such a detector, so a crop with this margin shows the model what it was trained on.
"""
SMALL_PICTURE = 64
"""A picture with no side above this, in pixels, is a face crop: no scene fits into it."""
CROP_SIZE = 128
"""A nearly square picture up to this side in which no face is boxed is read whole: face sets come in 96, 100
or 128 pixels, and a tilted or half covered face fills such a picture without being found."""
FILLS = 0.5
"""A face box with at least this share of the picture's area makes the picture a face crop."""
_NEARLY_SQUARE = 1.25
_MOST_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the decoded picture; (x, y) is its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        return self.width * self.height

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = _shared(self.x, self.width, other.x, other.width) * _shared(
            self.y, self.height, other.y, other.height
        )
        return shared / (self.area + other.area - shared) if shared else 0.0

    @classmethod
    def within(cls, shape: tuple[int, ...], x: float, y: float, width: float, height: float) -> Box:
        """The part of a rectangle that lies in a picture of that shape (height, width, ...), at least one pixel."""
        left, top = max(0, round(x)), max(0, round(y))
        right, bottom = min(shape[1], round(x + width)), min(shape[0], round(y + height))
        return cls(left, top, max(1, right - left), max(1, bottom - top))

    def to_list(self) -> list[int]:
        """`[x, y, width, height]`, as in JSON."""
        return [self.x, self.y, self.width, self.height]


@dataclass(frozen=True, slots=True)
class Face:
    """One detection.

    Attributes:
        box: where.
        score: 0..1, larger is surer; comparable within one detector, not a probability.
        landmarks: (x, y) points in pixels, first the left one of an upright face's eyes, then the right one; empty where the
            detector finds none.
    """

    box: Box
    score: float
    landmarks: tuple[tuple[float, float], ...] = ()


class Detector(Protocol):
    """Finds faces. Must be safe to call from several threads."""

    @property
    def name(self) -> str:
        """Short name, shown beside results."""

    @property
    def margin(self) -> float:
        """Added to each side of its boxes, so that a crop shows as much of the head as FER2013's pictures do."""

    def smallest(self, width: int, height: int) -> int:
        """Side in pixels of the smallest face looked for in a picture of that size."""

    def detect(self, pixels: np.ndarray, *, quick: bool = False) -> list[Face]:
        """Faces in a uint8 picture (h, w) or (h, w, 3 RGB), without overlaps, from left to right.

        `quick` asks for one pass over the picture, as a video needs it, where the detector would make more.
        """


def shrunk(pixels: np.ndarray, longest: int) -> tuple[np.ndarray, float]:
    """A uint8 picture (h, w[, 3]) whose longer side is at most `longest` pixels, and its scale: 1 where it was small enough."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return (cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels), scale


def non_maximum_suppression(faces: Sequence[Face], overlap: float = _MOST_OVERLAP) -> list[Face]:
    """Greedy non-maximum suppression: of faces with more than `overlap` IoU the best scored stays.

    Of equal scores the larger box wins. A box that lies mostly inside a better one is dropped too: two faces
    are never nested.

    Returns:
        What stays, from left to right.
    """
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.score, -f.box.area)):
        if not any(face.box.iou(k.box) > overlap or _inside(face.box, k.box) > 0.7 for k in kept):
            kept.append(face)
    return sorted(kept, key=lambda f: (f.box.x + f.box.width / 2, f.box.y))


def crop_face(pixels: np.ndarray, box: Box, margin: float = MARGIN) -> np.ndarray:
    """A square around a face.

    Args:
        pixels: uint8 (h, w) or (h, w, 3).
        box: the face.
        margin: added to each side, as a share of the longer side of the box.

    Returns:
        uint8 (side, side[, 3]); what would lie outside the picture repeats its edge.
    """
    side = max(1, round(max(box.width, box.height) * (1 + 2 * margin)))
    left = round(box.x + (box.width - side) / 2)
    top = round(box.y + (box.height - side) / 2)
    rows = np.clip(np.arange(top, top + side), 0, pixels.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, pixels.shape[1] - 1)
    return pixels[rows][:, columns]


def face_crop_reason(pixels: np.ndarray, faces: Sequence[Face] | None, detector: Detector) -> str:
    """Whether a picture as a whole is one face, and the reason in words; "" when it is not.

    Args:
        pixels: uint8 (h, w) or (h, w, 3).
        faces: what the detector found; None when it has not looked yet, which decides by size alone.
        detector: asked once more, with a border around the picture, when it found nothing: a crop so tight
            that chin or forehead is cut off shows no whole face without one.
    """
    height, width = pixels.shape[:2]
    if max(height, width) <= SMALL_PICTURE:
        return f"{width} x {height} pixels is the size of a face crop"
    if faces is None or max(height, width) > _NEARLY_SQUARE * min(height, width):
        return ""
    if not faces:
        pad = min(height, width) // 4
        border = ((pad, pad), (pad, pad)) + ((0, 0),) * (pixels.ndim - 2)
        faces = detector.detect(np.pad(pixels, border, mode="edge"))
        if not faces and max(height, width) <= CROP_SIZE:
            return f"{width} x {height} pixels is small, and no face stands apart in it"
    share = max((face.box.area for face in faces), default=0) / (height * width)
    return f"one face covers {min(share, 1):.0%} of it" if share >= FILLS and len(faces) == 1 else ""


def _shared(start: int, length: int, other_start: int, other_length: int) -> int:
    return max(0, min(start + length, other_start + other_length) - max(start, other_start))


def _inside(box: Box, other: Box) -> float:
    """Share of `box` that lies in `other`."""
    shared = _shared(box.x, box.width, other.x, other.width) * _shared(
        box.y, box.height, other.y, other.height
    )
    return shared / box.area if box.area else 1.0
