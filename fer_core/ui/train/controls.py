"""What can be done with a run: pause, stop, resume, take out of the queue, fork."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.evaluation import advice
from fer_core.evaluation.chance import chance_of
from fer_core.evaluation.report import is_apart
from fer_core.evaluation.verdicts import meanings
from fer_core.runs.run import Run
from fer_core.scheduling import resume, start
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import fork_dialog

AGAIN = {"paused": "Resume", "stopped": "Resume", "failed": "Try again", "lost": "Resume"}


def draw(snapshot: RunSnapshot) -> None:
    """The buttons that make sense in this state."""
    run, state = snapshot.run, snapshot.state
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if snapshot.works:
            _working(run, state)
        elif state == "queued":
            st.button(
                "Cancel", icon=":material/close:", key=f"cancel-{run.id}", on_click=start.stop, args=(run,),
                help="Take it out of the queue",
            )  # fmt: skip
        elif state in AGAIN:
            st.button(
                AGAIN[state], icon=":material/play_arrow:", key=f"resume-{run.id}", on_click=again_,
                args=(run,), help=_goes_on(snapshot),
            )  # fmt: skip
        if snapshot.rows and state not in ("queued", "starting"):
            st.button(
                "Fork", icon=":material/fork_right:", key=f"fork-{run.id}", on_click=fork_dialog.ask, args=(run.id, {}),
                help="A new run that begins where this one was, with other settings",
            )  # fmt: skip


def again_(run: Run) -> None:
    """Resume, and tell in words where that does not work."""
    try:
        resume.resume(run)
    except FerError as error:
        messages.toast(str(error), icon=":material/error:")


def _goes_on(snapshot: RunSnapshot) -> str:
    done = len(snapshot.rows)
    return f"Goes on after epoch {done:,}, as if nothing had happened" if done else "Begins anew"


def _working(run: Run, state: str) -> None:
    st.button(
        "Pause",
        icon=":material/pause:",
        key=f"pause-{run.id}",
        disabled=state in ("pausing", "stopping"),
        help="After this epoch; nothing is lost, and Resume goes on",
        on_click=resume.pause,
        args=(run,),
    )
    st.button(
        "Stop, keep best",
        icon=":material/stop:",
        key=f"stop-{run.id}",
        disabled=state == "stopping",
        help="After this batch; the best weights are kept, evaluated and exported",
        on_click=start.stop,
        args=(run,),
    )


def trouble(snapshot: RunSnapshot) -> None:
    """Why a run failed or was lost, and what to try."""
    if snapshot.state not in ("failed", "lost") and not snapshot.reason:
        return
    if snapshot.state not in ("failed", "lost"):
        messages.info(snapshot.reason, icon=":material/info:")
        return
    with st.container(border=True):
        st.html(markup.heading("Why it ended"))
        messages.error(snapshot.reason or "It says nothing about why.", icon=":material/error:")
        recipe = run_snapshots.recipe(snapshot.run)
        remedy = advice.advice_for_failure(snapshot.reason, recipe) if recipe else None
        if remedy:
            _line(snapshot.run, remedy, "remedy")
        then = _goes_on(snapshot)
        words = (
            f"{AGAIN[snapshot.state]}: {then[0].lower()}{then[1:]}. The last lines of its log are below."
            if not remedy
            else f"Or {AGAIN[snapshot.state].lower()} with the settings as they are. The log is below."
        )
        st.html(f'<p class="fer-note">{markup.esc(words)}</p>')


def verdicts(snapshot: RunSnapshot) -> None:
    """What the curves say, each with a new run that tries the remedy."""
    recipe = run_snapshots.recipe(snapshot.run)
    found: Sequence[advice.Advice] = (
        advice.advice_for(snapshot.rows, recipe, is_apart(snapshot.run), chance_of(snapshot.run))
        if recipe
        else []
    )
    if not found:
        return
    with st.container(border=True):
        st.html(markup.heading("What the curves say", "from the numbers of this run"))
        for number, entry in enumerate(found):
            _line(snapshot.run, entry, str(number), ready=snapshot.state not in ("queued", "starting"))


def _line(run: Run, entry: advice.Advice, key: str, ready: bool = True) -> None:
    words, button = st.columns([4.4, 1.6], vertical_alignment="center")
    chip = markup.chip(entry.level, entry.word)
    told = meanings.meaning(entry.word)
    means = (
        f'<details class="fer-means-word"><summary>What it means</summary>{markup.esc(told)}</details>'
        if told
        else ""
    )
    words.html(f'<div class="fer-note">{chip} {markup.esc(entry.text)} {means}</div>')
    with button:
        if entry.settings and ready:
            st.button(
                "Apply this fix", icon=":material/fork_right:", key=f"advice-{run.id}-{key}", width="stretch",
                on_click=fork_dialog.ask, args=(run.id, dict(entry.settings)),
                help="Opens a new run with these settings filled in",
            )  # fmt: skip
        elif "leaks" in entry.word:
            st.page_link("pages/data/stratify.py", label="Stratify", icon=":material/call_split:")
