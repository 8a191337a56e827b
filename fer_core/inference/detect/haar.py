"""Faces by OpenCV's Haar cascades: no download, no GPU, frontal faces.

Viola and Jones 2001, with the cascade of Lienhart et al. that ships with OpenCV 4. The cascade alone, at a
setting that misses few faces, also boxes leaves and folds of cloth. So it looks twice: a coarse pass over the
picture proposes places, then each place is cut out, brought to one size, its light evened out, and searched
again in fine steps. A face is found there by many neighbouring windows, a chance likeness by few or none.
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np

from fer_core.data.images import to_gray
from fer_core.inference.detect.boxes import MARGIN, Box, Face, non_maximum_suppression

_CASCADES = Path(cv2.__file__).parent / "data"
_CASCADE = "haarcascade_frontalface_alt2.xml"
_WORK_SIDE = 960  # longer side of the first pass: the smallest face is 1/30 of the picture
_LEAST_SIDE = 320  # smaller pictures are enlarged to this
_MIN_FACE = 32  # pixels in the first pass; 24 finds no more of the faces in photos and costs a quarter more
_COARSE_STEP, _FINE_STEP = 1.2, 1.1
_BOX_SIDE = 64  # a proposed box in the second pass
_CONTEXT = 1.8  # side of the patch around it, in boxes
_SIDES = (40, 92)  # face sizes looked for in the patch
_AGREEING = 6  # windows that must agree in the second pass; clear faces reach 15 and more


class HaarDetector:
    """Frontal faces, at least 32 pixels wide (1/30 of a large picture's longer side)."""

    name = "OpenCV Haar cascade"
    margin = MARGIN

    def __init__(self) -> None:
        self._local = threading.local()

    def smallest(self, width: int, height: int) -> int:
        return round(_MIN_FACE / _scale(width, height))

    def detect(self, pixels: np.ndarray, *, quick: bool = False) -> list[Face]:
        gray = to_gray(pixels) if pixels.ndim == 3 else pixels
        found = (self._look_closer(gray, place) for place in self._propose(gray))
        return non_maximum_suppression([face for face in found if face is not None])

    def _propose(self, gray: np.ndarray) -> list[tuple[float, float, float]]:
        """(x, y, side) of every place that might be a face, in pixels of `gray`."""
        height, width = gray.shape
        scale = _scale(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        work = cv2.equalizeHist(cv2.resize(gray, size, interpolation=_interpolation(scale)))
        boxes, _ = self._cascade.detectMultiScale2(work, _COARSE_STEP, 1, 0, (_MIN_FACE, _MIN_FACE))
        return [(x / scale, y / scale, side / scale) for x, y, side, _ in boxes]

    def _look_closer(self, gray: np.ndarray, place: tuple[float, float, float]) -> Face | None:
        """The face at a proposed place, its box refined, or None."""
        x, y, side = place
        scale = _BOX_SIDE / side
        left, top = x - side * (_CONTEXT - 1) / 2, y - side * (_CONTEXT - 1) / 2
        patch = cv2.equalizeHist(_patch(gray, left, top, side * _CONTEXT, round(_BOX_SIDE * _CONTEXT)))
        least, most = _SIDES
        boxes, agreeing = self._cascade.detectMultiScale2(
            patch, _FINE_STEP, 1, 0, (least, least), (most, most)
        )
        best = int(np.argmax(agreeing)) if len(boxes) else -1
        if best < 0 or agreeing[best] < _AGREEING:
            return None
        box_x, box_y, box_side, _ = (value / scale for value in boxes[best])
        box = Box.within(gray.shape, left + box_x, top + box_y, box_side, box_side)
        return Face(box, score=float(agreeing[best] / (agreeing[best] + _AGREEING)))

    @property
    def _cascade(self) -> cv2.CascadeClassifier:
        # A CascadeClassifier keeps scratch buffers: one per thread.
        if not hasattr(self._local, "cascade"):
            self._local.cascade = cv2.CascadeClassifier(str(_CASCADES / _CASCADE))
        cascade: cv2.CascadeClassifier = self._local.cascade
        return cascade


def _scale(width: int, height: int) -> float:
    """From picture to first pass."""
    longest = max(width, height)
    return min(_WORK_SIDE, max(longest, _LEAST_SIDE)) / longest


def _interpolation(scale: float) -> int:
    return cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR


def _patch(gray: np.ndarray, left: float, top: float, side: float, size: int) -> np.ndarray:
    """The square at (left, top) as (size, size); what lies outside repeats the edge."""
    rows = np.clip(np.arange(round(top), round(top + side)), 0, gray.shape[0] - 1)
    columns = np.clip(np.arange(round(left), round(left + side)), 0, gray.shape[1] - 1)
    return np.asarray(
        cv2.resize(gray[rows][:, columns], (size, size), interpolation=_interpolation(size / side))
    )
