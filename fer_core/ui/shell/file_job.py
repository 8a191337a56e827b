"""A file that a job writes into the workspace, and that is then fetched: exports and reports."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.jobs.tasks import Export, WriteReport
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress


def offer(
    workspace: Workspace,
    task: Export | WriteReport,
    *,
    key: str,
    make: str,
    mime: str,
    icon: str,
    again: str = "",
) -> None:
    """The button that makes the file, its progress, why it failed, or the button that fetches it.

    Args:
        workspace: where the job runs.
        task: what writes it, and where.
        key: unique on the page.
        make: words of the button that starts it.
        mime: of the file.
        icon: of the button that starts it.
        again: words of a second button that makes the file anew; "" where it could only be the same.
    """
    if job_progress.job_card(jobs.latest(workspace, task)):
        return
    target = Path(task.file)
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
        st.html(f'<p class="fer-muted">On the server: <code>{markup.esc(target)}</code></p>')
    else:
        start = st.button(make, icon=icon, key=key, width="stretch")
    if start:
        target.parent.mkdir(parents=True, exist_ok=True)
        jobs.start(workspace, task)
        st.rerun()


@st.cache_resource(max_entries=2, show_spinner=False)
def _content(path: Path, changed: float) -> bytes:
    # Given as it is and not as a function to call: a click while the page is redrawn would come to nothing.
    return path.read_bytes()
