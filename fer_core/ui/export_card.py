"""Export from the page: a job writes a zip into the workspace, which can then be downloaded."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fer_core import jobs
from fer_core.data.export import FORMATS
from fer_core.ui import html, live, page


def card(scope: page.Scope) -> None:
    """Choose a layout, write it, fetch it."""
    with st.container(border=True):
        st.html(html.heading(f"Export version {scope.version.number}", "files to train from elsewhere"))
        form = st.selectbox("Layout", list(FORMATS), format_func=FORMATS.__getitem__, key="export-format")
        name = f"{scope.dataset.name}-v{scope.version.number}-{scope.version.id}-{form}.zip"
        target = scope.workspace.exports / name
        job = _latest(scope, target)
        if job and job.state == "running":
            _follow(scope, job.id, f"Writing {form}")
            return
        if job and job.state in {"failed", "lost"}:
            st.error(job.error, icon=":material/error:")
        if target.is_file():
            st.download_button(
                f"Download ({target.stat().st_size / 1e6:,.1f} MB)",
                _content(target, target.stat().st_mtime),
                name,
                "application/zip",
                icon=":material/download:",
                width="stretch",
            )
            st.html(f'<p class="fer-muted">On the server: <code>{html.esc(target)}</code></p>')
        elif st.button("Write the zip", icon=":material/folder_zip:", key="export", width="stretch"):
            target.parent.mkdir(parents=True, exist_ok=True)
            arguments = ["export", scope.dataset.name, "--version", scope.version.id, "--format", form]
            jobs.start(scope.workspace, [*arguments, "--to", str(target)], title=f"Exporting {name}")
            st.rerun()


@st.cache_resource(max_entries=2, show_spinner=False)
def _content(path: Path, changed: float) -> bytes:
    # Given as it is and not as a function to call: a click while the page is redrawn would come to nothing.
    return path.read_bytes()


def _latest(scope: page.Scope, target: Path) -> jobs.Job | None:
    for job in jobs.recent(scope.workspace):
        if job.args[:1] == ["export"] and job.args[-1] == str(target):
            return job
    return None


@st.fragment(run_every=0.7)
def _follow(scope: page.Scope, job_id: str, title: str) -> None:
    job = jobs.get(scope.workspace, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    live.job_progress(job, title)
    if st.button("Stop", icon=":material/stop:", key=f"stop-{job_id}"):
        job.stop()
        st.rerun(scope="app")
