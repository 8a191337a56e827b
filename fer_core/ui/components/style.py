"""The style sheet and the icon of the browser's tab."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_SHEET = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.png")
"""Of the browser's tab; a file of ours, where one of Streamlit's icons would be asked of another server."""


def apply() -> None:
    """Load `style.css` into the page."""
    st.html(_SHEET)


def is_dark() -> bool:
    """Whether the browser shows the dark theme; charts that bake colours in ask."""
    return st.context.theme.type == "dark"
