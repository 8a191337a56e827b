"""The pen: polygons, lines and blurred spots in units of a head, on a canvas larger than the picture."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

SIZE = 48
ZOOM = 4
CANVAS = SIZE * ZOOM

Point = tuple[float, float]
Curve = Callable[[float], float]

_SOFT_SIZE = 64


@cache
def _soft_mask(share: int) -> Image.Image:
    """A round mask, `share` of 256 in the middle and fading to nothing at its edge."""
    step = np.arange(_SOFT_SIZE, dtype=np.int64) * 2 - (_SOFT_SIZE - 1)
    squared = step[:, None] ** 2 + step[None, :] ** 2
    inside = np.maximum(_SOFT_SIZE**2 - squared, 0)
    return Image.fromarray((inside * inside * (255 * share // 256) // _SOFT_SIZE**4).astype(np.uint8))


class Pen:
    """Draws in head units: (0, 0) between eyes and mouth, x to the right, y down, 1 = half a head's width."""

    def __init__(self, rng: random.Random) -> None:
        self.image = Image.new("L", (CANVAS, CANVAS))
        self.draw = ImageDraw.Draw(self.image)
        angle = math.radians(max(-16.0, min(16.0, rng.gauss(0, 5.5))))
        self.unit = rng.uniform(56, 66)
        self.cos, self.sin = math.cos(angle) * self.unit, math.sin(angle) * self.unit
        self.x = CANVAS / 2 + rng.uniform(-10, 10)
        self.y = CANVAS * 0.49 + rng.uniform(-7, 9)
        self.yaw = max(-1.0, min(1.0, rng.gauss(0, 0.45)))

    def at(self, point: Point) -> tuple[int, int]:
        """Canvas position of a point of the head."""
        x, y = point
        return round(self.x + x * self.cos - y * self.sin), round(self.y + x * self.sin + y * self.cos)

    def turned(self, point: Point) -> Point:
        """A point on the front of the face, moved sideways as the head turns."""
        x, y = point
        return x * (1 - 0.07 * abs(self.yaw)) + self.yaw * 0.17 * (1 - 0.25 * x * x), y

    def trace(self, points: Sequence[Point]) -> list[tuple[int, int]]:
        """`at` for many points."""
        left, top, cos, sin = self.x, self.y, self.cos, self.sin
        return [(round(left + x * cos - y * sin), round(top + x * sin + y * cos)) for x, y in points]

    def polygon(self, points: Sequence[Point], gray: int) -> None:
        self.draw.polygon(self.trace(points), fill=gray)

    def oval(self, center: Point, rx: float, ry: float, gray: int) -> None:
        self.polygon(oval(center, rx, ry), gray)

    def line(self, points: Sequence[Point], width: float, gray: int) -> None:
        """A line with round joints; `width` in head units."""
        thick = max(1, round(width * self.unit))
        self.draw.line(self.trace(points), fill=gray, width=thick, joint="curve")

    def soft(self, center: Point, rx: float, ry: float, gray: int, strength: float) -> None:
        """A blurred spot: `gray` mixed in by `strength` (0..1) in the middle, fading outwards."""
        x, y = self.at(center)
        w, h = max(2, round(rx * self.unit)), max(2, round(ry * self.unit))
        mask = _soft_mask(round(strength * 256)).resize((2 * w, 2 * h), Image.Resampling.BILINEAR)
        self.image.paste(gray, (x - w, y - h), mask)


@cache
def circle(count: int) -> tuple[Point, ...]:
    """`count` points around the unit circle: (cosine, sine)."""
    turn = [2 * math.pi * i / count for i in range(count)]
    return tuple((math.cos(t), math.sin(t)) for t in turn)


def oval(center: Point, rx: float, ry: float, count: int = 28) -> list[Point]:
    x, y = center
    return [(x + rx * cos, y + ry * sin) for cos, sin in circle(count)]


def across(start: float, stop: float, curve: Curve, count: int = 13) -> list[Point]:
    """Points (x, curve(u)) with x from start to stop and u from -1 to 1."""
    steps = [i / (count - 1) for i in range(count)]
    return [(start + (stop - start) * s, curve(2 * s - 1)) for s in steps]


def bezier(a: Point, b: Point, c: Point, t: float) -> Point:
    p, q, r = (1 - t) ** 2, 2 * t * (1 - t), t * t
    return p * a[0] + q * b[0] + r * c[0], p * a[1] + q * b[1] + r * c[1]


def smooth(points: Sequence[Point]) -> list[Point]:
    """A closed outline with its corners cut (Chaikin 1974)."""
    outline = list(points)
    for _ in range(2):
        cut = []
        for (ax, ay), (bx, by) in zip(outline, outline[1:] + outline[:1], strict=True):
            cut += [
                (0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by),
                (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by),
            ]
        outline = cut
    return outline
