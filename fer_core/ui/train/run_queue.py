"""The queue: what works, what waits and in which order, and what has ended, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fer_core.errors import FerError
from fer_core.runs import launcher, queue, store
from fer_core.runs.run import Run
from fer_core.ui import html, live, rows, run_controls, run_data
from fer_core.ui.run_data import Look
from fer_core.workspace import Workspace

KEY = "train-runs"
_EVERY = 1.5  # seconds
_FEW = 9
_OTHERS = {"paused": "resume", "stopped": "resume", "lost": "resume", "failed": "why"}


def order(looks: Sequence[Look], waiting: Sequence[Run]) -> list[Look]:
    """Those at work first, then those that wait, the next first, then the others, newest first."""
    place = {run.id: number for number, run in enumerate(waiting)}

    def rank(look: Look) -> tuple[int, int]:
        if look.works:
            return 0, 0
        return (1, place.get(look.id, len(place))) if look.state == "queued" else (2, 0)

    return sorted(looks, key=rank)


def draw(workspace: Workspace) -> str | None:
    """The card; returns the id of the run to show, None where there is none."""
    looks = [run_data.look(run) for run in store.list_runs(workspace)]
    if not looks:
        return None
    listed = order(looks, queue.waiting(workspace))
    ids = {look.id for look in looks}
    asked = st.query_params.get("run")
    if asked and st.session_state.get("train-run-asked") != asked:
        st.session_state["train-run-asked"] = asked
        found = next((one for one in ids if one == asked or run_data.number(one) == asked.lstrip("0")), None)
        if found:
            st.session_state[f"{KEY}-current"] = found
    if st.session_state.get(f"{KEY}-current") not in ids:
        st.session_state[f"{KEY}-current"] = listed[0].id
    chosen = str(st.session_state[f"{KEY}-current"])
    st.query_params["run"] = st.session_state["train-run-asked"] = run_data.number(chosen)
    st.session_state["train-states"] = _states(looks)
    _card(workspace, chosen)
    return chosen


def _states(looks: Sequence[Look]) -> dict[str, str]:
    return {look.id: look.state for look in looks}


@st.fragment(run_every=_EVERY)
def _card(workspace: Workspace, chosen: str) -> None:
    looks = [run_data.look(run) for run in store.list_runs(workspace)]
    waiting = queue.waiting(workspace)
    moved = st.session_state.get(f"{KEY}-current") != chosen
    if moved or _states(looks) != st.session_state.get("train-states"):
        st.session_state["train-states"] = _states(looks)
        st.rerun(scope="app")
    listed = order(looks, waiting)
    working, queued = sum(look.works for look in looks), len(waiting)
    aside = (
        f"{working:,} running, {queued:,} queued"
        if working or queued
        else f"{html.plural(len(looks), 'run')}"
    )
    with st.container(border=True, key="train-queue"):
        st.html(html.heading("Queue", aside))
        fold = len(listed) > _FEW and not st.session_state.get("train-queue-all", False)
        shown = [look for number, look in enumerate(listed) if not fold or number < _FEW or look.id == chosen]
        row_of = [_row(look, waiting) for look in shown]
        rows.choose(row_of, key=KEY, label="Runs: at work, waiting, ended", on_action=_act(workspace))
        if len(listed) > _FEW:
            st.toggle(f"All {len(listed):,} runs", key="train-queue-all")


def _row(look: Look, waiting: Sequence[Run]) -> rows.Row:
    if look.works:
        done = f"{len(look.rows):,}/{look.planned:,}"
        said = done if look.state == "running" else f"{look.state} {done}"
        return rows.Row(look.id, look.title, said, share=live.share(look.run.progress))
    if look.state == "queued":
        ids = [run.id for run in waiting]
        actions = [("up", "↑", "Move up")] if look.id in ids[1:] else []
        actions += [("down", "↓", "Move down")] if look.id in ids[:-1] else []
        return rows.Row(look.id, look.title, "queued", actions=(*actions, ("cancel", "✕", "Cancel")))
    if look.state in _OTHERS:
        act = _OTHERS[look.state]
        signs = {"resume": ("resume", "Resume", "Resume"), "why": ("why", "why ›", "Why it failed")}
        return rows.Row(look.id, look.title, look.state, muted=False, actions=(signs[act],))
    score = f"{look.best['val_accuracy']:.3f}" if look.best else look.state
    return rows.Row(look.id, look.title, score)


class _act:
    """What a small button of a row does."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __call__(self, action: str, run_id: str) -> None:
        run = store.get(self._workspace, run_id)
        try:
            match action:
                case "up" | "down":
                    ids = [one.id for one in queue.waiting(self._workspace)]
                    step = -1 if action == "up" else 1
                    queue.move(run, ids.index(run_id) + 1 + step if run_id in ids else 1)
                case "cancel":
                    launcher.stop(run)
                case "resume":
                    run_controls.again_(run)
                    st.session_state[f"{KEY}-current"] = run_id
                case "why":
                    st.session_state[f"{KEY}-current"] = run_id
        except FerError as error:
            st.toast(str(error), icon=":material/error:")
