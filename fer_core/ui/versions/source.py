"""Where the files of a dataset are, and the button that looks there for new ones."""

from __future__ import annotations

from typing import cast

import pandas as pd
import streamlit as st

from fer_core import jobs
from fer_core.base.errors import NotAllowed, NotFound
from fer_core.data.importing.options import Options
from fer_core.data.importing.refresh import RefreshReport
from fer_core.jobs.tasks import Refresh
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import job_progress, page, server_paths
from fer_core.ui.shell.page import Scope

_JOB = "fer-refresh"  # name of the dataset and id of its job, of this session
_KINDS = (
    "have other bytes now",
    "are gone",
    "have another name now",
    "are in another class or split now",
    "could not be read",
)


def draw(scope: Scope) -> None:
    """The card: the place, the button, and what was found the last time."""
    source = scope.dataset.about["source"]
    with st.container(border=True):
        place = "copied into the workspace" if source.get("owned") else str(scope.dataset.source_path)
        st.html(markup.heading("Source", source["kind"]) + f'<p class="fer-muted">{markup.esc(place)}</p>')
        name, job_id = st.session_state.get(_JOB, ("", ""))
        job = _job(scope, job_id) if name == scope.dataset.name else None
        if job_progress.job_card(job, "Looking for new files", on_end=lambda job: _select_new(scope, job)):
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
            _start(scope)


def _start(scope: Scope) -> None:
    """Look, where the page may read what the import was recorded to read."""
    recorded = Options.from_record(scope.dataset.about.get("import", {}))
    try:
        for path in (str(scope.dataset.source_path), *recorded.labels, recorded.votes):
            if path:
                server_paths.allowed(path)
    except NotAllowed as error:
        messages.error(str(error))
        return
    started = jobs.start(scope.workspace, Refresh(scope.dataset.name))
    st.session_state[_JOB] = (scope.dataset.name, started.id)
    st.rerun()


def _job(scope: Scope, job_id: str) -> jobs.Job | None:
    try:
        return jobs.get(scope.workspace, job_id)
    except NotFound:
        return None


def _select_new(scope: Scope, job: jobs.Job) -> None:
    if job.result.get("new"):
        page.select(scope.dataset.name)


def _told(job: jobs.Job) -> None:
    """What the last look found."""
    if job.state == "stopped":
        messages.error("It was stopped; nothing was added.", icon=":material/error:")
    if job.state != "finished":
        return
    found = cast(RefreshReport, job.result)
    if found["new"]:
        words = f"{markup.plural(found['added'], 'new image')} added as version {found['number']}."
        messages.success(words, icon=":material/check:")
    else:
        messages.info(f"No new files; {found['unchanged']:,} are as they were.", icon=":material/check:")
    listed = (found["changed"], found["gone"], found["renamed"], found["relabelled"], found["problems"])
    for rows, words in zip(listed, _KINDS, strict=True):
        if rows:
            with st.expander(f"{markup.plural(len(rows), 'file')} {words}"):
                st.dataframe(
                    pd.DataFrame(rows)[["path", "reason"]],
                    hide_index=True,
                    height=min(220, 40 + 35 * len(rows)),
                )
