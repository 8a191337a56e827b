"""Export from the page: a job writes a zip into the workspace, which can then be downloaded."""

from __future__ import annotations

import streamlit as st

from fer_core.data.exporting.export import FORMATS
from fer_core.jobs.tasks import Export
from fer_core.ui.components import markup
from fer_core.ui.shell import file_job, page, server_paths


def card(scope: page.Scope) -> None:
    """Choose a layout, write it, fetch it."""
    with st.container(border=True):
        st.html(markup.heading(f"Export version {scope.version.number}", "files to train from elsewhere"))
        if words := server_paths.out_of_reach(scope.dataset):
            st.html(f'<p class="fer-muted">{markup.esc(words)}</p>')
            return
        form = st.selectbox(
            "Layout",
            list(FORMATS),
            format_func=FORMATS.__getitem__,
            key="export-format",
            persist_state="session",
        )
        name = f"{scope.dataset.name}-v{scope.version.number}-{scope.version.id}-{form}.zip"
        file_job.offer(
            scope.workspace,
            Export(scope.dataset.name, scope.version.id, form, str(scope.workspace.exports / name)),
            key="export",
            make="Export zip",
            mime="application/zip",
            icon=":material/folder_zip:",
        )
