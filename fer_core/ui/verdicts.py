"""What the review pages share: who decides, where one is in a queue, undo, and turning decisions into a version."""

from __future__ import annotations

import streamlit as st

from fer_core.review import apply
from fer_core.review.journal import Journal
from fer_core.ui import html, page


def reviewer() -> str:
    """The name this session decides under; empty until somebody gives one."""
    return str(st.session_state.get("fer-reviewer", ""))


def place(key: str, queue: str, length: int) -> int:
    """Position in a queue, kept per queue and clamped to its length."""
    places = st.session_state.setdefault(key, {})
    st.session_state[f"{key}-queue"] = queue
    places[queue] = min(max(int(places.get(queue, 0)), 0), max(length - 1, 0))
    return int(places[queue])


def step_buttons(key: str, length: int) -> None:
    """Previous and next, by mouse and arrow keys. Settled rows leave the queue, so accepting also moves on."""

    def step(by: int) -> None:
        queue = st.session_state[f"{key}-queue"]
        st.session_state[key][queue] = (st.session_state[key][queue] + by) % max(length, 1)

    alone = length < 2
    st.button(
        "Previous",
        shortcut="Left",
        on_click=step,
        args=(-1,),
        key=f"{key}-back",
        disabled=alone,
        icon=":material/chevron_left:",
    )
    st.button(
        "Next",
        shortcut="Right",
        on_click=step,
        args=(1,),
        key=f"{key}-on",
        disabled=alone,
        icon=":material/chevron_right:",
    )


def undo_button(journal: Journal) -> None:
    """Take back the last decision of this reviewer."""
    if st.button("Undo", shortcut="U", key="fer-undo", icon=":material/undo:"):
        undone = journal.undo(who=reviewer())
        st.toast("Undone." if undone is not None else "There is nothing to undo.")
        st.rerun()


def apply_card(scope: page.Scope) -> None:
    """How many decisions wait, and the button that makes them a version."""
    preview = apply.preview(scope.dataset)
    pending = preview["pending"]
    if not pending:
        return
    number = max(v.number for v in scope.dataset.versions()) + 1
    with st.container(border=True):
        st.html(
            html.heading("Decisions not yet applied", f"{pending:,}")
            + f'<p class="fer-note">{preview["relabel"]:,} relabelled, {preview["delete"]:,} dropped, '
            f"{preview['ambiguous']:,} ambiguous. The files stay; the new version leaves out what you dropped.</p>"
        )
        if st.button(f"Apply as version {number}", type="primary", key="fer-apply", icon=":material/check:"):
            version = apply.apply_journal(scope.dataset)
            page.select(scope.dataset.name)
            st.toast(f"Version {version.number} is ready.")
            st.rerun()
