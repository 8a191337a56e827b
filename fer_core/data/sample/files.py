"""The files of the sample: lossless pictures in several formats, and files that are broken."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fer_core.data.sample.drawing.pen import SIZE

SUFFIX = {"png": ".png", "packed": ".png", "rgb": ".png", "bmp": ".bmp", "tiff": ".tiff"}


def save(path: Path, pixels: np.ndarray, encoding: str) -> None:
    """Write uint8 (h, w) without loss, in one of the encodings of `SUFFIX`, making its folder."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    path.parent.mkdir(parents=True, exist_ok=True)
    if encoding == "packed":
        image.save(path, compress_level=9, optimize=True)
    elif encoding == "rgb":
        image.convert("RGB").save(path)
    else:
        image.save(path)


def _png_head() -> bytes:
    """A PNG that stops where its pixels should begin."""
    header = b"IHDR" + struct.pack(">IIBBBBB", SIZE, SIZE, 8, 0, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + crc + struct.pack(">I", 900) + b"IDATx\x9c"


def _bmp_head() -> bytes:
    """A BMP of 48x48 gray levels of which only a few rows are there."""
    palette = b"".join(bytes((v, v, v, 0)) for v in range(256))
    info = struct.pack("<IiiHHIIiiII", 40, SIZE, SIZE, 1, 8, 0, SIZE * SIZE, 2835, 2835, 256, 256)
    head = b"BM" + struct.pack("<IHHI", 54 + 1024 + SIZE * SIZE, 0, 0, 54 + 1024)
    return head + info + palette + bytes(range(SIZE)) * 5


BROKEN: tuple[tuple[str, str, Callable[[], bytes]], ...] = (
    (".png", "truncated", _png_head),
    (".png", "text", lambda: b"The face that belongs here was sent in another mail.\n" * 9),
    (".png", "empty", lambda: b""),
    (".bmp", "truncated", _bmp_head),
    (".jpg", "noise", lambda: b"\xff\xd8\xff\xe0" + random.Random("noise").randbytes(700)),
)
"""Files no one can read: suffix, what is wrong, content. Their bytes are part of the version's id, so they
are written out here and not left to a library that may change."""
