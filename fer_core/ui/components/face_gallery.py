"""A page of faces to open and to pick: a click opens one, its tick (or Ctrl, or Shift for a range) picks it.

One sprite and one list for all faces, as in `faces`. What is picked is drawn at once in the browser and told to
Python after every change; Python decides when the picks are over (`nonce`). A face under the pointer is shown enlarged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.ui.components import browser_part
from fer_core.ui.components.face_sheet import SheetFace, data_url, sprite

_COLUMNS = 10


_gallery = browser_part.load(
    "fer_gallery",
    __file__,
    '<div class="bar"></div><div class="grid" role="group"></div><div class="peek" aria-hidden="true" hidden></div>',
    uses="sprite",
)
HINT = "click a face to open it, its tick to select it; orange: flagged"


def draw(
    pixels: NDArray[np.uint8],
    faces: Sequence[SheetFace],
    *,
    key: str,
    label: str,
    on_open: Callable[[str], None],
    on_pick: Callable[[list[str]], None] | None = None,
    picked: Sequence[str] = (),
    nonce: int = 0,
    size: int = 84,
    words: bool = True,
    colors: Sequence[str] = (),
) -> None:
    """Draw a page of faces.

    Args:
        pixels: uint8 (n, s, s) or (n, s, s, 3), in the order of `faces`.
        faces: at least one.
        key: unique on the page.
        label: what the faces are, for screen readers.
        on_open: called with the id of a face that was clicked, before the next draw.
        on_pick: called with the ids picked on this page whenever that changes; None: nothing can be picked.
        picked: ids that are picked now.
        nonce: another number makes the browser forget its own picks and take `picked`.
        size: least edge of a face on screen, CSS pixels.
        words: whether captions stand below the faces; the pointer shows them always, with the face enlarged.
        colors: one per face, of the dot before its caption.
    """

    key = browser_part.key_of(key)

    def opened() -> None:
        if clicked := st.session_state[key].clicked:
            on_open(str(clicked))

    def chosen() -> None:
        found = st.session_state[key].picked
        if on_pick is not None and found is not None:
            on_pick([str(one) for one in found])

    columns = min(len(faces), _COLUMNS)
    tinted = [*colors, *[""] * (len(faces) - len(colors))]
    data = {
        "src": data_url(sprite(np.asarray(pixels), columns)),
        "sheet": "|".join(face.id for face in faces),
        "columns": columns,
        "size": size,
        "words": words,
        "pickable": on_pick is not None,
        "picked": list(picked),
        "nonce": nonce,
        "hint": HINT,
        "label": label,
        "faces": [vars(face) | {"color": color} for face, color in zip(faces, tinted, strict=True)],
    }
    _gallery(key=key, data=data, on_clicked_change=opened, on_picked_change=chosen)
