"""How far near copies are looked for on this page: one setting for splitting anew and for keeping splits."""

from __future__ import annotations

import streamlit as st

from fer_core.duplicates.reach import DISTANCE, STEPS

KEY = "strat-distance"


def choose(disabled: bool = False) -> int:
    """Draw the setting; bits by which the hashes of two copies may differ."""
    chosen = st.select_slider(
        "Near copies: bits by which hashes may differ", sorted({*STEPS, DISTANCE}), value=DISTANCE, key=KEY,
        persist_state="session", disabled=disabled,
        help="Pixels decide what is a copy; of those, pairs whose hashes are further apart are left out. Fewer bits miss copies.",
    )  # fmt: skip
    return int(chosen)


def current() -> int:
    """The setting in use."""
    return int(st.session_state.get(KEY, DISTANCE))
