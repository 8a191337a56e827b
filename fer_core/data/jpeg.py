"""A short way through the most common file there is: a plain gray JPEG.

Pillow reads a JPEG's markers in Python before it decodes; for 48x48 pictures that is a third of the time. A
file with nothing in it but tables and gray pixels needs none of it and goes straight to Pillow's decoder.
Whatever has more (colour, EXIF, a colour profile, several pictures) or is damaged takes the usual way.
"""

from __future__ import annotations

from PIL import Image

_SIZES = frozenset({0xC0, 0xC1, 0xC2})  # SOF: baseline, extended, progressive
_HARMLESS = frozenset({0xC4, 0xDB, 0xDD, 0xE0, 0xFE})  # DHT, DQT, DRI, APP0 (JFIF), COM
_SCAN = 0xDA


def plain_gray_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a plain gray JPEG; None for anything else."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    size = None
    at, end = 2, len(data) - 9
    while at < end:
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == _SCAN:
            return size
        if marker in _SIZES:
            if size or data[at + 4] != 8 or data[at + 9] != 1:
                return None
            size = (data[at + 7] << 8 | data[at + 8], data[at + 5] << 8 | data[at + 6])
            if not all(size):
                return None
        elif marker not in _HARMLESS:
            return None
        at += 2 + (data[at + 2] << 8 | data[at + 3])
    return None


def open_plain_gray(data: bytes, max_pixels: int) -> Image.Image | None:
    """The picture, mode "L", if the file is a plain gray JPEG within the limit and whole; else None."""
    size = plain_gray_size(data)
    if size is None or size[0] * size[1] > max_pixels:
        return None
    try:
        return Image.frombytes("L", size, data, "jpeg", "L", "")
    except (ValueError, OSError):
        return None
