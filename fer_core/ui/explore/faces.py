"""The explorer's faces: filter, look, open one, select many, decide."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.ui.components import markup
from fer_core.ui.explore import face_detail, filters, selection_bar, sheets
from fer_core.ui.explore.state import Explorer

_BY = {"all": "One sheet", "class": "By class"}


def draw(explorer: Explorer) -> None:
    """The whole view "Faces"."""
    with face_detail.beside(explorer):
        filters.bar(explorer)
        positions = explorer.positions()
        _head(explorer, positions)
        if explorer.state.by == "class" and not explorer.state.like and explorer.state.ids is None:
            sheets.per_class(explorer, explorer.state.selection, "exp-by")
        else:
            sheets.pages(explorer, positions)
        selection_bar.draw(explorer, positions)


def _head(explorer: Explorer, positions: NDArray[np.int64]) -> None:
    state = explorer.state

    def change() -> None:
        state.by, state.page = st.session_state["exp-by-choice"], 0

    def resize() -> None:
        first = state.page * sheets.page_size(explorer)
        state.size = st.session_state["exp-size"]
        state.page = first // sheets.page_size(explorer)

    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="exp-head"
    ):
        st.html(markup.heading("Faces", f"{len(positions):,} of {len(explorer.facts):,}"), width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            st.session_state["exp-by-choice"] = state.by if state.by in _BY else "all"
            st.segmented_control(
                "Sheets", list(_BY), format_func=_BY.__getitem__, key="exp-by-choice", required=True,
                on_change=change, label_visibility="collapsed",
            )  # fmt: skip
            st.session_state["exp-size"] = state.size if state.size in sheets.SIZES else "M"
            st.segmented_control(
                "Size", list(sheets.SIZES), key="exp-size", required=True, on_change=resize,
                label_visibility="collapsed",
            )  # fmt: skip
