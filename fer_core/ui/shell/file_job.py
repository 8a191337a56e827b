"""A file that a job writes into the workspace, and that is then fetched: exports and reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from fer_core import jobs
from fer_core.ui import html, live
from fer_core.workspace import Workspace


def offer(
    workspace: Workspace,
    target: Path,
    arguments: Sequence[str],
    *,
    key: str,
    make: str,
    title: str,
    mime: str,
    icon: str,
    again: str = "",
) -> None:
    """The button that makes the file, its progress, why it failed, or the button that fetches it.

    Args:
        workspace: where the job runs.
        target: the file; the last of the arguments names it.
        arguments: of the command line, but for the file.
        key: unique on the page.
        make: words of the button that starts it.
        title: what goes on meanwhile.
        mime: of the file.
        icon: of the button that starts it.
        again: words of a second button that makes the file anew; "" where it could only be the same.
    """
    command = [*arguments, str(target)]
    job = next((j for j in jobs.recent(workspace) if j.args == command), None)
    if job and job.state == "running":
        _follow(workspace, job.id, title)
        return
    if job and job.state in {"failed", "lost"}:
        st.error(job.error, icon=":material/error:")
    start = False
    if target.is_file():
        size = target.stat().st_size
        st.download_button(
            f"Download ({size / 1e6:,.1f} MB)" if size >= 1e5 else f"Download ({size / 1e3:,.0f} kB)",
            _content(target, target.stat().st_mtime),
            target.name,
            mime,
            icon=":material/download:",
            width="stretch",
            key=f"{key}-get",
        )
        if again:
            start = st.button(again, icon=":material/refresh:", key=f"{key}-again", width="stretch")
        st.html(f'<p class="fer-muted">On the server: <code>{html.esc(target)}</code></p>')
    else:
        start = st.button(make, icon=icon, key=key, width="stretch")
    if start:
        target.parent.mkdir(parents=True, exist_ok=True)
        jobs.start(workspace, command, title=title)
        st.rerun()


@st.cache_resource(max_entries=2, show_spinner=False)
def _content(path: Path, changed: float) -> bytes:
    # Given as it is and not as a function to call: a click while the page is redrawn would come to nothing.
    return path.read_bytes()


@st.fragment(run_every=0.7)
def _follow(workspace: Workspace, job_id: str, title: str) -> None:
    job = jobs.get(workspace, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    live.job_progress(job, title)
    if st.button("Stop", icon=":material/stop:", key=f"stop-{job_id}"):
        job.stop()
        st.rerun(scope="app")
