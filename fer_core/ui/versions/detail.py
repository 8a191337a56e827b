"""One version: what it is, and what can be done with it: show it, name it, go back to it."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from fer_core.base.errors import FerError
from fer_core.data import admin
from fer_core.data.versions import Version
from fer_core.ui.components import markup, messages, tables, version_text
from fer_core.ui.shell import page
from fer_core.ui.shell.page import Scope


def draw(scope: Scope, *, shown: str) -> None:
    """The card of `scope.version`; `shown` is the id of the version the page works on."""
    version, newest = scope.version, scope.is_head
    chips = [markup.chip("good", "newest")] if newest else []
    chips += [markup.chip("info", "on this page")] if version.id == shown else []
    with st.container(border=True):
        st.html(markup.heading(f"Version {version.number}", version.name, *chips) + _facts(scope))
        with st.container(horizontal=True):
            if st.button(
                "Show on this page",
                key="ver-show",
                icon=":material/visibility:",
                disabled=version.id == shown,
            ):
                page.select(scope.dataset.name, None if newest else version.id)
                st.rerun()
            if st.button(
                "Go back to it",
                key="ver-revert",
                icon=":material/history:",
                disabled=newest,
                help="It becomes the newest state. Later versions stay in the lineage and can be gone back to as well.",
            ):
                admin.revert(scope.dataset, version.id)
                page.select(scope.dataset.name)
                messages.toast(f"Version {version.number} is the newest state. Later versions stay.")
                st.rerun()
            with st.popover("Name and note", icon=":material/edit:"):
                _words(scope, version)


def _facts(scope: Scope) -> str:
    version = scope.version
    made = version_text.made_by(version)
    splits = ", ".join(f"{name} {n:,}" for name, n in version.images_per_split.items() if n)
    pairs: list[tuple[str, markup.Cell]] = [
        ("id", Markup(f"<code>{version.id}</code>")),
        ("made by", f"{version_text.operation(version)}{f': {made}' if made else ''}"),
        (
            "from",
            tables.origin(version, scope.dataset)
            if version.parent is None
            else tables.parent_of(version, scope.dataset),
        ),
        ("when", f"{version.created[:16].replace('T', ' ')} UTC"),
        ("images", f"{version.counts['images']:,} ({splits})"),
    ]
    pairs += [("note", version.note)] if version.note else []
    return markup.facts(pairs)


def _words(scope: Scope, version: Version) -> None:
    """The form with name and note; a version itself never changes."""
    with st.form(f"ver-words-{version.id}", border=False):
        name = st.text_input(
            "Name", value=version.name, max_chars=64, help="Every page and verb knows it by this name."
        )
        note = st.text_area("Note", value=version.note, max_chars=2000)
        saved = st.form_submit_button("Save", type="primary", icon=":material/check:")
    if saved:
        try:
            admin.annotate(scope.dataset, version.id, name=name.strip(), note=note.strip())
        except FerError as error:
            page.show_error(error)
            return
        st.rerun()
