"""The explorer's faces: filter, look, open one, pick many, decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.ui import explore_face, explore_filter, explore_sheets, html
from fer_core.ui.explore_desk import Desk

_BY = {"all": "One sheet", "class": "By class"}
_MANY = 2000


def draw(desk: Desk) -> None:
    """The whole view "Faces"."""
    with st.container(key="exp-main"):
        left, right = st.columns([2, 1.12], gap="medium")
    with left, st.container(border=True):
        explore_filter.bar(desk)
        places = desk.places()
        _head(desk, places)
        if desk.state.by == "class" and not desk.state.like:
            explore_sheets.per_class(desk, desk.state.selection, "exp-by")
        else:
            bulk(desk, places)
            explore_sheets.pages(desk, places)
    with right:
        explore_face.card(desk)


def _head(desk: Desk, places: NDArray[np.int64]) -> None:
    def change() -> None:
        desk.state.by, desk.state.page = st.session_state["exp-by-choice"], 0

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(html.heading("Faces", f"{len(places):,} of {len(desk.facts):,}"))
        st.session_state["exp-by-choice"] = desk.state.by if desk.state.by in _BY else "all"
        st.segmented_control(
            "Sheets", list(_BY), format_func=_BY.__getitem__, key="exp-by-choice", required=True,
            on_change=change, label_visibility="collapsed",
        )  # fmt: skip


def bulk(desk: Desk, places: NDArray[np.int64], key: str = "exp-bulk") -> None:
    """What to do with the faces that are picked; while none is, what was decided last and the way back."""
    picked = list(desk.state.picked)
    if not picked:
        if desk.state.last:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.html(f'<p class="fer-note">{html.chip("good", desk.state.last).text}</p>', width="content")
                st.button(
                    "Undo", icon=":material/undo:", key=f"{key}-undo", type="tertiary", on_click=desk.undo
                )
        return

    def act(action: str, label: str | None = None) -> None:
        desk.decide(picked, action, label)

    def press(words: str, *args: str, **more: Any) -> None:
        st.button(words, key=f"{key}-{words}", on_click=act, args=args, **more)

    with st.container(border=True, key=key):
        told = html.plural(len(picked), "face") + " picked"
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.html(html.heading(told, "of all pages; each decision can be undone"))
            if len(picked) < len(places) <= _MANY:
                st.button(
                    f"Pick all {len(places):,} that pass", type="tertiary", key=f"{key}-all",
                    on_click=_pick_all, args=(desk, places),
                )  # fmt: skip
            st.button("Unpick", type="tertiary", key=f"{key}-none", on_click=desk.unpick)
        with st.container(horizontal=True, gap="xsmall"):
            for name in desk.classes[:10]:
                press(f"→ {name}", "relabel", name)
        with st.container(horizontal=True, gap="xsmall"):
            press("Keep labels", "keep", type="primary")
            press("Delete all picked", "delete")
            press("All ambiguous", "ambiguous")
            st.button("Undo", icon=":material/undo:", key=f"{key}-undo", on_click=desk.undo)


def _pick_all(desk: Desk, places: NDArray[np.int64]) -> None:
    desk.unpick()
    desk.state.picked = tuple(desk.facts.columns.ids(places))
