"""Views of work that goes on elsewhere: fragments that read its files again every so often."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer_core import jobs
from fer_core.runs import queue, store
from fer_core.ui import html, run_data
from fer_core.workspace import current

STATE_CHIPS: dict[str, html.Verdict] = {
    "queued": "none", "starting": "info", "running": "info", "stopping": "look", "pausing": "look",
    "paused": "look", "stopped": "look", "finished": "good", "failed": "bad", "lost": "bad",
}  # fmt: skip


def state_chip(state: str, reason: str = "") -> html.Raw:
    """A run's or job's state as a verdict."""
    return html.chip(STATE_CHIPS.get(state, "none"), state, reason)


@st.fragment(run_every=2)
def sidebar() -> None:
    """What is running, at the foot of the sidebar, on every page."""
    workspace = current()
    queue.advance(workspace)
    looks = [run_data.look(run) for run in store.list_active(workspace)]
    waiting = sum(look.state == "queued" for look in looks)
    cards = [_run_card(look, waiting) for look in looks if look.works]
    if waiting and not cards:
        cards.append(f'<p class="fer-muted">{html.plural(waiting, "run")} waiting</p>')
    cards += [_job_card(job) for job in jobs.recent(workspace) if job.state == "running"]
    with st.sidebar:
        st.html("".join(cards[:4]) or '<p class="fer-muted">Nothing is running.</p>')


def _run_card(look: run_data.Look, waiting: int) -> str:
    """`compact · run 41`: where it is, what is left, the latest validation accuracy, and how many wait."""
    progress = look.run.progress
    done, eta = len(look.rows), progress.get("eta_seconds")
    words = f"epoch {done:,} of {look.planned:,}" if look.rows else str(progress.get("phase") or look.state)
    left = f" · {html.duration(float(eta))} left" if eta else ""
    note = f"val {look.rows[-1]['val_accuracy']:.3f}" if look.rows else "first epoch"
    more = f" · {waiting:,} more queued" if waiting else ""
    title = f"{look.info.get('recipe') or look.id} · run {run_data.number(look.id)}"
    return _card(title, words + left, share(progress), note + more)


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
