"""What somebody expects of a run: asked before it is made, shown beside what came."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fer_core.evaluation.verdicts.expectation import outcome_of
from fer_core.runs import run_annotations
from fer_core.runs.run import Run
from fer_core.ui.components import markup
from fer_core.ui.shell.run_snapshots import RunSnapshot

_WHY, _EXPECTED, _KEPT = "train-hypothesis", "train-expected", "train-expectation-kept"


def fields() -> None:
    """Both fields, folded; empty again once a run was made."""
    if st.session_state.pop(_KEPT, False):
        st.session_state[_WHY], st.session_state[_EXPECTED] = "", None
    with st.expander("Hypothesis", key="train-expectation", icon=":material/lightbulb:"):
        st.text_input(
            "Why this run", key=_WHY, persist_state="session", placeholder="A lower rate ends the jumps",
            help="Kept with the run and shown beside its result",
        )  # fmt: skip
        st.number_input(
            "Expected validation accuracy", 0.0, 1.0, None, 0.01, key=_EXPECTED, persist_state="session",
            placeholder="such as 0.72", format="%.3f",
            help="Said before, it tells afterwards whether you understood what the change does",
        )  # fmt: skip


def keep(runs: Sequence[Run]) -> None:
    """Note with new runs what stands in the fields: it is said of these, not of later ones."""
    state = st.session_state
    for run in runs:
        run_annotations.expect(run, str(state.get(_WHY) or ""), state.get(_EXPECTED))
    state[_KEPT] = True  # a field on the page is emptied before it is drawn next


def told(snapshot: RunSnapshot) -> str:
    """Hypothesis, what was expected and what came, as HTML; "" where nobody said."""
    marks = run_annotations.read(snapshot.run)
    parts = [f"<b>Hypothesis</b> {markup.esc(marks['hypothesis'])}"] if marks["hypothesis"] else []
    if outcome := outcome_of(snapshot.run):
        parts.append(f"{markup.chip(outcome.level, outcome.word)} {markup.esc(outcome.text)}")
    elif marks["expected"] is not None:
        parts.append(f"expected {marks['expected']:.3f} on validation")
    return f'<p class="fer-note">{" · ".join(parts)}</p>' if parts else ""
