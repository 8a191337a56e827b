"""One drawn face: a soft gray portrait with an emotion, from a seeded random source.

The picture is drawn with Pillow at four times its size and reduced, so every edge is smooth. All geometry
ends in whole numbers and all pixel arithmetic is on integers: the same seed gives the same pixels on any
machine.

    >>> import random
    >>> draw_face(random.Random(7), "happy").shape
    (48, 48)
"""

from __future__ import annotations

import random

import numpy as np
from PIL import Image

from fer_core.data.sample.drawing.backdrop import backdrop
from fer_core.data.sample.drawing.build import beard, glasses, shoulders, skull
from fer_core.data.sample.drawing.expression import expression
from fer_core.data.sample.drawing.features import brows, eyes, mouth, nose
from fer_core.data.sample.drawing.hair import hair_behind, hair_front
from fer_core.data.sample.drawing.pen import SIZE, ZOOM, Pen
from fer_core.data.sample.drawing.person import person


def draw_face(rng: random.Random, emotion: str) -> np.ndarray:
    """A face showing `emotion`: happy, neutral, sad or surprise (any other name is drawn neutral).

    Returns:
        uint8 (48, 48) gray levels.
    """
    who, mood, pen = person(rng), expression(rng, emotion), Pen(rng)
    pen.image.paste(backdrop(rng, who.skin))
    hair_behind(pen, who)
    shoulders(pen, rng, who)
    skull(pen, rng, who)
    beard(pen, who)
    nose(pen, rng, who)
    eyes(pen, rng, who, mood)
    brows(pen, rng, who, mood)
    mouth(pen, rng, who, mood)
    hair_front(pen, rng, who)
    glasses(pen, who)
    return _photograph(pen.image, rng)


def _photograph(image: Image.Image, rng: random.Random) -> np.ndarray:
    """The picture at 48x48, lit from one side, well or badly exposed, with sensor noise; uint8 (48, 48)."""
    pixels = np.asarray(image.reduce(ZOOM)).astype(np.int64)
    step = np.arange(SIZE) * 2 - (SIZE - 1)
    slope = round(rng.gauss(0, 1.5)) * step[None, :] + round(rng.gauss(0, 1.0)) * step[:, None]
    gain = 256 * rng.randint(84, 108) // 100 + slope // 4
    pixels = 128 + ((pixels - 128) * gain >> 8) + (slope >> 3) + rng.randint(-14, 10)
    grain = rng.choice((2, 3, 4, 5, 7))
    noise = np.frombuffer(rng.randbytes(4 * SIZE * SIZE), dtype=np.uint8).reshape(4, SIZE, SIZE)
    pixels += (noise.astype(np.int64).sum(axis=0) - 510) * grain >> 8  # four uniforms are nearly a Gaussian
    return pixels.clip(0, 255).astype(np.uint8)
