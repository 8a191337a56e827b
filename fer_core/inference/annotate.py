"""A photo with its answers drawn on it: one numbered box per face, in the emotion's colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fer_core.base.emotions import emotion_colors, text_on
from fer_core.data.images import Picture
from fer_core.inference.detect.boxes import Box
from fer_core.inference.photo_result import FaceAnswer, PhotoResult

UNCERTAIN_COLOR = "#868E96"
_Rect = tuple[int, int, int, int]
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
    _Sheet(image, [_scaled(face.box, scale) for face in result.faces]).draw(result.faces)
    return image


def caption(face: FaceAnswer) -> str:
    """What stands on the box: `1 happy .97`, or `2 uncertain`."""
    if face.uncertain:
        return f"{face.number} uncertain"
    probability = f"{face.probabilities[face.label]:.2f}".removeprefix("0")
    return f"{face.number} {face.label} {probability}"


def _scaled(box: Box, scale: float) -> _Rect:
    """A box in the drawing: left, top, right, bottom, the last two included."""
    left, top = round(box.x * scale), round(box.y * scale)
    right, bottom = round((box.x + box.width) * scale) - 1, round((box.y + box.height) * scale) - 1
    return left, top, max(right, left + 1), max(bottom, top + 1)


class _Sheet:
    """One drawing in progress: knows which places are taken, so that no label hides another face."""

    def __init__(self, image: Image.Image, boxes: list[_Rect]) -> None:
        longest = max(image.size)
        self._image, self._boxes = image, boxes
        self._draw = ImageDraw.Draw(image)
        self._line = max(2, round(longest / 240))
        self._font = ImageFont.load_default(size=max(11, round(longest / 50)))
        self._labels: list[_Rect] = []

    def draw(self, faces: Sequence[FaceAnswer]) -> None:
        """Boxes first, so that none crosses a label."""
        hues = [UNCERTAIN_COLOR if f.uncertain else emotion_colors(f.probabilities)[f.label] for f in faces]
        for box, hue in zip(self._boxes, hues, strict=True):
            self._draw.rounded_rectangle(box, radius=2 * self._line, outline=hue, width=self._line)
        for index, (face, hue) in enumerate(zip(faces, hues, strict=True)):
            text, place = self._choose(face, index)
            self._labels.append(place)
            self._draw.rounded_rectangle(place, radius=self._line, fill=hue)
            x0, y0, _, _ = self._draw.textbbox((0, 0), text, font=self._font)
            corner = (place[0] + self._pad - x0, place[1] + self._pad - y0)
            self._draw.text(corner, text, fill=text_on(hue), font=self._font)

    def _choose(self, face: FaceAnswer, index: int) -> tuple[str, _Rect]:
        """The caption above the face or below it; in a crowd the number alone; at worst inside the box."""
        left, top, _, bottom = self._boxes[index]
        taken = [*self._boxes[:index], *self._boxes[index + 1 :], *self._labels]
        words = (caption(face), str(face.number)) if len(self._boxes) > 1 else (caption(face),)
        for text in words:
            width, height = self._size(text)
            x = max(0, min(left, self._image.width - 1 - width))
            for y in (top - height, bottom + 1):
                place = (x, y, x + width, y + height)
                inside = y >= 0 and y + height < self._image.height
                if inside and not any(_overlap(place, other) for other in taken):
                    return text, place
        width, height = self._size(words[-1])
        return words[-1], (left, top, left + width, top + height)

    @property
    def _pad(self) -> int:
        return self._line + 1

    def _size(self, text: str) -> tuple[int, int]:
        x0, y0, x1, y1 = self._draw.textbbox((0, 0), text, font=self._font)
        return round(x1 - x0) + 2 * self._pad, round(y1 - y0) + 2 * self._pad


def _overlap(one: _Rect, other: _Rect) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
