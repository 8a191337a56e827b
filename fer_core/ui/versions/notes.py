"""Notes about the dataset and its classes, shown and edited; they go into the report."""

from __future__ import annotations

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.data.notes import KINDS, MAX_NOTE, Notes, read_notes, write_note
from fer_core.ui.components import markup
from fer_core.ui.shell import cache, page
from fer_core.ui.shell.page import Scope

_DATASET = "the dataset"


def draw(scope: Scope) -> None:
    """The card: what is known, and the way to write more."""
    classes = cache.class_names(scope.dataset, scope.version.id)
    with st.container(border=True):
        try:
            notes = read_notes(scope.dataset)
        except FerError as error:
            st.html(markup.heading("Notes"))
            page.show_error(error)
            return
        st.html(markup.heading("Notes", "kept with the dataset, part of its report") + _shown(notes, classes))
        with st.popover("Write a note", icon=":material/edit_note:"):
            _form(scope, notes, classes)


def _shown(notes: Notes, classes: tuple[str, ...]) -> str:
    blocks = [f'<p class="fer-note fer-lines">{markup.esc(notes["dataset"])}</p>'] if notes["dataset"] else []
    for name in [*classes, *(n for n in notes["classes"] if n not in classes)]:
        if told := notes["classes"].get(name):
            rows: list[tuple[str, markup.Cell]] = [
                (KINDS[kind].lower(), words) for kind, words in told.items()
            ]
            head = f'<p class="fer-note">{markup.class_name(name, classes)}</p>'
            blocks.append(f'<div class="fer-apart">{head}{markup.facts(rows)}</div>')
    if not blocks:
        return '<p class="fer-muted">What tells a class apart, and what it is confused with, for whoever labels next.</p>'
    return "".join(blocks)


def _form(scope: Scope, notes: Notes, classes: tuple[str, ...]) -> None:
    about = st.selectbox("About", [_DATASET, *classes], key="note-about")
    told = notes["classes"].get(about, {})
    with st.form(f"note-{about}", border=False):
        if about == _DATASET:
            text = st.text_area(
                "Note", value=notes["dataset"], max_chars=MAX_NOTE, key=f"note-text-{notes['changed']}"
            )
            words = {}
        else:
            text = None
            words = {
                kind: st.text_area(
                    label,
                    value=told.get(kind, ""),
                    max_chars=MAX_NOTE,
                    height=90,
                    key=f"note-{about}-{kind}-{notes['changed']}",
                )
                for kind, label in KINDS.items()
            }
        saved = st.form_submit_button("Save", type="primary", icon=":material/check:")
    if not saved:
        return
    try:
        if text is not None:
            write_note(scope.dataset, text)
        for kind, written in words.items():
            if written.strip() != told.get(kind, ""):
                write_note(scope.dataset, written, label=about, kind=kind)
    except FerError as error:
        page.show_error(error)
        return
    st.rerun()
