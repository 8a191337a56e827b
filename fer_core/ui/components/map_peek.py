"""The face under the pointer on a map: shown beside it, cut in the browser from tiles that it fetches when needed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit import runtime

from fer_core.ui.components import browser_part
from fer_core.ui.components.face_sheet import sprite

_COLUMNS = 20
_TILE = _COLUMNS**2

_peek = browser_part.load("fer_map_peek", __file__, '<div class="peek" aria-hidden="true" hidden></div>')


def tiles(pixels: NDArray[np.uint8]) -> list[bytes]:
    """JPEGs of 20 x 20 faces each, row by row, of uint8 (n, s, s)."""
    made = []
    for start in range(0, len(pixels), _TILE):
        buffer = io.BytesIO()
        part = np.asarray(pixels[start : start + _TILE])
        Image.fromarray(sprite(part, _COLUMNS)).save(buffer, "JPEG", quality=75)
        made.append(buffer.getvalue())
    return made


def draw(
    made: Sequence[bytes],
    places: NDArray[np.int64],
    words: Sequence[str],
    *,
    count: int,
    chart: str,
    key: str,
) -> None:
    """Show faces beside the pointer on a Plotly chart whose points have a number each (`customdata`).

    Args:
        made: `tiles`.
        places: for each number the place of its face in the tiles; int64 (n,).
        words: for each number what stands below its face.
        count: of the faces in the tiles, shown or not.
        chart: key of the chart.
        key: unique on the page.
    """
    files = runtime.get_instance().media_file_mgr
    base = f"/{st.get_option('server.baseUrlPath').strip('/')}".rstrip("/")
    urls = [base + files.add(tile, "image/jpeg", f"{key}-{i}") for i, tile in enumerate(made)]
    known = sorted(set(words))
    number = {word: i for i, word in enumerate(known)}
    data = {
        "urls": urls, "columns": _COLUMNS, "count": count, "places": places.tolist(), "known": known,
        "words": [number[word] for word in words], "chart": f"st-key-{browser_part.key_of(chart)}",
    }  # fmt: skip
    _peek(key=browser_part.key_of(key), data=data)
