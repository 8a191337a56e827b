"""What can be done with a run: stop, pause, resume, fork, and its place among those that wait."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer_core.errors import FerError
from fer_core.runs import again, launcher, queue
from fer_core.runs.run import Run, best_epoch
from fer_core.training.advice import Advice
from fer_core.training.advice import of as advise
from fer_core.training.recipe import fields
from fer_core.ui import html, page, recipe_form, rows
from fer_core.workspace import Workspace

_AGAIN = {"paused": "Resume", "stopped": "Resume", "failed": "Try again", "lost": "Resume"}


def draw(run: Run, state: str) -> None:
    """The buttons that make sense in this state."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if state in ("running", "starting", "pausing", "stopping"):
            _working(run, state)
        elif state == "queued":
            if st.button("Take out of the queue", icon=":material/close:", key=f"cancel-{run.id}"):
                launcher.stop(run)
                st.rerun(scope="app")
        elif state in _AGAIN and st.button(
            _AGAIN[state], icon=":material/play_arrow:", key=f"resume-{run.id}"
        ):
            again.resume(run)
            st.rerun(scope="app")
        if state not in ("queued", "starting") and run.tail()[0]:
            help_ = "A new run that begins where this one was, with other settings"
            if st.button("Fork", icon=":material/fork_right:", key=f"fork-{run.id}", help=help_):
                _fork(run)


def _working(run: Run, state: str) -> None:
    busy = state in ("pausing", "stopping")
    st.button(
        "Pause",
        icon=":material/pause:",
        key=f"pause-{run.id}",
        disabled=busy,
        help="After this epoch; nothing is lost, and Resume goes on",
        on_click=again.pause,
        args=(run,),
    )
    st.button(
        "Stop, keep best",
        icon=":material/stop:",
        key=f"stop-{run.id}",
        disabled=state == "stopping",
        on_click=launcher.stop,
        args=(run,),
    )


def advice(run: Run, state: str, told: list[dict[str, Any]]) -> None:
    """What the curves say, each with a fork that tries the remedy."""
    try:
        found = advise(told, run.recipe)
    except FerError:
        return  # a damaged recipe; the page shows the rest of the run
    if not found:
        return
    with st.container(border=True):
        st.html(html.heading("What the curves say", "from the numbers of this run"))
        for number, entry in enumerate(found):
            words, button = st.columns([4, 1.1], vertical_alignment="center")
            chip = html.chip(entry.level, entry.word)
            words.html(f'<p class="fer-note">{chip.text} {html.esc(entry.text)}</p>')
            ready = bool(entry.settings) and state not in ("queued", "starting")
            if ready and button.button(
                "Try it", icon=":material/fork_right:", key=f"advice-{run.id}-{number}"
            ):
                _try(run, entry)


@st.dialog("Try what the curves suggest", width="medium")
def _try(run: Run, entry: Advice) -> None:
    """A new run with the settings of an advice: the same from the beginning, which is the fair comparison, or a fork."""
    before = fields(run.recipe)
    changed = [[key, str(before.get(key, "–")), str(value)] for key, value in entry.settings.items()]
    st.html(
        f'<p class="fer-note">{html.esc(entry.text)}</p>'
        + html.table(["setting", "now", "then"], changed, caption="Settings of the new run")
    )
    anew, branch = st.columns(2)
    try:
        if anew.button("Train from the beginning", type="primary", width="stretch", key="advice-new"):
            _show(launcher.start(run.workspace, run.dataset, run.version, run.recipe, entry.settings))
        if branch.button("Fork after the best epoch", width="stretch", key="advice-fork"):
            _show(again.fork(run, "best", entry.settings))
    except FerError as error:
        page.explain(error)


def _show(run: Run) -> None:
    st.session_state["train-runs-current"] = run.id
    st.rerun()


@st.dialog("Fork a run", width="large")
def _fork(run: Run) -> None:
    """Where to begin and what to change; the model stays."""
    told = run.tail()[0]
    best = int(best_epoch(told)["epoch"])
    words = {"last": f"the last epoch, {told[-1]['epoch']}", "best": f"the best epoch, {best}"}
    st.html(
        f'<p class="fer-note">From {html.esc(run.id)}; its epochs up to there become the first of the new run.</p>'
    )
    epoch = st.segmented_control(
        "Begin after", list(words), default="last", format_func=words.__getitem__, required=True
    )
    settings = recipe_form.draw(run.recipe, prefix="fork-")
    if st.button(
        "Start the fork", type="primary", icon=":material/fork_right:", width="stretch", key="fork-start"
    ):
        try:
            made = again.fork(run, epoch or "last", settings)
        except FerError as error:
            page.explain(error)
        else:
            _show(made)


def line(workspace: Workspace) -> None:
    """The runs that wait, in order, each to be moved to the front."""
    waiting = queue.waiting(workspace)
    if not waiting:
        return
    with st.container(border=True):
        st.html(html.heading("Waiting", f"{len(waiting)}, the next first"))
        listed = [rows.Row(run.id, run.id, f"{run.info['planned_epochs']} epochs") for run in waiting]
        chosen = rows.choose(listed, key="train-queue", label="Runs that wait, the next first")
        with st.container(horizontal=True):
            if st.button(
                "To the front", icon=":material/vertical_align_top:", disabled=chosen == waiting[0].id
            ):
                queue.move(next(run for run in waiting if run.id == chosen), 1)
                st.rerun()
            if st.button("Take out", icon=":material/close:"):
                launcher.stop(next(run for run in waiting if run.id == chosen))
                st.rerun()
