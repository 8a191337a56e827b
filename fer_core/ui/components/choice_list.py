"""A list of queues or rows to choose from: label on the left, count on the right, one of them current."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from fer_core.ui.components import browser_part


@dataclass(frozen=True)
class ChoiceRow:
    """One row.

    Attributes:
        id: what `choose` returns.
        label: what it says.
        value: the number or word at its right end.
        muted: whether it is quiet.
        actions: small buttons at the right end: (id, sign on it, its name for screen readers and the tooltip).
        share: of a thin bar below the words, 0..1; below 0: no bar.
    """

    id: str
    label: str
    value: str = ""
    muted: bool = False
    actions: tuple[tuple[str, str, str], ...] = ()
    share: float = -1.0


_list = browser_part.load("fer_rows", __file__, '<div class="list" role="group"></div>')


def choose(
    rows: Sequence[ChoiceRow],
    *,
    key: str,
    label: str,
    required: bool = True,
    on_action: Callable[[str, str], None] | None = None,
) -> str:
    """Draw the rows; return the id of the current one (kept in `st.session_state[f"{key}-current"]`).

    A row that is gone gives way to the first, or to none ("").

    Args:
        rows: from the top.
        key: unique on the page.
        label: what they are, for screen readers.
        required: whether one is always current.
        on_action: called with the id of a pressed action and of its row, before the page runs again.
    """
    ids = [row.id for row in rows]
    state = f"{key}-current"
    if st.session_state.get(state) not in ids:
        st.session_state[state] = ids[0] if required else ""

    def remember() -> None:
        chosen = st.session_state[key].chosen
        if chosen in ids:
            st.session_state[state] = chosen

    def act() -> None:
        action, _, row = str(st.session_state[key].acted or "").partition(" ")
        if on_action is not None and row in ids:
            on_action(action, row)

    data = {"rows": [vars(row) for row in rows], "current": st.session_state[state], "label": label}
    _list(key=key, data=data, on_chosen_change=remember, on_acted_change=act)
    return str(st.session_state[state])
