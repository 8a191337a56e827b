"""What stays still: shoulders, the shaded head, beard and glasses."""

from __future__ import annotations

import random

from fer_core.data.sample.drawing.backdrop import gray
from fer_core.data.sample.drawing.pen import Pen, across, oval, smooth
from fer_core.data.sample.drawing.person import Person, head


def shoulders(pen: Pen, rng: random.Random, person: Person) -> None:
    """Neck and clothes, in the shadow of the chin."""
    neck = person.width * rng.uniform(0.42, 0.54)
    cloth = rng.choice((rng.randint(25, 90), rng.randint(115, 225)))
    side = [(-3.0, 3.2), (-2.0, 2.1), (-1.35, 1.66), (-neck * 1.3, 1.46)]
    pen.polygon(smooth([*side, *[(-x, y) for x, y in side[::-1]]]), cloth)
    if rng.random() < 0.3:  # a striped shirt
        for x in range(-8, 9):
            pen.line([(x * 0.24, 1.62 + 0.04 * x * x / 4), (x * 0.27, 3)], 0.07, gray(cloth - 38))
    skin = [(-neck, 0.6), (neck, 0.6), (neck * 1.1, 1.5), (0, 1.86), (-neck * 1.1, 1.5)]
    pen.polygon(skin, person.tone(-26))
    if rng.random() < 0.5:
        collar = gray(cloth + rng.choice((-35, 35)))
        for s in (-1, 1):
            pen.polygon([(s * neck, 1.36), (s * neck * 1.4, 1.62), (s * 0.12, 2.0), (0, 1.8)], collar)
    pen.soft((0, person.chin + 0.06), neck * 1.5, 0.42, person.tone(-75), 0.8)


def skull(pen: Pen, rng: random.Random, person: Person) -> None:
    """Ears and the head, lit from one side."""
    for side in (-1, 1):
        x = side * person.width - pen.yaw * 0.1
        pen.oval((x, 0.02), 0.15, 0.26, person.tone(-20))
        pen.oval((x + side * 0.01, 0.02), 0.08, 0.16, person.tone(-42))
    pen.polygon(head(person), person.tone(-26))
    pen.polygon(head(person, 0.95), person.tone(-14))
    lit = rng.choice((-1, 1)) * rng.uniform(0.1, 0.3)
    pen.soft((lit, 0.02), 1.05, 1.4, person.tone(20), 0.95)
    pen.soft((-lit * 3.2, 0.35), 0.55, 0.9, person.tone(-60), 0.4)
    for side in (-1, 1):
        pen.soft(pen.turned((side * 0.44, -0.1)), 0.36, 0.26, person.tone(-52), 0.5)
        blush = person.tone(-28 if person.makeup else 24)
        pen.soft(pen.turned((side * 0.54, 0.34)), 0.32, 0.26, blush, 0.42)
    pen.soft(pen.turned((0, -0.62)), 0.6, 0.3, person.tone(32), 0.5)
    pen.soft(pen.turned((0, person.chin - 0.2)), 0.3, 0.2, person.tone(26), 0.5)


def beard(pen: Pen, person: Person) -> None:
    """A full beard around the mouth, or its shadow."""
    tone = min(person.hair + 14, 190)
    if person.beard == "full":
        jaw = sorted(p for p in head(person, 1.03) if p[1] > 0.2)
        cheek = across(person.width * 0.98, -person.width * 0.98, lambda u: 0.56 - 0.34 * abs(u) ** 5, 21)
        pen.polygon([*jaw, *[pen.turned(p) for p in cheek]], tone)
        pen.soft(pen.turned((0, person.chin - 0.14)), 0.6, 0.3, min(tone + 34, 210), 0.6)
    elif person.beard == "stubble":
        pen.soft(pen.turned((0, person.chin - 0.42)), 0.95, 0.7, min(person.hair + 20, person.skin), 0.5)


def glasses(pen: Pen, person: Person) -> None:
    """Round or square frames, the temples running to the ears."""
    if not person.glasses:
        return
    for side in (-1, 1):
        x, y = side * 0.44, -0.1
        if person.glasses == "round":
            rim = oval((x, y), 0.32, 0.3, 24)
        else:
            rim = [(x - 0.33, y - 0.22), (x + 0.33, y - 0.22), (x + 0.3, y + 0.24), (x - 0.3, y + 0.24)]
        rim = [pen.turned(p) for p in rim]
        pen.line([*rim, *rim[:2]], 0.055, 22)
        pen.line([pen.turned((side * 0.76, -0.14)), (side * person.width - pen.yaw * 0.05, -0.1)], 0.05, 30)
    pen.line([pen.turned((-0.13, -0.13)), pen.turned((0.13, -0.13))], 0.055, 22)
