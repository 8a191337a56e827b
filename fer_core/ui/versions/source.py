"""Where the files of a dataset are, and the button that looks there for new ones."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fer_core import jobs
from fer_core.errors import NotFound
from fer_core.ui import html, live, page
from fer_core.ui.page import Scope

_JOB = "fer-refresh"  # name of the dataset and id of its job, of this session
_KINDS = {
    "changed": "have other bytes now",
    "gone": "are gone",
    "renamed": "have another name now",
    "relabelled": "are in another class or split now",
    "problems": "could not be read",
}


def draw(scope: Scope) -> None:
    """The card: the place, the button, and what was found the last time."""
    source = scope.dataset.about["source"]
    with st.container(border=True):
        place = "copied into the workspace" if source.get("owned") else str(scope.dataset.source_path)
        st.html(html.heading("Source", source["kind"]) + f'<p class="fer-muted">{html.esc(place)}</p>')
        name, job_id = st.session_state.get(_JOB, ("", ""))
        job = _job(scope, job_id) if name == scope.dataset.name else None
        if job and job.state == "running":
            _follow(scope, job.id)
            return
        if job:
            _told(job)
        if st.button(
            "Look for new files",
            key="refresh",
            icon=":material/sync:",
            width="stretch",
            disabled=bool(source.get("owned")),
            help="New files become a version. What changed or is gone is told, and nothing is made of it.",
        ):
            started = jobs.start(
                scope.workspace,
                ["refresh", scope.dataset.name],
                title=f"Looking for new files of {scope.dataset.name}",
            )
            st.session_state[_JOB] = (scope.dataset.name, started.id)
            st.rerun()


def _job(scope: Scope, job_id: str) -> jobs.Job | None:
    try:
        return jobs.get(scope.workspace, job_id)
    except NotFound:
        return None


@st.fragment(run_every=0.7)
def _follow(scope: Scope, job_id: str) -> None:
    job = jobs.get(scope.workspace, job_id)
    if job.state != "running":
        if job.result.get("new"):
            page.select(scope.dataset.name)
        st.rerun(scope="app")
    live.job_progress(job, "Looking for new files")
    if st.button("Stop", icon=":material/stop:", key=f"stop-{job_id}"):
        job.stop()
        st.rerun(scope="app")


def _told(job: jobs.Job) -> None:
    """What the last look found."""
    if job.state != "finished":
        st.error(job.error or "It was stopped; nothing was added.", icon=":material/error:")
        return
    found: dict[str, Any] = job.result
    if found["new"]:
        words = f"{html.plural(found['added'], 'new image')} added as version {found['number']}."
        st.success(words, icon=":material/check:")
    else:
        st.info(f"No new files; {found['unchanged']:,} are as they were.", icon=":material/check:")
    for kind, words in _KINDS.items():
        if rows := found[kind]:
            with st.expander(f"{html.plural(len(rows), 'file')} {words}"):
                st.dataframe(
                    pd.DataFrame(rows)[["path", "reason"]],
                    hide_index=True,
                    height=min(220, 40 + 35 * len(rows)),
                )
