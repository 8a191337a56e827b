"""Removing a dataset: what would go and what stays, and its name as the key."""

from __future__ import annotations

import streamlit as st

from fer_core.data import keeping
from fer_core.errors import FerError, RunError
from fer_core.runs.using import busy_runs
from fer_core.ui import html, page
from fer_core.ui.page import Scope

_GONE = "fer-removed"


def draw(scope: Scope) -> None:
    """The button that opens the question, and what became of it."""
    if gone := st.session_state.pop(_GONE, None):
        st.toast(f"{gone} is removed.", icon=":material/check:")
    if st.button("Remove this dataset", key="remove-ask", icon=":material/delete:", type="tertiary"):
        _ask(scope)


@st.dialog("Remove a dataset")
def _ask(scope: Scope) -> None:
    name = scope.dataset.name
    found = keeping.belongings(scope.dataset)
    size = f"{found['bytes'] / 1e6:,.1f} MB"
    gone = f"{html.plural(found['versions'], 'version')}, all decisions, notes and pixels ({size})"
    gone += ", and the workspace's copy of the files" if found["owned_source"] else ""
    stays = "" if found["owned_source"] else f"The files in <code>{html.esc(found['source'])}</code> stay. "
    st.html(
        f'<p class="fer-note">This deletes {html.esc(gone)}. {stays}Runs trained on it stay. It cannot be undone.</p>'
    )
    if found["needed_by"]:
        st.error(
            f"{', '.join(found['needed_by'])} hold images whose files are in this dataset. Remove them first.",
            icon=":material/error:",
        )
        return
    typed = st.text_input(f"Type {name} to remove it", key="remove-name")
    if st.button(
        "Remove", type="primary", disabled=typed.strip() != name, key="remove-yes", icon=":material/delete:"
    ):
        try:
            if busy := busy_runs(scope.workspace, name):
                raise RunError(
                    "Runs are training on this dataset", received=", ".join(busy), hint="Stop them first"
                )
            keeping.remove(scope.dataset)
        except FerError as error:
            page.explain(error)
            return
        for key in ("fer-dataset", "fer-version"):
            st.session_state.pop(key, None)
        for key in ("dataset", "version"):
            st.query_params.pop(key, None)
        st.session_state[_GONE] = name  # said by the page: what a dialog says goes with it
        st.rerun()
