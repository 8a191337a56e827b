"""The explorer's faces: filter, look, open one, pick many, decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.ui.components import markup, messages
from fer_core.ui.explore import face_detail, filters, sheets
from fer_core.ui.explore.state import Explorer

_BY = {"all": "One sheet", "class": "By class"}
_MANY = 2000


def draw(explorer: Explorer) -> None:
    """The whole view "Faces"."""
    with st.container(key="exp-main"):
        left, right = st.columns([2, 1.12], gap="medium")
    with left, st.container(border=True):
        filters.bar(explorer)
        positions = explorer.positions()
        _head(explorer, positions)
        if explorer.state.by == "class" and not explorer.state.like:
            sheets.per_class(explorer, explorer.state.selection, "exp-by")
        else:
            bulk(explorer, positions)
            sheets.pages(explorer, positions)
    with right:
        face_detail.card(explorer)


def _head(explorer: Explorer, positions: NDArray[np.int64]) -> None:
    def change() -> None:
        explorer.state.by, explorer.state.page = st.session_state["exp-by-choice"], 0

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(markup.heading("Faces", f"{len(positions):,} of {len(explorer.facts):,}"))
        st.session_state["exp-by-choice"] = explorer.state.by if explorer.state.by in _BY else "all"
        st.segmented_control(
            "Sheets", list(_BY), format_func=_BY.__getitem__, key="exp-by-choice", required=True,
            on_change=change, label_visibility="collapsed",
        )  # fmt: skip


def bulk(explorer: Explorer, positions: NDArray[np.int64], key: str = "exp-bulk") -> None:
    """What to do with the faces that are picked; while none is, what was decided last and the way back."""
    picked = list(explorer.state.picked)
    if not picked:
        if explorer.state.last:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.html(
                    f'<p class="fer-note">{markup.chip("good", explorer.state.last)}</p>', width="content"
                )
                st.button(
                    "Undo", icon=":material/undo:", key=f"{key}-undo", type="tertiary", on_click=explorer.undo
                )
        return

    def act(action: str, label: str | None = None) -> None:
        explorer.decide(picked, action, label)

    def press(words: str, *args: str, **more: Any) -> None:
        st.button(words, key=f"{key}-{words}", on_click=act, args=args, **more)

    with st.container(border=True, key=key):
        told = markup.plural(len(picked), "face") + " picked"
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.html(markup.heading(told, "of all pages; each decision can be undone"))
            if len(picked) < len(positions) <= _MANY:
                st.button(
                    f"Select all {len(positions):,}", type="tertiary", key=f"{key}-all",
                    on_click=_pick_all, args=(explorer, positions),
                )  # fmt: skip
            st.button("Unpick", type="tertiary", key=f"{key}-none", on_click=explorer.unpick)
        with st.container(horizontal=True, gap="xsmall"):
            for name in explorer.classes[:10]:
                press(f"→ {messages.plain(name)}", "relabel", name)
        with st.container(horizontal=True, gap="xsmall"):
            press("Keep labels", "keep", type="primary")
            press("Delete all picked", "delete")
            press("All ambiguous", "ambiguous")
            st.button("Undo", icon=":material/undo:", key=f"{key}-undo", on_click=explorer.undo)


def _pick_all(explorer: Explorer, positions: NDArray[np.int64]) -> None:
    explorer.unpick()
    explorer.state.picked = tuple(explorer.facts.columns.ids(positions))
