"""The report of the version on the page: one button that makes it, one that fetches it."""

from __future__ import annotations

import streamlit as st

from fer_core.jobs.tasks import WriteReport
from fer_core.ui.components import markup
from fer_core.ui.shell import file_job
from fer_core.ui.shell.page import Scope


def draw(scope: Scope) -> None:
    """The card with the button."""
    name = f"{scope.dataset.name}-v{scope.version.number}-{scope.version.id}"
    report, sheet = (
        str(scope.workspace.exports / f"{name}-{end}") for end in ("report.html", "datasheet.json")
    )
    with st.container(border=True):
        st.html(
            markup.heading("Report", "one HTML page to keep or send")
            + '<p class="fer-muted">All of this and more: faces, checks, leaks, wrong labels, notes and the version id. It loads '
            "nothing from anywhere; it shows faces.</p>"
        )
        file_job.offer(
            scope.workspace,
            WriteReport(scope.dataset.name, scope.version.id, report),
            key="report",
            make="Make the report",
            mime="text/html",
            icon=":material/description:",
            again="Make it again",
        )
        st.html(
            '<p class="fer-muted">The datasheet says the same to programs: Croissant JSON-LD with its fields about '
            "responsible use. "
            "Licence and creator, which no file tells, are named by <code>fer report --datasheet</code>.</p>"
        )
        file_job.offer(
            scope.workspace,
            WriteReport(scope.dataset.name, scope.version.id, datasheet=sheet),
            key="datasheet",
            make="Make the datasheet",
            mime="application/ld+json",
            icon=":material/data_object:",
            again="Make it again",
        )
