"""Removing a dataset: what would go and what stays, and its name as the key."""

from __future__ import annotations

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.data import admin
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import page
from fer_core.ui.shell.page import Scope

_GONE = "fer-removed"


def draw(scope: Scope) -> None:
    """The button that opens the question, and what became of it."""
    if gone := st.session_state.pop(_GONE, None):
        messages.toast(f"{gone} is removed.", icon=":material/check:")
    if st.button("Remove this dataset", key="remove-ask", icon=":material/delete:", type="tertiary"):
        _ask(scope)


@st.dialog("Remove a dataset")
def _ask(scope: Scope) -> None:
    name = scope.dataset.name
    found = admin.removal_summary(scope.dataset)
    size = f"{found['bytes'] / 1e6:,.1f} MB"
    gone = f"{markup.plural(found['versions'], 'version')}, all decisions, notes and pixels ({size})"
    gone += ", and the workspace's copy of the files" if found["owned_source"] else ""
    stays = "" if found["owned_source"] else f"The files in <code>{markup.esc(found['source'])}</code> stay. "
    st.html(
        f'<p class="fer-note">This deletes {markup.esc(gone)}. {stays}Runs trained on it stay. It cannot be undone.</p>'
    )
    if against := admin.removal_objection(found):
        page.show_error(against)
        return
    typed = st.text_input(f"Type {name} to remove it", key="remove-name")
    if st.button(
        "Remove", type="primary", disabled=typed.strip() != name, key="remove-yes", icon=":material/delete:"
    ):
        try:
            admin.remove(scope.dataset)
        except FerError as error:
            page.show_error(error)
            return
        for key in ("fer-dataset", "fer-version"):
            st.session_state.pop(key, None)
        for key in ("dataset", "version"):
            st.query_params.pop(key, None)
        st.session_state[_GONE] = name  # said by the page: what a dialog says goes with it
        st.rerun()
