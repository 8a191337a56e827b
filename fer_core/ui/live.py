"""Views of work that goes on elsewhere: fragments that read its files again every so often."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer_core import jobs
from fer_core.runs import store
from fer_core.runs.run import Run, best_epoch
from fer_core.ui import html
from fer_core.workspace import Workspace, current

STATE_CHIPS: dict[str, html.Verdict] = {
    "queued": "none", "starting": "info", "running": "info", "stopping": "look",
    "stopped": "look", "finished": "good", "failed": "bad", "lost": "bad",
}  # fmt: skip


def state_chip(state: str, reason: str = "") -> html.Raw:
    """A run's or job's state as a verdict."""
    return html.chip(STATE_CHIPS.get(state, "none"), state, reason)


@st.fragment(run_every=2)
def sidebar() -> None:
    """What is running, at the foot of the sidebar, on every page."""
    workspace = current()
    cards = [_run_card(run) for run in store.list_runs(workspace)[:20] if run.active]
    cards += [_job_card(job) for job in jobs.recent(workspace) if job.state == "running"]
    with st.sidebar:
        st.html("".join(cards[:4]) or '<p class="fer-muted">Nothing is running.</p>')


def _run_card(run: Run) -> str:
    progress = run.progress
    epoch, epochs = int(progress.get("epoch") or 0), int(progress.get("epochs") or 0)
    words = f"epoch {epoch} of {epochs}" if epochs else run.state
    eta = progress.get("eta_seconds")
    left = f" · {html.duration(float(eta))} left" if eta else ""
    best = best_epoch(run.tail()[0])
    note = f"best val accuracy {best['val_accuracy']:.3f}" if best else "first epoch"
    return _card(run.id, words + left, share(progress), note)


def _job_card(job: jobs.Job) -> str:
    done, total = job.progress.done, job.progress.total
    left = f"{html.duration(job.progress.eta_s)} left" if job.progress.eta_s is not None else ""
    return _card(
        job.title,
        f"{done:,} of {total:,}" if total else job.progress.what,
        done / total if total else 0.0,
        left,
    )


def _card(title: str, words: str, done: float, note: str) -> str:
    return (
        f'<div class="fer-stat" style="margin-bottom:.5rem"><div class="fer-note"><strong>{html.esc(title)}</strong></div>'
        f"<span>{html.esc(words)}</span>{html.progress(done)}<span>{html.esc(note)}</span></div>"
    )


def share(progress: dict[str, Any]) -> float:
    """How much of a run is done, 0..1, from its progress file."""
    epochs, steps = progress.get("epochs") or 0, progress.get("steps") or 0
    if not epochs:
        return 0.0
    within = (progress.get("step") or 0) / steps if steps else 0.0
    return min(max((progress.get("epoch") or 1) - 1 + within, 0.0) / epochs, 1.0)


def job_progress(job: jobs.Job, title: str) -> None:
    """Count, share and time left of a job, for a page."""
    done, total = job.progress.done, job.progress.total
    words = f"{done:,} of {total:,}" if total else job.progress.what or "Starting"
    left = (
        f" · about {html.duration(job.progress.eta_s)} left"
        if total and job.progress.eta_s is not None
        else ""
    )
    what = f" {job.progress.what}" if total else ""
    st.html(
        html.heading(title)
        + html.progress(done / total if total else 0.0)
        + f'<p class="fer-muted" aria-live="polite">{html.esc(words + what + left)}</p>'
    )


def ranking_panel(workspace: Workspace, dataset: str, version: str) -> None:
    """Start the ranking of a version's labels, or follow it."""
    title = f"Ranking the labels of {dataset}"
    mine = [
        job
        for job in jobs.recent(workspace)
        if job.args[:2] == ["mislabels", dataset] and version in job.args
    ]
    with st.container(border=True):
        if mine and mine[0].state == "running":
            _follow_ranking(workspace, mine[0].id, title)
            return
        if mine and mine[0].state in {"failed", "lost"}:
            st.error(
                mine[0].error or "The ranking ended without a word. Its log is in the workspace.",
                icon=":material/error:",
            )
        st.html(
            html.heading("Which labels are likely wrong?")
            + '<p class="fer-note">A quick model learns from part of the set and judges the rest, five times over, '
            "so that every label is judged by a model that has not seen it. Copies stay together. "
            "About two seconds per thousand images.</p>"
        )
        if st.button("Rank the labels", type="primary", icon=":material/sort:", key="rank"):
            jobs.start(workspace, ["mislabels", dataset, "--version", version], title=title)
            st.rerun()


@st.fragment(run_every=0.7)
def _follow_ranking(workspace: Workspace, job_id: str, title: str) -> None:
    job = jobs.get(workspace, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    job_progress(job, title)
    if st.button("Stop", icon=":material/stop:", key=f"stop-{job_id}"):
        job.stop()
        st.rerun(scope="app")
