"""Faces of the explorer: a sheet per class on the overview, and the pages of whatever is selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.base.emotions import emotion_colors
from fer_core.explore.filter import BY_PATH, SHUFFLE, Selection
from fer_core.ui.components import face_gallery, links, markup
from fer_core.ui.components.face_sheet import Frame, SheetFace, file_name
from fer_core.ui.explore.state import Explorer
from fer_core.ui.shell import cache, page

PER_CLASS = 8
FACES = "exp-faces"
"""The sheet that has pages."""
SIZES = {"S": (52, 180), "M": (72, 120), "L": (120, 60)}
"""Least edge of a face on screen, CSS pixels, and faces on a page."""
_VALUE_WORDS = {
    "brightness": "bright", "contrast": "contrast", "sharpness": "sharp", "side": "px", "agreement": "agree",
    "entropy": "bits", "label_share": "for label", "label_score": "score", "confidence": "sure",
    "valence": "valence", "arousal": "arousal",
}  # fmt: skip


def per_class(explorer: Explorer, selection: Selection, key: str) -> None:
    """A row of faces for each class among those selected, and the way to all of them."""
    positions = selection.positions(explorer.facts)
    codes, names = explorer.facts.category("label")
    for code, name in enumerate(names):
        own = positions[codes[positions] == code]
        if not len(own):
            continue
        some = own[:PER_CLASS]
        title = markup.class_name(name, names)
        more = links.go(f"all {len(own):,} ›", name, f"See all faces labelled {name}")
        with st.container(gap="xsmall"):
            links.draw(
                f'<div class="fer-h fer-row">{markup.esc(title)} <small>{more}</small></div>',
                key=f"{key}-all-{name}",
                on_go=lambda label: _all_of(explorer, selection, label),
            )
            _gallery(
                explorer, some, f"{key}-{name}", f"Faces labelled {name}", among=own, size=64, words=False
            )


def _all_of(explorer: Explorer, selection: Selection, label: str) -> None:
    explorer.show(replace(selection, seed=0).with_choices("label", label), view="Faces")
    explorer.state.by = "all"


def page_size(explorer: Explorer) -> int:
    """Faces on one page."""
    return SIZES.get(explorer.state.size, SIZES["M"])[1]


def pages(explorer: Explorer, positions: NDArray[np.int64]) -> None:
    """One page of the selected faces, with the way to the others."""
    per_page = page_size(explorer)
    last = max(-(-len(positions) // per_page) - 1, 0)
    explorer.state.page = min(explorer.state.page, last)
    if not len(positions):
        page.empty("No face passes these filters", "Take one of them away, or clear them all.")
        return
    start = explorer.state.page * per_page
    some = positions[start : start + per_page]
    size = SIZES.get(explorer.state.size, SIZES["M"])[0]
    _gallery(
        explorer, some, FACES, "Selected faces", among=positions, pickable=True, size=size, words=size > 100
    )
    _turn(explorer, start, len(some), len(positions), last)


def order(explorer: Explorer) -> tuple[NDArray[np.int64], bool]:
    """The faces of the sheet that the open one was clicked on, else those of Faces; and whether these have pages."""
    own = explorer.sheets.get(explorer.state.sheet)
    if own is None or explorer.position(explorer.state.face) not in own:
        return explorer.positions(), True
    return own, explorer.state.sheet == FACES


def _turn(explorer: Explorer, start: int, count: int, total: int, last: int) -> None:
    def turn(to: int) -> None:
        explorer.state.page = to

    def typed() -> None:
        explorer.state.page = int(st.session_state["exp-page"]) - 1

    with st.container(horizontal=True, vertical_alignment="center", key="exp-turn"):
        st.html(f'<p class="fer-muted" style="margin:0">{start + 1:,}–{start + count:,} of {total:,}</p>')
        if last:
            at = explorer.state.page
            back = {"shortcut": explorer.key("Left"), "icon": ":material/chevron_left:", "key": "exp-back"}
            on = {"shortcut": explorer.key("Right"), "icon": ":material/chevron_right:", "key": "exp-on"}
            st.button("Previous", on_click=turn, args=(at - 1,), disabled=at == 0, **back)  # type: ignore[arg-type]
            st.button("Next", on_click=turn, args=(at + 1,), disabled=at == last, **on)  # type: ignore[arg-type]
            st.session_state["exp-page"] = at + 1
            st.number_input(
                f"Page, of {last + 1:,}",
                1,
                last + 1,
                key="exp-page",
                on_change=typed,
                width=130,
                label_visibility="collapsed",
            )


def sheet(explorer: Explorer, positions: NDArray[np.int64], key: str, label: str, order: str) -> None:
    """Some faces with the value they are ordered by."""
    _gallery(
        explorer, positions, key, label, among=positions, size=72, details=_value(explorer, positions, order)
    )


def strip(
    explorer: Explorer, positions: NDArray[np.int64], key: str, label: str, details: Sequence[str] = ()
) -> None:
    """A few faces in a row that can be opened, such as neighbours."""
    _gallery(explorer, positions, key, label, size=46, words=False, details=details)


def _gallery(
    explorer: Explorer,
    positions: NDArray[np.int64],
    key: str,
    label: str,
    *,
    among: NDArray[np.int64] | None = None,
    size: int = 84,
    words: bool = True,
    pickable: bool = False,
    details: Sequence[str] = (),
) -> None:
    if among is not None:
        explorer.sheets[key] = among
    columns = explorer.facts.columns
    shown, labels = columns.texts("image_id", positions), columns.texts("label", positions)
    splits, paths = columns.texts("split", positions), columns.texts("path", positions)
    flagged = _flagged(explorer, positions)
    value = _value(explorer, positions, explorer.state.selection.order)
    palette = emotion_colors(explorer.classes)
    faces = []
    for i, (image, name) in enumerate(zip(shown, labels, strict=True)):
        frame: Frame = "selected" if image == explorer.state.face else "flagged" if flagged[i] else ""
        detail = details[i] if details else value[i] or f"{splits[i]} · {file_name(paths[i])}"
        faces.append(SheetFace(image, name, detail, frame))
    face_gallery.draw(
        cache.faces(explorer.scope.dataset, columns.numbers("row")[positions]),
        faces,
        key=key,
        label=label,
        on_open=lambda image: explorer.open(image, "" if among is None else key),
        on_pick=(lambda picked: explorer.pick(shown, picked)) if pickable else None,
        picked=[one for one in shown if one in explorer.state.picked],
        nonce=explorer.state.nonce,
        size=size,
        words=words,
        colors=[palette.get(name, "") for name in labels] if words else (),
    )


def _flagged(explorer: Explorer, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these faces have a grave flag that costs nothing to know."""
    grave = ("copy_across_splits", "copy_other_label", "likely_wrong")
    return np.asarray(np.any([explorer.facts.flag(name)[positions] for name in grave], axis=0))


def _value(explorer: Explorer, positions: NDArray[np.int64], order: str) -> list[str]:
    """What the faces are ordered by, in words; empty where that is no measure."""
    order = order.removeprefix("-")
    if order in (SHUFFLE, BY_PATH):
        return [""] * len(positions)
    unit = _VALUE_WORDS.get(order, "score")
    return [f"{v:.3g} {unit}" if np.isfinite(v) else "" for v in explorer.facts.measure(order)[positions]]
