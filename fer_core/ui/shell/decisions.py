"""What the review pages share: who decides, where one is in a queue, undo, and turning decisions into a version."""

from __future__ import annotations

import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.review import apply
from fer_core.review.journal import Journal
from fer_core.review.snapshot import JournalSnapshot
from fer_core.ui.components import markup, messages, version_text
from fer_core.ui.shell import cache, next_step, page


def reviewer(dataset: Dataset) -> str:
    """The name decisions are made under in this tab, as the dataset's journal spells it; empty until somebody gives one."""
    return Journal(dataset.journal_path).known_as(str(st.session_state.get("fer-reviewer", "")))


@st.cache_data(max_entries=16, show_spinner=False)
def _preview(dataset: Dataset, head: str, newest: str, _known: JournalSnapshot) -> apply.ApplyPreview:
    return apply.preview(dataset, head, cache.manifest(dataset, head), _known)


def _waiting(scope: page.Scope) -> apply.ApplyPreview | None:
    """What applying the decisions to the newest version would do, as `apply.preview`; None while nothing was decided."""
    known = cache.journal(scope.dataset)
    if not known.newest:
        return None
    return _preview(scope.dataset, scope.dataset.head, known.newest, known)


def pending(scope: page.Scope) -> int:
    """How many decisions the newest version does not contain yet."""
    waiting = _waiting(scope)
    return waiting["pending"] if waiting else 0


@st.fragment(run_every=3)
def apply_card(scope: page.Scope) -> None:
    """How many decisions wait, and the button that makes them a version."""
    preview = _waiting(scope)
    if not preview or not preview["pending"]:
        return
    pending = preview["pending"]
    number = max(v.number for v in scope.dataset.versions()) + 1
    with st.container(border=True):
        st.html(
            markup.heading("Decisions not yet applied", f"{pending:,}")
            + f'<p class="fer-note">{preview["relabel"]:,} relabelled, {preview["delete"]:,} dropped, '
            f"{preview['ambiguous']:,} ambiguous. The files stay; the new version leaves out what you dropped.</p>"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            applied = st.button(
                f"Apply as version {number}", type="primary", key="fer-apply", icon=":material/check:"
            )
            listed = st.toggle("See what changes", key="fer-changes")
        if listed:
            _changes(scope, preview["problems"])
        if applied:
            with st.spinner(f"Applying {markup.plural(pending, 'decision')}"):
                version = apply.apply_journal(scope.dataset)
            page.select(scope.dataset.name)
            words = f"Version {version.number} is ready: {version_text.made_by(version) or 'nothing changed'}"
            next_step.made(scope.dataset.name, version.id, words)
            st.rerun()


def _changes(scope: page.Scope, problems: list[dict[str, str]]) -> None:
    """The difference to the version that would be made, image by image, and what cannot be applied."""
    st.dataframe(
        apply.changes(scope.dataset)[["path", "split", "action", "before", "after", "who"]],
        hide_index=True,
        height=260,
        key="fer-changes-table",
        alt="Images that the new version changes",
    )
    for problem in problems[:20]:
        messages.warning(f"{problem['action']} {problem['path'] or problem['image_id']}: {problem['why']}")
