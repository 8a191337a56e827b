"""The report of the version on the page: one button that makes it, one that fetches it."""

from __future__ import annotations

import streamlit as st

from fer_core.ui import file_job, html
from fer_core.ui.page import Scope


def draw(scope: Scope) -> None:
    """The card with the button."""
    name = f"{scope.dataset.name}-v{scope.version.number}-{scope.version.id}-report.html"
    with st.container(border=True):
        st.html(
            html.heading("Report", "one HTML page to keep or send")
            + '<p class="fer-muted">All of this and more: faces, checks, leaks, wrong labels, notes and the version id. It loads '
            "nothing from anywhere; it shows faces.</p>"
        )
        file_job.offer(
            scope.workspace,
            scope.workspace.exports / name,
            ["report", scope.dataset.name, "--version", scope.version.id, "--out"],
            key="report",
            make="Make the report",
            title=f"Report of {scope.dataset.name}",
            mime="text/html",
            icon=":material/description:",
            again="Make it again",
        )
