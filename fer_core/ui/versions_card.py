"""Versions of a dataset on the explorer: which there are, what made each, and what can be done with one."""

from __future__ import annotations

import streamlit as st

from fer_core.ui import html, tables
from fer_core.ui.page import Scope


def draw(scope: Scope) -> None:
    """The whole view "Versions"."""
    with st.container(border=True):
        st.html(html.heading("Versions") + _table(scope))


def overview(scope: Scope) -> None:
    """What belongs at the foot of the explorer's overview, right column."""


def _table(scope: Scope) -> str:
    versions = scope.dataset.versions()[::-1]
    rows: list[list[html.Cell]] = [
        [f"v{v.number}", v.id[:6], tables.origin(v, scope.dataset), v.counts.get("images", 0), v.created[:16]]
        for v in versions
    ]
    current = next(i for i, v in enumerate(versions) if v.id == scope.version.id)
    header = ["version", "id", "made by", "images", "when (UTC)"]
    return html.table(header, rows, numeric=[3], current=current, caption="Versions")
