"""The queue: what works, what waits and in which order, and what has ended, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import queue, start
from fer_core.ui.components import choice_list, markup, messages
from fer_core.ui.shell import run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import controls

KEY = "train-runs"
_EVERY = 1.5  # seconds
_FEW = 9
_OTHERS = {"paused": "resume", "stopped": "resume", "lost": "resume", "failed": "why"}


def order(snapshots: Sequence[RunSnapshot], waiting: Sequence[Run]) -> list[RunSnapshot]:
    """Those at work first, then those that wait, the next first, then the others, newest first."""
    place = {run.id: number for number, run in enumerate(waiting)}

    def rank(snapshot: RunSnapshot) -> tuple[int, int]:
        if snapshot.works:
            return 0, 0
        return (1, place.get(snapshot.id, len(place))) if snapshot.state == "queued" else (2, 0)

    return sorted(snapshots, key=rank)


def show(run: Run) -> None:
    """Put a run on screen when the page is drawn next."""
    st.session_state[f"{KEY}-current"] = run.id


def choose(workspace: Workspace, dataset: str) -> str | None:
    """Id of the run to show; None where the dataset has none.

    Another dataset opens its own newest run, unless the address names one.
    """
    snapshots = [run_snapshots.read(run) for run in store.list_runs(workspace)]
    listed = order(snapshots, queue.waiting(workspace))
    ids = {snapshot.id for snapshot in snapshots}
    state, mine = f"{KEY}-current", [snapshot.id for snapshot in listed if snapshot.run.dataset == dataset]
    if st.session_state.get("train-dataset", dataset) != dataset:
        st.query_params.pop("run", None)
        st.session_state.pop(state, None)
    st.session_state["train-dataset"] = dataset
    asked = st.query_params.get("run")
    if asked and st.session_state.get("train-run-asked") != asked:
        st.session_state["train-run-asked"] = asked
        found = next(
            (one for one in ids if one == asked or run_snapshots.number(one) == asked.lstrip("0")), None
        )
        if found:
            st.session_state[state] = found
    if st.session_state.get(state) not in ids:
        st.session_state[state] = mine[0] if mine else ""
    chosen = str(st.session_state[state]) or None
    if chosen:
        st.query_params["run"] = st.session_state["train-run-asked"] = run_snapshots.number(chosen)
    else:
        st.query_params.pop("run", None)
    st.session_state["train-states"] = _states(snapshots)
    return chosen


def draw(workspace: Workspace, dataset: str, chosen: str | None) -> None:
    """The card: the runs of the dataset, and of others those that work or wait; nothing where there are none."""
    if _listed(workspace, dataset, chosen):
        _card(workspace, dataset, chosen)


def elsewhere(snapshots: Sequence[RunSnapshot], dataset: str) -> str:
    """Which other datasets have runs, in words."""
    names = dict.fromkeys(one.run.dataset for one in snapshots if one.run.dataset != dataset)
    return f"Runs there are of {', '.join(names)}: choose it at the top right. " if names else ""


def _listed(workspace: Workspace, dataset: str, chosen: str | None) -> list[RunSnapshot]:
    snapshots = [run_snapshots.read(run) for run in store.list_runs(workspace)]
    return [
        one
        for one in order(snapshots, queue.waiting(workspace))
        if one.run.dataset == dataset or one.works or one.state == "queued" or one.id == chosen
    ]


def _states(snapshots: Sequence[RunSnapshot]) -> dict[str, str]:
    return {snapshot.id: snapshot.state for snapshot in snapshots}


@st.fragment(run_every=_EVERY)
def _card(workspace: Workspace, dataset: str, chosen: str | None) -> None:
    snapshots = [run_snapshots.read(run) for run in store.list_runs(workspace)]
    waiting = queue.waiting(workspace)
    moved = (st.session_state.get(f"{KEY}-current") or None) != chosen
    if moved or _states(snapshots) != st.session_state.get("train-states"):
        st.session_state["train-states"] = _states(snapshots)
        st.rerun(scope="app")
    listed = _listed(workspace, dataset, chosen)
    working, queued = sum(snapshot.works for snapshot in snapshots), len(waiting)
    aside = (
        f"{working:,} running, {queued:,} queued"
        if working or queued
        else f"{markup.plural(len(listed), 'run')}"
    )
    with st.container(border=True, key="train-queue"):
        st.html(markup.heading("Queue", aside))
        fold = len(listed) > _FEW and not st.session_state.get("train-queue-all", False)
        shown = [
            snapshot
            for number, snapshot in enumerate(listed)
            if not fold or number < _FEW or snapshot.id == chosen
        ]
        row_of = [_row(snapshot, waiting, dataset) for snapshot in shown]
        label = "Runs: at work, waiting, ended"
        choice_list.choose(row_of, key=KEY, label=label, required=False, on_action=_act(workspace))
        if len(listed) > _FEW:
            st.toggle(f"All {len(listed):,} runs", key="train-queue-all")


def _row(snapshot: RunSnapshot, waiting: Sequence[Run], dataset: str) -> choice_list.ChoiceRow:
    title = (
        snapshot.title if snapshot.run.dataset == dataset else f"{snapshot.title} ({snapshot.run.dataset})"
    )
    if snapshot.works:
        done = f"{len(snapshot.rows):,}/{snapshot.planned:,}"
        said = done if snapshot.state == "running" else f"{snapshot.state} {done}"
        return choice_list.ChoiceRow(snapshot.id, title, said, share=snapshot.run.progress.share)
    if snapshot.state == "queued":
        ids = [run.id for run in waiting]
        actions = [("up", "↑", "Move up")] if snapshot.id in ids[1:] else []
        actions += [("down", "↓", "Move down")] if snapshot.id in ids[:-1] else []
        return choice_list.ChoiceRow(
            snapshot.id, title, "queued", actions=(*actions, ("cancel", "✕", "Cancel"))
        )
    if snapshot.state in _OTHERS:
        act = _OTHERS[snapshot.state]
        signs = {"resume": ("resume", "Resume", "Resume"), "why": ("why", "why ›", "Why it failed")}
        return choice_list.ChoiceRow(snapshot.id, title, snapshot.state, muted=False, actions=(signs[act],))
    score = f"{snapshot.best['val_accuracy']:.3f}" if snapshot.best else snapshot.state
    return choice_list.ChoiceRow(snapshot.id, title, score)


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
                    start.stop(run)
                case "resume":
                    controls.again_(run)
                    st.session_state[f"{KEY}-current"] = run_id
                case "why":
                    st.session_state[f"{KEY}-current"] = run_id
        except FerError as error:
            messages.toast(str(error), icon=":material/error:")
