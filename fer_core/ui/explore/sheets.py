"""Faces of the explorer: a sheet per class on the overview, and the pages of whatever is selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.emotions import colors
from fer_core.quality.selection import BY_PATH, SHUFFLE, Selection
from fer_core.ui import cache, gallery, html, links, page
from fer_core.ui.explore_desk import Desk
from fer_core.ui.faces import Face, each, file_name

PER_CLASS = 8
PAGE_SIZE = 60
_SHOWN = ["image_id", "path", "split", "label", "row"]
_VALUE_WORDS = {
    "brightness": "bright", "contrast": "contrast", "sharpness": "sharp", "side": "px", "agreement": "agree",
    "entropy": "bits", "label_share": "for label", "label_score": "score", "confidence": "sure",
}  # fmt: skip


def per_class(desk: Desk, selection: Selection, key: str) -> None:
    """A row of faces for each class among those selected, and the way to all of them."""
    places = selection.places(desk.facts)
    codes, names = desk.facts.category("label")
    for code, name in enumerate(names):
        own = places[codes[places] == code]
        if not len(own):
            continue
        some = own[:PER_CLASS]
        title = html.class_name(name, names)
        more = links.go(f"all {len(own):,} ›", name, f"See all faces labelled {name}")
        with st.container(gap="xsmall"):
            links.draw(
                f'<div class="fer-h fer-row">{html.esc(title)} <small>{more.text}</small></div>',
                key=f"{key}-all-{name}",
                on_go=lambda label: desk.show(
                    replace(selection, seed=0).narrowed("label", label), view="Faces"
                ),
            )
            _gallery(desk, some, f"{key}-{name}", f"Faces labelled {name}", size=64, words=False)


def pages(desk: Desk, places: NDArray[np.int64]) -> None:
    """One page of the selected faces, with the way to the others."""
    last = max(-(-len(places) // PAGE_SIZE) - 1, 0)
    desk.state.page = min(desk.state.page, last)
    if not len(places):
        page.empty("No face passes these filters", "Take one of them away, or clear them all.")
        return
    start = desk.state.page * PAGE_SIZE
    some = places[start : start + PAGE_SIZE]
    _gallery(desk, some, "exp-faces", "Selected faces", pickable=True)
    _turn(desk, start, len(some), len(places), last)


def _turn(desk: Desk, start: int, count: int, total: int, last: int) -> None:
    def turn(to: int) -> None:
        desk.state.page = to

    def typed() -> None:
        desk.state.page = int(st.session_state["exp-page"]) - 1

    with st.container(horizontal=True, vertical_alignment="center", key="exp-turn"):
        st.html(f'<p class="fer-muted" style="margin:0">{start + 1:,}–{start + count:,} of {total:,}</p>')
        if last:
            at = desk.state.page
            back = {"shortcut": "Left", "icon": ":material/chevron_left:", "key": "exp-back"}
            on = {"shortcut": "Right", "icon": ":material/chevron_right:", "key": "exp-on"}
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


def sheet(desk: Desk, places: NDArray[np.int64], key: str, label: str, order: str) -> None:
    """Some faces with the value they are ordered by."""
    _gallery(desk, places, key, label, size=72, details=_value(desk, places, order))


def strip(desk: Desk, places: NDArray[np.int64], key: str, label: str, details: Sequence[str] = ()) -> None:
    """A few faces in a row that can be opened, such as neighbours."""
    _gallery(desk, places, key, label, size=46, words=False, details=details)


def _gallery(
    desk: Desk,
    places: NDArray[np.int64],
    key: str,
    label: str,
    *,
    size: int = 84,
    words: bool = True,
    pickable: bool = False,
    details: Sequence[str] = (),
) -> None:
    rows = each(desk.facts.columns.frame(places, _SHOWN))
    flagged = _flagged(desk, places)
    value = _value(desk, places, desk.state.selection.order)
    palette = colors(desk.classes)
    faces = []
    for i, row in enumerate(rows):
        frame = "selected" if row["image_id"] == desk.state.face else "flagged" if flagged[i] else ""
        detail = details[i] if details else value[i] or f"{row['split']} · {file_name(row['path'])}"
        faces.append(Face(row["image_id"], row["label"], detail, frame))  # type: ignore[arg-type]
    shown = [row["image_id"] for row in rows]
    gallery.draw(
        cache.faces(desk.scope.dataset, [row["row"] for row in rows]),
        faces,
        key=key,
        label=label,
        on_open=desk.open,
        on_pick=(lambda picked: desk.pick(shown, picked)) if pickable else None,
        picked=[one for one in shown if one in desk.state.picked],
        nonce=desk.state.nonce,
        size=size,
        words=words,
        colors=[palette.get(row["label"], "") for row in rows] if words else (),
    )


def _flagged(desk: Desk, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these faces have a grave flag that costs nothing to know."""
    grave = ("copy_across_splits", "copy_other_label", "likely_wrong")
    return np.any([desk.facts.flag(name)[places] for name in grave], axis=0)


def _value(desk: Desk, places: NDArray[np.int64], order: str) -> list[str]:
    """What the faces are ordered by, in words; empty where that is no measure."""
    order = order.removeprefix("-")
    if order in (SHUFFLE, BY_PATH):
        return [""] * len(places)
    unit = _VALUE_WORDS.get(order, "score")
    return [f"{v:.3g} {unit}" if np.isfinite(v) else "" for v in desk.facts.measure(order)[places]]
