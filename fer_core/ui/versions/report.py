"""The report of the version on the page: one button that makes it, one that fetches it."""

from __future__ import annotations

import streamlit as st

from fer_core.jobs.tasks import WriteReport
from fer_core.ui.components import markup
from fer_core.ui.shell import file_job
from fer_core.ui.shell.page import Scope


def draw(scope: Scope) -> None:
    """The card with the button."""
    name = f"{scope.dataset.name}-v{scope.version.number}-{scope.version.id}-report.html"
    with st.container(border=True):
        st.html(
            markup.heading("Report", "one HTML page to keep or send")
            + '<p class="fer-muted">All of this and more: faces, checks, leaks, wrong labels, notes and the version id. It loads '
            "nothing from anywhere; it shows faces.</p>"
        )
        file_job.offer(
            scope.workspace,
            WriteReport(scope.dataset.name, scope.version.id, str(scope.workspace.exports / name)),
            key="report",
            make="Make the report",
            mime="text/html",
            icon=":material/description:",
            again="Make it again",
        )
