"""The style sheet and the word mark, once per page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_SHEET = Path(__file__).with_name("style.css")


def apply() -> None:
    """Load `style.css` into the page."""
    st.html(_SHEET)


def is_dark() -> bool:
    """Whether the browser shows the dark theme; charts that bake colours in ask."""
    return st.context.theme.type == "dark"
