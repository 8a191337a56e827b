"""Export from the page: a job writes a zip into the workspace, which can then be downloaded."""

from __future__ import annotations

import streamlit as st

from fer_core.data.export import FORMATS
from fer_core.ui import file_job, html, page


def card(scope: page.Scope) -> None:
    """Choose a layout, write it, fetch it."""
    with st.container(border=True):
        st.html(html.heading(f"Export version {scope.version.number}", "files to train from elsewhere"))
        form = st.selectbox("Layout", list(FORMATS), format_func=FORMATS.__getitem__, key="export-format")
        name = f"{scope.dataset.name}-v{scope.version.number}-{scope.version.id}-{form}.zip"
        file_job.offer(
            scope.workspace,
            scope.workspace.exports / name,
            ["export", scope.dataset.name, "--version", scope.version.id, "--format", form, "--to"],
            key="export",
            make="Write the zip",
            title=f"Exporting {name}",
            mime="application/zip",
            icon=":material/folder_zip:",
        )
