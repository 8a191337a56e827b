"""The small dialog in which an ambiguous image gets its soft label."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer_core.review import labels as review
from fer_core.ui import html
from fer_core.ui.mislabel_desk import Desk
from fer_core.ui.mislabel_trail import Trail

_OPEN, _ROW = "mis-soft-open", "mis-soft-row"


def is_open() -> bool:
    """Whether the dialog is on screen: then the page behind it must not listen to keys."""
    return bool(st.session_state.get(_OPEN))


def _closed() -> None:
    st.session_state[_OPEN] = False


def ask(known: Trail) -> None:
    """Open the dialog for the face on screen."""
    st.session_state[_OPEN] = True
    st.session_state[_ROW] = known.current


def draw(desk: Desk, known: Trail | None) -> None:
    """Draw the dialog if it is open for the face on screen."""
    if not is_open():
        return
    if known is None or known.at >= len(known.ids) or known.current != st.session_state.get(_ROW):
        _closed()
        return
    row = desk.ranking[desk.ranking["image_id"] == known.current].iloc[0]
    _dialog(desk, {str(k): v for k, v in row.items()}, known)


@st.dialog("Soft label", on_dismiss=_closed)
def _dialog(desk: Desk, row: dict[str, Any], known: Trail) -> None:
    offered = review.proposal(row, desk.classes)
    if desk.blind:
        offered = dict.fromkeys(desk.classes, 1 / len(desk.classes))
    st.html(
        '<p class="fer-note">How much of each class is in this face? Parts are scaled to sum to 100 %.</p>'
    )
    values = {}
    for name in desk.classes:
        values[name] = st.slider(
            name,
            0,
            100,
            round(100 * offered.get(name, 0.0)),
            step=5,
            key=f"mis-soft-{row['image_id']}-{name}",
        )
    total = sum(values.values())
    if total:
        st.html(html.bars({name: value / total for name, value in values.items()}))
    if st.button("Save as ambiguous", type="primary", disabled=not total, key="mis-soft-save"):
        check = known.checks.get(row["image_id"])
        shown: dict[str, object] = {"self_check": check} if check else {}
        soft = {name: value / total for name, value in values.items() if value}
        if desk.record([row], "ambiguous", None, known.nonce, shown, soft):
            known.checks.pop(row["image_id"], None)
            known.step(1)
            _closed()
            st.rerun()
