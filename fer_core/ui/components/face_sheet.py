"""Many faces at once: one contact sheet (a sprite) per view, each face a real button.

A sheet of 100 faces is one image and one list, not 100 image elements: it draws several times faster.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_core.ui.components import browser_part

Frame = Literal["", "selected", "flagged", "keep"]


@dataclass(frozen=True)
class SheetFace:
    """One face of a sheet: its id, the words below it, and its frame."""

    id: str
    caption: str = ""
    detail: str = ""
    frame: Frame = ""


def file_name(path: str) -> str:
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]


def data_url(pixels: NDArray[np.uint8], small: bool = False) -> str:
    """A uint8 picture, (h, w) or (h, w, 3), as a data URL: a PNG, or a JPEG of a third of its size."""
    return _encoded(np.ascontiguousarray(pixels).tobytes(), pixels.shape, small)


@lru_cache(maxsize=64)  # the same faces are on screen draw after draw
def _encoded(raw: bytes, shape: tuple[int, ...], small: bool) -> str:
    buffer, image = io.BytesIO(), Image.fromarray(np.frombuffer(raw, np.uint8).reshape(shape))
    if small:
        image.save(buffer, "JPEG", quality=88)
    else:
        image.save(buffer, "PNG", compress_level=1)
    kind = "jpeg" if small else "png"
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()


def sprite(pixels: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Faces, uint8 (n, s, s) or (n, s, s, 3), laid out row by row in `columns`; unused cells are 0."""
    count, size = len(pixels), pixels.shape[1]
    rows = max(1, -(-count // columns))
    sheet = np.zeros((rows * columns, *pixels.shape[1:]), np.uint8)
    sheet[:count] = pixels
    tail = pixels.shape[3:]
    grid = sheet.reshape(rows, columns, size, size, *tail)
    return grid.swapaxes(1, 2).reshape(rows * size, columns * size, *tail)


_sheet = browser_part.load("fer_faces", __file__, '<div class="sheet" role="group"></div>', uses="sprite")


def sheet(
    pixels: NDArray[np.uint8],
    faces: Sequence[SheetFace],
    *,
    key: str,
    label: str,
    size: int = 96,
    words: bool = True,
    clickable: bool = True,
) -> str | None:
    """Draw faces; return the id of the one just clicked, if any.

    Args:
        pixels: uint8 (n, s, s) or (n, s, s, 3), in the order of `faces`.
        key: unique on the page.
        label: what the sheet shows, for screen readers.
        size: edge of a face on screen in CSS pixels.
        words: whether captions stand below the faces (they are always tooltips).
    """
    if not len(faces):
        return None
    columns = min(len(faces), 10)
    data = {
        "src": data_url(sprite(np.asarray(pixels), columns)),
        "columns": columns,
        "size": size,
        "words": words,
        "clickable": clickable,
        "label": label,
        "faces": [vars(face) for face in faces],
    }
    result = _sheet(key=browser_part.key_of(key), data=data, on_clicked_change=lambda: None)
    clicked = result.clicked
    return str(clicked) if clicked else None
