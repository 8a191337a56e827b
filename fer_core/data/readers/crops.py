"""Faces that are a part of a picture: a box in its path, as in `photo.jpg/12,40,200,230.png`, so that the path says all.

>>> crop_of(crop_path("a/photo.jpg", (12, 40, 200, 230)))
('a/photo.jpg', (12, 40, 200, 230))
>>> crop_of("a/1,2.png") is None
True
"""

from __future__ import annotations

import io
import re

from PIL import Image

from fer_core.base.errors import SourceError
from fer_core.data.images import SUFFIXES, decode
from fer_core.data.readers.base import suffix_of

Region = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture."""

_NAME = re.compile(r"(\d+),(\d+),(\d+),(\d+)\.png")


def crop_path(path: str, box: Region) -> str:
    """The path of a part of a picture; what lies left of or above it is cut off."""
    return f"{path}/{','.join(str(max(0, side)) for side in box)}.png"


def crop_of(path: str) -> tuple[str, Region] | None:
    """Picture and box of such a path; None for any other."""
    if "," not in path:
        return None
    picture, _, name = path.rpartition("/")
    found = _NAME.fullmatch(name)
    if not found or suffix_of(picture) not in SUFFIXES:
        return None
    left, top, right, bottom = map(int, found.groups())
    return picture, (left, top, right, bottom)


def crop(data: bytes, box: Region) -> bytes:
    """A part of a picture as a PNG. Raises ImageError for a damaged picture, SourceError for a box outside it."""
    pixels = decode(data).pixels
    left, top, right, bottom = box
    part = pixels[top:bottom, left:right]
    if not part.size:
        shown = f"{left}, {top}, {right}, {bottom} of {pixels.shape[1]} x {pixels.shape[0]}"
        raise SourceError("The box of the face lies outside the picture", received=shown)
    buffer = io.BytesIO()
    Image.fromarray(part).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
