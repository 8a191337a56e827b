"""What can be done with a run: pause, stop, resume, take out of the queue, fork."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fer_core.errors import FerError
from fer_core.runs import again, launcher
from fer_core.runs.run import Run
from fer_core.training import advice
from fer_core.ui import html, run_data, run_dialog
from fer_core.ui.run_data import Look

AGAIN = {"paused": "Resume", "stopped": "Resume", "failed": "Try again", "lost": "Resume"}


def draw(look: Look) -> None:
    """The buttons that make sense in this state."""
    run, state = look.run, look.state
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if look.works:
            _working(run, state)
        elif state == "queued":
            st.button(
                "Cancel", icon=":material/close:", key=f"cancel-{run.id}", on_click=launcher.stop, args=(run,),
                help="Take it out of the queue",
            )  # fmt: skip
        elif state in AGAIN:
            st.button(
                AGAIN[state], icon=":material/play_arrow:", key=f"resume-{run.id}", on_click=again_,
                args=(run,), help=_goes_on(look),
            )  # fmt: skip
        if look.rows and state not in ("queued", "starting"):
            st.button(
                "Fork", icon=":material/fork_right:", key=f"fork-{run.id}", on_click=run_dialog.ask, args=(run.id, {}),
                help="A new run that begins where this one was, with other settings",
            )  # fmt: skip


def again_(run: Run) -> None:
    """Resume, and tell in words where that does not work."""
    try:
        again.resume(run)
    except FerError as error:
        st.toast(str(error), icon=":material/error:")


def _goes_on(look: Look) -> str:
    done = len(look.rows)
    return f"Goes on after epoch {done:,}, as if nothing had happened" if done else "Begins anew"


def _working(run: Run, state: str) -> None:
    st.button(
        "Pause",
        icon=":material/pause:",
        key=f"pause-{run.id}",
        disabled=state in ("pausing", "stopping"),
        help="After this epoch; nothing is lost, and Resume goes on",
        on_click=again.pause,
        args=(run,),
    )
    st.button(
        "Stop, keep best",
        icon=":material/stop:",
        key=f"stop-{run.id}",
        disabled=state == "stopping",
        help="After this batch; the best weights are kept, evaluated and exported",
        on_click=launcher.stop,
        args=(run,),
    )


def trouble(look: Look) -> None:
    """Why a run failed or was lost, and what to try."""
    if look.state not in ("failed", "lost") and not look.reason:
        return
    if look.state not in ("failed", "lost"):
        st.info(look.reason, icon=":material/info:")
        return
    with st.container(border=True):
        st.html(html.heading("Why it ended"))
        st.error(look.reason or "It says nothing about why.", icon=":material/error:")
        recipe = run_data.recipe(look.run)
        remedy = advice.of_failure(look.reason, recipe) if recipe else None
        if remedy:
            _line(look.run, remedy, "remedy")
        then = _goes_on(look)
        words = (
            f"{AGAIN[look.state]}: {then[0].lower()}{then[1:]}. The last lines of its log are below."
            if not remedy
            else f"Or {AGAIN[look.state].lower()} with the settings as they are. The log is below."
        )
        st.html(f'<p class="fer-note">{html.esc(words)}</p>')


def verdicts(look: Look) -> None:
    """What the curves say, each with a new run that tries the remedy."""
    recipe = run_data.recipe(look.run)
    found: Sequence[advice.Advice] = advice.of(look.rows, recipe) if recipe else []
    if not found:
        return
    with st.container(border=True):
        st.html(html.heading("What the curves say", "from the numbers of this run"))
        for number, entry in enumerate(found):
            _line(look.run, entry, str(number), ready=look.state not in ("queued", "starting"))


def _line(run: Run, entry: advice.Advice, key: str, ready: bool = True) -> None:
    words, button = st.columns([5, 1.25], vertical_alignment="center")
    chip = html.chip(entry.level, entry.word)
    words.html(f'<p class="fer-note">{chip.text} {html.esc(entry.text)}</p>')
    with button:
        if entry.settings and ready:
            st.button(
                "Try it", icon=":material/fork_right:", key=f"advice-{run.id}-{key}", width="stretch",
                on_click=run_dialog.ask, args=(run.id, dict(entry.settings)),
                help="Opens a new run with these settings filled in",
            )  # fmt: skip
        elif entry.word.startswith("check for leaks"):
            st.page_link("pages/data/stratify.py", label="Stratify", icon=":material/call_split:")
