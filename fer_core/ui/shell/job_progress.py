"""Views of work that goes on elsewhere: fragments that read its files again every so often."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from markupsafe import Markup

from fer_core import __version__, jobs
from fer_core.base.workspace import current
from fer_core.runs import store
from fer_core.scheduling import queue
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import run_snapshots

_LAST = "finishing"
STATE_CHIPS: dict[str, markup.Verdict] = {
    "queued": "none", "starting": "info", "running": "info", "stopping": "warn", "pausing": "warn",
    "paused": "warn", "stopped": "warn", "finished": "good", "failed": "bad", "lost": "bad",
}  # fmt: skip


def state_chip(state: str, reason: str = "") -> Markup:
    """A run's or job's state as a verdict."""
    return markup.chip(STATE_CHIPS.get(state, "none"), state, reason)


@st.fragment(run_every=2)
def sidebar() -> None:
    """What is running, at the foot of the sidebar, on every page."""
    workspace = current()
    queue.advance(workspace)
    snapshots = [run_snapshots.read(run) for run in store.list_active(workspace)]
    waiting = sum(snapshot.state == "queued" for snapshot in snapshots)
    cards = [_run_card(snapshot, waiting) for snapshot in snapshots if snapshot.works]
    if waiting and not cards:
        cards.append(f'<p class="fer-muted">{markup.plural(waiting, "run")} waiting</p>')
    cards += [_job_card(job) for job in jobs.recent(workspace) if job.state == "running"]
    with st.sidebar:
        running = "".join(cards[:4]) or '<p class="fer-muted">Nothing is running.</p>'
        st.html(f'{running}<p class="fer-muted">FER Workbench {markup.esc(__version__)}</p>')


def _run_card(snapshot: run_snapshots.RunSnapshot, waiting: int) -> str:
    """`compact · run 41`: where it is, what is left, the latest validation accuracy, and how many wait."""
    progress = snapshot.run.progress
    words = (
        f"epoch {len(snapshot.rows):,} of {snapshot.planned:,}"
        if snapshot.rows
        else progress.what or snapshot.state
    )
    left = f" · {markup.duration(progress.eta_s)} left" if progress.eta_s else ""
    note = f"val {snapshot.rows[-1]['val_accuracy']:.3f}" if snapshot.rows else "first epoch"
    more = f" · {waiting:,} more queued" if waiting else ""
    title = f"{snapshot.info.get('recipe') or snapshot.id} · run {run_snapshots.number(snapshot.id)}"
    return _card(title, words + left, progress.share, note + more)


def _job_card(job: jobs.Job) -> str:
    words, left = _told(job.progress)
    return _card(job.title, words, job.progress.share, left)


def _card(title: str, words: str, done: float, note: str) -> str:
    return (
        f'<div class="fer-job"><div class="fer-note"><strong>{markup.esc(title)}</strong></div>'
        f"<span>{markup.esc(words)}</span>{markup.progress(done)}<span>{markup.esc(note)}</span></div>"
    )


def _told(progress: jobs.Progress) -> tuple[str, str]:
    """How far it is with what, and how long the rest takes ("" where nobody knows)."""
    what = progress.what
    words = f"{progress.done:,} of {progress.total:,} {what}" if progress.total else what or "Starting"
    if not progress.total or progress.eta_s is None:
        return words, ""
    if progress.done >= progress.total:
        return words, _LAST
    return words, f"{markup.duration(max(progress.eta_s, 1.0))} left"


def job_card(job: jobs.Job | None, title: str = "", on_end: Callable[[jobs.Job], None] | None = None) -> bool:
    """Follow a job on any page: count, share, time left, a button that stops it; of one that failed, why.

    Args:
        job: None where there is none.
        title: what goes on; "" takes the job's own.
        on_end: called once, when the job that is followed has ended, before the page is drawn anew.

    Returns:
        Whether it works; else the page goes on to what starts one.
    """
    if job is None:
        return False
    state = job.state
    if state == "running":
        _follow(job, title or job.title, on_end)
    elif state in {"failed", "lost"}:
        messages.error(job.error or "The work failed without a word.", icon=":material/error:")
    return state == "running"


@st.fragment(run_every=0.7)
def _follow(job: jobs.Job, title: str, on_end: Callable[[jobs.Job], None] | None) -> None:
    if job.state != "running":
        if on_end:
            on_end(job)
        st.rerun(scope="app")
    progress = job.progress
    words, left = _told(progress)
    words += f" · {left if left == _LAST else f'about {left}'}" if left else ""
    st.html(
        markup.heading(title)
        + markup.progress(progress.share)
        + f'<p class="fer-muted" aria-live="polite">{markup.esc(words)}</p>'
    )
    if st.button("Stop", icon=":material/stop:", key=f"stop-{job.id}"):
        job.stop()
        st.rerun(scope="app")
