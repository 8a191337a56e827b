"""Pictures with faces at known places: the sample's drawn faces, pasted on a plain wall."""

from __future__ import annotations

import io
import random
from functools import cache

import numpy as np
from PIL import Image

from fer_core.data.sample.drawing.face import draw_face
from fer_core.inference.detect.boxes import Box, Face
from fer_core.inference.detect.detectors import default_detector
from fer_core.inference.detect.haar import HaarDetector

EMOTIONS = ("happy", "surprise", "neutral", "sad")


def drawn(seed: int, side: int) -> np.ndarray:
    """uint8 (side, side): one drawn face, enlarged."""
    face = Image.fromarray(draw_face(random.Random(seed), EMOTIONS[seed % 4]))
    return np.array(face.resize((side, side), Image.Resampling.BICUBIC))


def scene(faces: dict[int, tuple[int, int, int]], width: int = 640, height: int = 480) -> np.ndarray:
    """uint8 (height, width): seed -> (x, y, side) of each pasted face."""
    wall = np.full((height, width), 128, dtype=np.uint8)
    for seed, (x, y, side) in faces.items():
        wall[y : y + side, x : x + side] = drawn(seed, side)
    return wall


@cache
def easy_seeds(count: int = 4) -> tuple[int, ...]:
    """The first seeds whose face both detectors that come with the app find alone on a wall."""
    both, found = (default_detector(), HaarDetector()), []
    for seed in range(100):
        if all(len(each.detect(scene({seed: (100, 120, 144)}, 400, 400))) == 1 for each in both):
            found.append(seed)
        if len(found) == count:
            return tuple(found)
    raise AssertionError("hardly any drawn face is found")


def covers(box: Box, place: tuple[int, int, int]) -> bool:
    """Whether a box's centre lies in the middle of a pasted face and its size is about the face's."""
    x, y, side = place
    center = (box.x + box.width / 2, box.y + box.height / 2)
    near = abs(center[0] - x - side / 2) < side / 4 and abs(center[1] - y - side / 2) < side / 4
    return near and 0.5 * side < box.width < 1.2 * side


def png(pixels: np.ndarray) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Finds:
    """A detector that finds what it is told, and remembers the shapes it was asked about."""

    name = "fake"
    margin = 0.02

    def __init__(self, *answers: list[Face]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, ...]] = []

    def smallest(self, width: int, height: int) -> int:
        return 24

    def detect(self, pixels: np.ndarray, *, quick: bool = False) -> list[Face]:
        self.asked.append(pixels.shape)
        return self.answers.pop(0) if self.answers else []


def face(x: int, y: int, side: int, score: float = 0.9) -> Face:
    return Face(Box(x, y, side, side), score)
