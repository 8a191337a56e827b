"""Faces and five landmarks by YuNet (Wu et al. 2023), through OpenCV's `FaceDetectorYN`.

The network is one file of 228 KiB from OpenCV's model zoo (MIT). It does not come with the app: it is read from the
workspace's `models/detectors/`, where `fetch` puts it after comparing its checksum.
"""

from __future__ import annotations

import hashlib
import threading
import urllib.request
from pathlib import Path

import cv2
import numpy as np

from fer_core.base.atomic import write_atomic
from fer_core.base.errors import ModelFileError
from fer_core.base.workspace import Workspace
from fer_core.inference.detect.boxes import Box, Face, non_maximum_suppression, shrunk
from fer_core.inference.detect.mtcnn import BOX_MARGIN

FILE = "face_detection_yunet_2023mar.onnx"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
URL = f"https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/{FILE}"
_WORK_SIDE = 960
_LEAST_SCORE = 0.6
_SMALLEST = 10  # pixels in the working picture
_TIMEOUT = 15.0  # seconds
_LARGEST_DOWNLOAD = 4_000_000


def path(workspace: Workspace) -> Path:
    """Where the file belongs."""
    return workspace.models / "detectors" / FILE


def fetch(workspace: Workspace, url: str = URL, sha256: str = SHA256) -> Path:
    """Download the file, once; compare its checksum before it is kept.

    Raises:
        ModelFileError: no connection, or another file than expected.
    """
    place = path(workspace)
    if place.is_file():
        return place
    by_hand = f"Put {FILE} from OpenCV's model zoo into {place.parent}, or use another detector"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            content = answer.read(_LARGEST_DOWNLOAD)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ModelFileError("YuNet could not be downloaded", received=reason, hint=by_hand) from error
    _check(content, sha256, by_hand)
    write_atomic(place, content)
    return place


def _check(content: bytes, sha256: str, hint: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelFileError(
            "What was received is not the YuNet file",
            received=f"SHA-256 {found[:12]}..., expected {sha256[:12]}...",
            hint=hint,
        )


class YuNetDetector:
    """Faces from any side up to profiles, with eyes, nose and mouth corners.

    Args:
        model: the ONNX file.

    Raises:
        ModelFileError: OpenCV cannot load it.
    """

    name = "YuNet"
    margin = BOX_MARGIN  # both learned from WIDER FACE's boxes

    def __init__(self, model: Path) -> None:
        self._model = model
        self._local = threading.local()
        _ = self._network

    def smallest(self, width: int, height: int) -> int:
        return round(_SMALLEST / min(1.0, _WORK_SIDE / max(width, height)))

    def detect(self, pixels: np.ndarray, *, quick: bool = False) -> list[Face]:
        work, scale = shrunk(pixels, _WORK_SIDE)
        code = cv2.COLOR_GRAY2BGR if work.ndim == 2 else cv2.COLOR_RGB2BGR
        network = self._network
        network.setInputSize(work.shape[1::-1])
        _, rows = network.detect(cv2.cvtColor(np.ascontiguousarray(work), code))
        return non_maximum_suppression(
            [_face(row / scale, float(row[14]), pixels.shape) for row in (() if rows is None else rows)]
        )

    @property
    def _network(self) -> cv2.FaceDetectorYN:
        # It keeps its input size: one per thread.
        if not hasattr(self._local, "network"):
            try:
                self._local.network = cv2.FaceDetectorYN.create(
                    str(self._model), "", (320, 320), _LEAST_SCORE
                )
            except cv2.error as error:
                raise ModelFileError(
                    "The YuNet file cannot be loaded",
                    received=self._model.name,
                    hint="Delete it and fetch it again",
                ) from error
        network: cv2.FaceDetectorYN = self._local.network
        return network


def _face(row: np.ndarray, score: float, shape: tuple[int, ...]) -> Face:
    """One line of OpenCV's answer: x, y, width, height, then five points, eyes first."""
    x, y, width, height = (float(value) for value in row[:4])
    points = tuple((float(px), float(py)) for px, py in row[4:14].reshape(5, 2))
    return Face(Box.within(shape, x, y, width, height), min(score, 1.0), points)
