"""What carries the emotion: nose, eyes, brows and mouth."""

from __future__ import annotations

import math
import random

from fer_core.data.sample.drawing.expression import Expression
from fer_core.data.sample.drawing.pen import Curve, Pen, Point, across, bezier, oval
from fer_core.data.sample.drawing.person import Person


def nose(pen: Pen, rng: random.Random, person: Person) -> None:
    """A nose made of light and shadow."""
    length, broad = rng.uniform(0.26, 0.36), rng.uniform(0.13, 0.2)
    side = -1 if pen.yaw > 0 else 1
    pen.soft(pen.turned((side * broad * 0.85, length * 0.35)), 0.12, 0.34, person.tone(-62), 0.55)
    pen.soft(pen.turned((0, 0.02)), 0.1, 0.36, person.tone(44), 0.7)
    pen.soft(pen.turned((0, length + 0.06)), broad * 1.5, 0.13, person.tone(-75), 0.75)
    pen.soft(pen.turned((0, length - 0.05)), broad * 0.9, 0.13, person.tone(52), 0.85)
    for x in (-broad * 0.62, broad * 0.62):
        pen.oval(pen.turned((x, length + 0.04)), 0.05, 0.026, person.tone(-100))


def eyes(pen: Pen, rng: random.Random, person: Person, face: Expression) -> None:
    """Both eyes, opened and looking as the expression says."""
    apart, half = rng.uniform(0.4, 0.46), rng.uniform(0.19, 0.22)
    iris, gaze = rng.randint(18, 80), rng.uniform(-0.05, 0.05)
    for side in (-1, 1):
        _eye(pen, person, face, side, side * apart, half, iris, gaze)


def _eye(
    pen: Pen, person: Person, face: Expression, side: int, x: float, half: float, iris: int, gaze: float
) -> None:
    """One eye around `x`: the white between two lids, and an iris that never shows outside it."""

    def lid(height: float) -> Curve:
        return lambda u: -0.12 - side * u * face.eye_tilt - height * (1 - u * u) ** 0.75

    over, under = lid(face.eye_open), lid(-face.lower_lid)
    upper = [pen.turned(p) for p in across(x - half, x + half, over)]
    lower = [pen.turned(p) for p in across(x - half, x + half, under)]
    pen.polygon(upper + lower[::-1], min(250, 214 + person.skin // 8))
    center = (x + gaze, -0.125 + face.gaze_down)
    for radius, tone in ((0.115, iris), (0.06, 8)):
        disc = []
        for px, py in oval(center, radius, radius):
            u = max(-1.0, min(1.0, (px - x) / half))
            disc.append(pen.turned((px, min(max(py, over(u)), under(u)))))
        pen.polygon(disc, tone)
    shine = (center[0] - 0.04, max(center[1] - 0.045, over(0) + 0.03))
    pen.oval(pen.turned(shine), 0.026, 0.026, 245)
    pen.line(upper, 0.075 if person.makeup else 0.05, min(person.hair, 60) // 2)
    pen.line(lower[1:-1], 0.02, person.tone(-70))
    if face.eye_open < 0.13:  # the fold above the lid; a wide eye hides it
        fold = [pen.turned(p) for p in across(x - half, x + half, lid(face.eye_open + 0.06))]
        pen.line(fold[1:-1], 0.02, person.tone(-52))


def brows(pen: Pen, rng: random.Random, person: Person, face: Expression) -> None:
    """Both brows, and the lines they raise on the forehead."""
    arch, thick = rng.uniform(0.03, 0.08), rng.uniform(0.045, 0.085)
    tone = min(person.hair, 120, max(20, person.skin - 50))
    base = -0.37 - face.brow_raise
    for side in (-1, 1):
        top, low = [], []
        for i in range(11):
            s = i / 10  # from the inner end to the outer
            lift = face.brow_inner * (1 - s) ** 1.5 + arch * math.sin(math.pi * s * 0.85)
            x, y, half = side * (0.2 + 0.48 * s), base - lift + 0.04 * s, thick * (0.8 - 0.62 * s)
            top.append(pen.turned((x, y - half)))
            low.append(pen.turned((x, y + half)))
        pen.polygon(top + low[::-1], tone)
    if face.forehead > 0.2:
        for y in (base - 0.25, base - 0.37):
            line = [pen.turned((u / 2.5, y + 0.03 * u * u)) for u in (-1, -0.5, 0, 0.5, 1)]
            pen.line(line, 0.022, person.tone(round(-34 * face.forehead)))


def mouth(pen: Pen, rng: random.Random, person: Person, face: Expression) -> None:
    """Lips closed or open, teeth, moustache, and the folds of a smile."""
    w, y0, open_ = face.mouth_width, rng.uniform(0.64, 0.7), face.mouth_open
    skew = rng.uniform(-0.02, 0.02)
    lip = person.tone(-82 if person.makeup else -46)

    def line(u: float) -> float:
        return y0 - face.corners * (u * u - 0.45) + skew * u

    def dome(u: float, power: float = 0.7) -> float:
        return float(max(0.0, 1 - u * u) ** power)

    def trace(curve: Curve) -> list[Point]:
        return [pen.turned(p) for p in across(-w, w, curve)]

    def bow(u: float) -> float:
        return 0.085 * face.lips * dome(u) * (0.86 + 0.14 * min(1.0, abs(u) * 4))

    inner_top = trace(lambda u: line(u) - 0.3 * open_ * dome(u))
    inner_low = trace(lambda u: line(u) + 0.8 * open_ * dome(u))
    outer_top = trace(lambda u: line(u) - 0.3 * open_ * dome(u) - bow(u))
    outer_low = trace(lambda u: line(u) + 0.8 * open_ * dome(u) + 0.115 * face.lips * dome(u))
    pen.soft(pen.turned((0, y0 + 0.24 + 0.8 * open_)), w * 0.9, 0.12, person.tone(-66), 0.6)
    if person.beard in ("moustache", "full"):
        top = trace(lambda u: line(u) - 0.3 * open_ - 0.2 + 0.07 * u * u)
        pen.polygon(top + outer_top[::-1], min(person.hair + 6, 200))
    pen.polygon(outer_top + outer_low[::-1], lip)
    pen.soft(pen.turned((0, y0 + 0.8 * open_ + 0.075)), w * 0.6, 0.07, person.tone(18), 0.45)
    if open_ > 0.03:
        pen.polygon(inner_top + inner_low[::-1], 24)
        if face.corners > 0.05 or rng.random() < 0.35:
            depth = min(0.62 if face.corners > 0.05 else 0.22, 1.0)
            teeth = trace(lambda u: line(u) + (1.1 * depth - 0.3) * open_ * dome(u))
            pen.polygon(inner_top + teeth[::-1], 236)
        else:
            pen.soft(pen.turned((0, y0 + 0.62 * open_)), w * 0.6, open_ * 0.35, 110, 0.8)
    else:
        pen.line(inner_top, 0.035, person.tone(-112))
    for side in (-1, 1):
        pen.soft(
            pen.turned((side * w * 1.04, line(1) + skew * (side - 1))), 0.08, 0.07, person.tone(-90), 0.55
        )
        if face.folds > 0.2:
            wing, end = (side * 0.24, 0.34), (side * (w + 0.12), line(1) + 0.02)
            bend = (side * (w + 0.04), 0.42)
            fold = [bezier(wing, bend, end, i / 8) for i in range(9)]
            pen.line([pen.turned(p) for p in fold], 0.035, person.tone(round(-46 * face.folds)))
            pen.soft(pen.turned((side * 0.5, 0.3)), 0.26, 0.2, person.tone(46), 0.5 * face.folds)
