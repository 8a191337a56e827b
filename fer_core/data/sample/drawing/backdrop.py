"""What is behind a person: a wall, a window, curtains, shelves, hills or lights, out of focus."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

from fer_core.data.sample.drawing.pen import CANVAS

_Draw = ImageDraw.ImageDraw


def gray(level: float) -> int:
    """A gray level within 0..255."""
    return max(0, min(255, round(level)))


def backdrop(rng: random.Random, skin: int) -> Image.Image:
    """A background of mode L that stands off from the skin; CANVAS x CANVAS."""
    level = rng.choice((rng.randint(35, 95), rng.randint(110, 205)))
    if abs(level - skin) < 26:
        level += 45 if level < skin else -45
    image = Image.new("L", (CANVAS, CANVAS), gray(level))
    draw = ImageDraw.Draw(image)
    rise = rng.randint(-30, 30)
    for y in range(0, CANVAS, 4):
        draw.rectangle((0, y, CANVAS, y + 3), fill=gray(level + rise * (CANVAS // 2 - y) / CANVAS))
    rng.choice(_SCENES)(draw, rng, level)
    return image.filter(ImageFilter.BoxBlur(rng.choice((1, 2, 4))))


def _wall(draw: _Draw, rng: random.Random, level: int) -> None:
    """Plain, perhaps with a picture on it."""
    if rng.random() < 0.5:
        x, y, side = rng.randint(-20, CANVAS), rng.randint(-20, 90), rng.randint(40, 90)
        draw.rectangle((x, y, x + side, y + side), fill=gray(level + 60), outline=gray(level - 60), width=5)


def _window(draw: _Draw, rng: random.Random, level: int) -> None:
    x, y = rng.choice((rng.randint(-30, 20), rng.randint(100, 150))), rng.randint(-20, 30)
    bright = gray(level + rng.randint(45, 110))
    draw.rectangle((x, y, x + 70, y + 110), fill=bright, outline=gray(level - 35), width=5)
    draw.line([(x + 35, y), (x + 35, y + 110)], fill=gray(level - 35), width=4)
    draw.line([(x, y + 50), (x + 70, y + 50)], fill=gray(level - 35), width=4)


def _curtains(draw: _Draw, rng: random.Random, level: int) -> None:
    x, change = -rng.randint(0, 24), rng.randint(18, 42)
    while x < CANVAS:
        wide = rng.randint(8, 26)
        draw.rectangle((x, 0, x + wide, CANVAS), fill=gray(level + rng.choice((-change, 0, change))))
        x += wide


def _shelves(draw: _Draw, rng: random.Random, level: int) -> None:
    for top in range(-rng.randint(0, 40), CANVAS, rng.randint(46, 64)):
        x = 0
        while x < CANVAS:
            wide, high = rng.randint(6, 16), rng.randint(24, 42)
            draw.rectangle((x, top + 44 - high, x + wide, top + 44), fill=gray(level + rng.randint(-60, 60)))
            x += wide + 1
        draw.line([(0, top + 47), (CANVAS, top + 47)], fill=gray(level - 50), width=5)


def _hills(draw: _Draw, rng: random.Random, level: int) -> None:
    for step in range(rng.randint(2, 4)):
        y, slope = 50 + 32 * step + rng.randint(-12, 12), rng.randint(-40, 40)
        bump = rng.randint(20, CANVAS - 20), y - rng.randint(10, 30)
        outline = [(0, y - slope), bump, (CANVAS, y + slope), (CANVAS, CANVAS), (0, CANVAS)]
        draw.polygon(outline, fill=gray(level - 16 - 22 * step))


def _lights(draw: _Draw, rng: random.Random, level: int) -> None:
    for _ in range(rng.randint(6, 16)):
        x, y, r = rng.randint(0, CANVAS), rng.randint(0, CANVAS), rng.randint(6, 22)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=gray(level + rng.randint(-40, 75)))


_SCENES: tuple[Callable[[_Draw, random.Random, int], None], ...] = (
    _wall,
    _wall,
    _window,
    _curtains,
    _shelves,
    _hills,
    _lights,
)
