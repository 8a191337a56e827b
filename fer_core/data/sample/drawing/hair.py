"""Hair behind and in front of the head."""

from __future__ import annotations

import math
import random

from fer_core.data.sample.drawing.pen import Curve, Pen, Point, across, smooth
from fer_core.data.sample.drawing.person import Person, head


def hair_behind(pen: Pen, person: Person) -> None:
    """What is seen behind neck and ears; drawn before the shoulders."""
    shade = max(0, person.hair - 12)
    if person.style in ("long", "bob", "fringe"):
        end = 2.3 if person.style == "long" else 1.12
        wide = person.width + (0.26 if person.style == "long" else 0.24)
        left = [
            (-wide * 0.8, end + 0.1),
            (-wide, end),
            (-wide - 0.05, 0.3),
            (-wide, -0.6),
            (-0.7, -1.25),
            (0, -1.42),
        ]
        pen.polygon(smooth([*left, *[(-x, y) for x, y in left[-2::-1]]]), shade)
    elif person.style == "curly":
        for i in range(15):
            t = math.pi * (0.9 + 1.2 * i / 14)
            pen.oval((1.06 * math.cos(t), 0.05 + 1.2 * math.sin(t)), 0.3, 0.3, shade)
    elif person.style == "bun":
        pen.oval((0.05, -1.36), 0.36, 0.32, shade)


def hair_front(pen: Pen, rng: random.Random, person: Person) -> None:
    """What lies over the forehead, or a cap."""
    if person.style == "bald":
        pen.soft((0.15, -0.92), 0.5, 0.3, person.tone(40), 0.6)
        return
    part = rng.choice((-1, 1)) * rng.uniform(0.3, 0.6)
    if person.style == "beanie":
        _beanie(pen, rng, person)
        return
    line = _hairline(pen, _front_line(rng, person.style, part))
    pen.polygon([*_cap(person, 1.1, 1.12), *line], person.hair)
    if person.style in ("crop", "parted"):
        _sides(pen, person, 0.02)
    elif person.style == "bun":
        _sides(pen, person, -0.2)
    elif person.style == "curly":
        for i in range(11):
            t = math.pi * (1.06 + 0.88 * i / 10)
            pen.oval((0.92 * math.cos(t), math.sin(t) - 0.04), 0.2, 0.2, min(255, person.hair + i % 2 * 12))
    elif person.style in ("long", "bob"):
        _curtains(pen, person)
    _strands(pen, rng, person, part)


def _front_line(rng: random.Random, style: str, part: float) -> Curve:
    """Height of the hairline from the left temple (-1) to the right (1)."""
    if style == "parted":
        return lambda u: -0.56 - 0.36 * max(0.0, 1 - abs(u - part)) ** 0.7
    if style == "fringe":
        jag = rng.uniform(0.02, 0.05)
        return lambda u: -0.56 - 0.04 * u * u + jag * math.sin(23 * u)
    if style in ("long", "bob"):
        return lambda u: -0.3 - 0.64 * max(0.0, 1 - abs(u - part * 0.5) ** 1.4) ** 0.6
    high, jag = rng.uniform(0.76, 0.88), rng.uniform(0, 0.035)
    return lambda u: -high + 0.42 * u**4 + jag * math.sin(17 * u + part)


def _hairline(pen: Pen, curve: Curve) -> list[Point]:
    """Points of the hairline from right to left; its middle turns with the face, its ends stay in place."""
    points = across(1.02, -1.02, lambda u: curve(-u), 33)
    return [(x + pen.yaw * 0.15 * (1 - x * x / 1.1), y) for x, y in points]


def _cap(person: Person, wide: float, high: float) -> list[Point]:
    """The top of the skull from left to right, a little larger than it is."""
    outline = [(x * wide, y * high) for x, y in head(person) if y < -0.28]
    return sorted(outline)


def _sides(pen: Pen, person: Person, low: float) -> None:
    """Short hair between temple and ear."""
    for side in (-1, 1):
        x = side * person.width - pen.yaw * 0.04
        inner = [(x * 0.78, -0.76), (x * 0.92, low - 0.12), (x * 0.99, low)]
        pen.polygon([*inner, (x * 1.07, -0.2), (x * 1.03, -0.5), (x * 0.9, -0.74)], person.hair)


def _curtains(pen: Pen, person: Person) -> None:
    """Long hair falling in front of the ears."""
    for side in (-1, 1):
        x, low = side * person.width, 1.35 if person.style == "long" else 1.0
        strip = [
            (x * 1.12, -0.62),
            (x * 0.9, -0.5),
            (x * 0.84, 0.1),
            (x * 0.9, low),
            (x * 1.2, low),
            (x * 1.22, 0.2),
        ]
        pen.polygon(smooth(strip), person.hair)


def _strands(pen: Pen, rng: random.Random, person: Person, part: float) -> None:
    """A gloss on the crown and a few combed lines."""
    for _ in range(7):
        start = rng.uniform(-0.55, 0.55)
        lean = (start - part) * 0.18
        tone = max(0, min(255, person.hair + rng.choice((-14, 16, 24))))
        y = -1.2 + 0.3 * start * start
        pen.line([(start, y), (start + lean * 0.5, y + 0.12), (start + lean, y + 0.24)], 0.03, tone)
    pen.soft((rng.uniform(-0.35, 0.35), -1.05), 0.7, 0.17, min(255, person.hair + 58), 0.5)


def _beanie(pen: Pen, rng: random.Random, person: Person) -> None:
    tone = rng.choice((60, 110, 165, 195))
    line = _hairline(pen, lambda u: -0.64 + 0.1 * u * u)
    top = _cap(person, 1.07, 1.2)
    pen.polygon([*top, *line], tone)
    pen.polygon([*line, *[(x, y - 0.24) for x, y in line[::-1]]], max(0, tone - 30))
    for i in range(-4, 5):
        x = i * 0.22
        pen.line([(x, -0.66), (x, -0.84)], 0.025, max(0, tone - 52))
    pen.soft((0.1, -1.1), 0.6, 0.2, min(255, tone + 40), 0.5)
