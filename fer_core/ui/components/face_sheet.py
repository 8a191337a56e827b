"""Many faces at once: one contact sheet (a sprite) per view, each face a real button.

A sheet of 100 faces is one image and one list, not 100 image elements: it draws several times faster.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from fer_core.review.matching import records

Frame = Literal["", "selected", "flagged", "keep"]
PAGE_SIZE = 60


@dataclass(frozen=True)
class Face:
    """One face of a sheet: its id, the words below it, and its frame."""

    id: str
    caption: str = ""
    detail: str = ""
    frame: Frame = ""


def each(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain dictionaries."""
    return records(table)


def file_name(path: str) -> str:
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]


def data_url(pixels: NDArray[np.uint8]) -> str:
    """A uint8 picture, (h, w) or (h, w, 3), as a PNG data URL."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def sprite(pixels: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Faces, uint8 (n, s, s) or (n, s, s, 3), laid out row by row in `columns`; unused cells are 0."""
    count, size = len(pixels), pixels.shape[1]
    rows = max(1, -(-count // columns))
    sheet = np.zeros((rows * columns, *pixels.shape[1:]), np.uint8)
    sheet[:count] = pixels
    tail = pixels.shape[3:]
    grid = sheet.reshape(rows, columns, size, size, *tail)
    return grid.swapaxes(1, 2).reshape(rows * size, columns * size, *tail)


_CSS = """
.sheet { display: grid; gap: 10px 8px; justify-content: start; }
button { all: unset; box-sizing: border-box; cursor: pointer; display: block;
  font-family: var(--st-font); color: var(--st-text-color); }
button[disabled] { cursor: default; }
.pic { border-radius: 8px; background-image: var(--sprite); background-repeat: no-repeat;
  outline: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
button:not([disabled]):hover .pic { outline: 2px solid color-mix(in srgb, var(--st-primary-color) 60%, transparent); }
button:focus-visible .pic, .selected .pic { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
.flagged .pic { outline: 3px solid #E8590C; outline-offset: 1px; }
.keep .pic { outline: 3px solid #2B8A3E; outline-offset: 1px; }
.cap, .sub { font-size: 12px; line-height: 1.35; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cap { margin-top: 4px; font-weight: 600; } .sub { opacity: .65; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.sheet');
  root.replaceChildren();
  root.style.setProperty('--sprite', `url(${data.src})`);
  root.style.gridTemplateColumns = `repeat(auto-fill, ${data.size}px)`;
  root.setAttribute('aria-label', data.label);
  data.faces.forEach((face, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = face.frame;
    button.style.width = `${data.size}px`;
    button.setAttribute('aria-label', [face.caption, face.detail].filter(Boolean).join(', ') || `face ${i + 1}`);
    button.title = [face.caption, face.detail].filter(Boolean).join(' · ');
    if (face.frame === 'selected') button.setAttribute('aria-pressed', 'true');
    button.dataset.id = face.id;
    button.disabled = !data.clickable;
    const pic = document.createElement('div');
    pic.className = 'pic';
    pic.style.width = pic.style.height = `${data.size}px`;
    pic.style.backgroundSize = `${data.columns * data.size}px auto`;
    pic.style.backgroundPosition = `-${(i % data.columns) * data.size}px -${Math.floor(i / data.columns) * data.size}px`;
    button.append(pic);
    for (const [name, text] of [['cap', face.caption], ['sub', face.detail]]) {
      if (!text || !data.words) continue;
      const line = document.createElement('div');
      line.className = name;
      line.textContent = text;
      button.append(line);
    }
    button.onclick = () => setTriggerValue('clicked', face.id);
    root.append(button);
  });
}
"""

_sheet = st.components.v2.component(
    "fer_faces", html='<div class="sheet" role="group"></div>', css=_CSS, js=_JS
)


def sheet(
    pixels: NDArray[np.uint8],
    faces: Sequence[Face],
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
    data: dict[str, Any] = {
        "src": data_url(sprite(np.asarray(pixels), columns)),
        "columns": columns,
        "size": size,
        "words": words,
        "clickable": clickable,
        "label": label,
        "faces": [vars(face) for face in faces],
    }
    result = _sheet(key=key, data=data, on_clicked_change=lambda: None)
    clicked = result.clicked
    return str(clicked) if clicked else None
