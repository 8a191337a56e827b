"""What the run on the form would take, asked for by a button and measured by a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fer_core import jobs
from fer_core.ui import html, live, page


def card(scope: page.Scope, recipe: str, settings: Mapping[str, Any]) -> None:
    """The button, the job while it runs, or its answer; an answer belongs to exactly these settings."""
    arguments = [
        "estimate",
        "--dataset",
        scope.dataset.name,
        "--version",
        scope.version.id,
        "--recipe",
        recipe,
    ]
    for key, value in settings.items():
        arguments += ["--set", f"{key}={_text(value)}"]
    job = next((j for j in jobs.recent(scope.workspace) if j.args == arguments), None)
    if job and job.state == "running":
        _follow(scope, job.id)
    elif job and job.state == "finished":
        st.html(_answer(job.result))
    else:
        if job and job.state in {"failed", "lost"}:
            st.error(job.error, icon=":material/error:")
        help_ = "Ten steps on this device: parameters, seconds per epoch, memory"
        if st.button("Estimate", icon=":material/timer:", width="stretch", key="train-estimate", help=help_):
            jobs.start(scope.workspace, arguments, title=f"Estimating {recipe}")
            st.rerun()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer(found: dict[str, Any]) -> str:
    return html.facts(
        [
            ("parameters", found["parameters"]),
            ("an epoch", f"{found['epoch_seconds']:,.1f} s, {found['images_per_second']:,.0f} images/s"),
            (f"{found['epochs']} epochs", f"about {html.duration(float(found['total_seconds']))}"),
            ("memory", f"{found['memory_bytes'] / 1e9:.1f} GB, {found['device']}"),
        ]
    )


@st.fragment(run_every=0.7)
def _follow(scope: page.Scope, job_id: str) -> None:
    job = jobs.get(scope.workspace, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    live.job_progress(job, "Estimating")
