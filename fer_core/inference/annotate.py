"""A photo with its answers drawn on it: one numbered box per face, in the emotion's colour."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_core.data.images import Picture
from fer_core.emotions import colors
from fer_core.inference.photo import FaceAnswer, PhotoResult

UNCERTAIN_COLOR = "#868E96"
_LARGEST = 1600  # longer side of the drawing: text and lines stay crisp, files small


def annotate(picture: Picture | np.ndarray, result: PhotoResult, largest: int = _LARGEST) -> Image.Image:
    """Draw boxes and labels.

    Args:
        picture: what was analysed (`result.picture`), or its pixels, uint8 (h, w) or (h, w, 3).
        result: what `analyse` returned for it.
        largest: longer side of the drawing in pixels; smaller pictures keep their size.

    Returns:
        An RGB image.
    """
    pixels = picture.pixels if isinstance(picture, Picture) else picture
    image = Image.fromarray(pixels).convert("RGB")
    scale = min(1.0, largest / max(image.size))
    if scale < 1:
        image = image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS
        )
    draw = ImageDraw.Draw(image)
    line = max(2, round(max(image.size) / 300))
    font = ImageFont.load_default(size=max(11, round(max(image.size) / 50)))
    for face in result.faces:
        color = UNCERTAIN_COLOR if face.uncertain else colors(face.probabilities)[face.label]
        _draw_face(draw, face, scale, color, line, font, image.size)
    return image


def caption(face: FaceAnswer) -> str:
    """What stands on the box: `1 happy .97`, or `2 uncertain`."""
    if face.uncertain:
        return f"{face.number} uncertain"
    probability = f"{face.probabilities[face.label]:.2f}".removeprefix("0")
    return f"{face.number} {face.label} {probability}"


def text_on(color: str) -> str:
    """Black or white, whichever stands out more on `color` (WCAG 2 contrast)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "#FFFFFF"


def _draw_face(
    draw: ImageDraw.ImageDraw,
    face: FaceAnswer,
    scale: float,
    color: str,
    line: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    size: tuple[int, int],
) -> None:
    left, top = round(face.box.x * scale), round(face.box.y * scale)
    right = max(left + 1, round((face.box.x + face.box.width) * scale) - 1)
    bottom = max(top + 1, round((face.box.y + face.box.height) * scale) - 1)
    draw.rounded_rectangle((left, top, right, bottom), radius=2 * line, outline=color, width=line)

    text = caption(face)
    x0, y0, x1, y1 = draw.textbbox((0, 0), text, font=font)
    pad = line + 1
    width, height = x1 - x0 + 2 * pad, y1 - y0 + 2 * pad
    # Above the box; inside it where the picture ends.
    label_top = top - height if top >= height else top
    label_left = max(0, min(left, size[0] - width))
    draw.rounded_rectangle(
        (label_left, label_top, label_left + width, label_top + height), radius=line, fill=color
    )
    draw.text((label_left + pad - x0, label_top + pad - y0), text, fill=text_on(color), font=font)
