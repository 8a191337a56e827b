"""Faces by BlazeFace, MediaPipe's detector (Bazarevsky et al. 2019): turned, tilted, dark and small ones, with their eyes.

Up to three looks. The full-range network sees the whole picture; then, in photos, square tiles of two thirds of its
shorter side, in which a face is about twice as large. It overlooks a face that fills the picture: the short-range network,
made for cameras held at arm's length, looks for that one alone, with a border around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from fer_core.inference.detect.boxes import Box, Face, non_maximum_suppression
from fer_core.inference.detect.networks import FULL_RANGE, SHORT_RANGE, Network, NetworkFile

LEAST_SCORE = 0.6
"""MediaPipe's own limit for the full-range network."""
FRAME = 0.878
"""Side of the full-range network's boxes as a share of FER2013's pictures (median of 1,088 of its faces)."""
_TILE = 2 / 3  # of the shorter side
_LEAST_TILE = 64  # pixels: of a sliver there would be thousands, with no room for a face
_BORDER = 0.25  # of the longer side, around the picture when one face may fill it
_LARGE = 0.2  # of the longer side: from here on the full-range network begins to overlook faces
_SMALLEST = 10  # pixels of a network's input
_POINTS = 6


@dataclass(frozen=True)
class _Look:
    """A network, the centres of its anchors, and how its boxes lie in FER2013's pictures.

    Attributes:
        network: the open file.
        anchors: float (n, 2), x and y as shares of the input.
        side: median side of its boxes, as a share of FER2013's pictures.
        low: how far their centres lie below those of the pictures, in the same unit.
    """

    network: Network
    anchors: np.ndarray
    side: float
    low: float


class BlazeFaceDetector:
    """Faces from any side up to profiles, with both eyes.

    Raises:
        ModelFileError: its files are not here.
    """

    name = "BlazeFace"
    margin = (1 / FRAME - 1) / 2

    def __init__(self) -> None:
        self._far = _look(FULL_RANGE, {4: 1}, side=FRAME, low=0.019)
        self._near = _look(SHORT_RANGE, {8: 2, 16: 6}, side=0.837, low=0.08)

    def smallest(self, width: int, height: int) -> int:
        return max(1, round(_SMALLEST * _TILE * min(width, height) / FULL_RANGE.side))

    def detect(self, pixels: np.ndarray, *, quick: bool = False) -> list[Face]:
        height, width = pixels.shape[:2]
        faces = list(_seen(self._far, pixels, pixels.shape))
        if not quick and max(height, width) > FULL_RANGE.side and min(height, width) * _TILE >= _LEAST_TILE:
            faces += [face for tile in _tiles(width, height) for face in self._in_tile(pixels, tile)]
        large = [
            face
            for face in _seen(self._near, pixels, pixels.shape, border=_BORDER)
            if face.box.width >= _LARGE * max(height, width)
            and not any(_holds(face.box, f.box) for f in faces)
        ]
        return non_maximum_suppression(faces + large)

    def _in_tile(self, pixels: np.ndarray, tile: Box) -> Iterator[Face]:
        """Its faces, without those that its edge cuts: they are whole in another tile, or in the picture."""
        part = pixels[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
        bottom, right = pixels.shape[:2]
        for face in _seen(self._far, part, pixels.shape, (tile.x, tile.y)):
            box = face.box
            cut = (
                box.x < tile.x
                or box.y < tile.y
                or tile.x + tile.width < min(box.x + box.width, right)
                or tile.y + tile.height < min(box.y + box.height, bottom)
            )
            if not cut:
                yield face


def _look(file: NetworkFile, strides: dict[int, int], side: float, low: float) -> _Look:
    """Open a network; `strides` says how many anchors each cell of its grids has, stride -> anchors."""
    grids = []
    for stride, count in strides.items():
        centers = (np.arange(file.side // stride) + 0.5) * stride / file.side
        grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, count, axis=0))
    return _Look(Network(file), np.concatenate(grids), side, low)


def _seen(
    look: _Look,
    pixels: np.ndarray,
    shape: tuple[int, ...],
    corner: tuple[int, int] = (0, 0),
    border: float = 0.0,
) -> Iterator[Face]:
    """Faces in a uint8 picture (h, w[, 3]) that lies at `corner` of one of `shape`, in pixels of that one, overlaps included."""
    size = look.network.side
    height, width = pixels.shape[:2]
    scale = size / (max(height, width) * (1 + 2 * border))
    small = cv2.resize(
        pixels,
        (max(1, round(width * scale)), max(1, round(height * scale))),
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
    )
    left, top = (size - small.shape[1]) // 2, (size - small.shape[0]) // 2
    picture = np.full((size, size, 3), -1, np.float32)
    picture[top : top + small.shape[0], left : left + small.shape[1]] = (
        small[..., None] if small.ndim == 2 else small
    ) / np.float32(127.5) - 1
    boxes, logits = look.network.run(picture)
    scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
    for index in np.flatnonzero(scores >= LEAST_SCORE):
        values = boxes[index].reshape(2 + _POINTS, 2) / size
        points = (values[[0, *range(2, 2 + _POINTS)]] + look.anchors[index]) * size
        points = (points - (left, top)) / scale + corner
        # The box that the full-range network would draw if it lay in a picture of FER2013's as its boxes do on average.
        framed = values[1].mean() * size / scale / look.side
        half = framed * FRAME / 2
        x, y = points[0] - (half, half + look.low * framed)
        box = Box.within(shape, x, y, 2 * half, 2 * half)
        eyes = tuple((float(px), float(py)) for px, py in points[1:])
        yield Face(box, float(scores[index]), eyes)


def _tiles(width: int, height: int) -> Iterator[Box]:
    """Squares that cover a picture and overlap by about half."""
    side = round(min(width, height) * _TILE)
    for y in _starts(height, side):
        for x in _starts(width, side):
            yield Box(x, y, side, side)


def _starts(length: int, side: int) -> list[int]:
    count = max(2, math.ceil((length - side) / (side / 2) - 0.25) + 1)
    return [round(start) for start in np.linspace(0, length - side, count)]


def _holds(box: Box, other: Box) -> bool:
    """Whether the centre of `other` lies in `box`."""
    x, y = other.x + other.width / 2, other.y + other.height / 2
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
