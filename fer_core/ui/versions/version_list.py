"""Versions of a dataset on the explorer: which there are, what made each, and what can be done with one."""

from __future__ import annotations

import streamlit as st

from fer_core.ui.components import markup
from fer_core.ui.shell import export
from fer_core.ui.shell.page import Scope
from fer_core.ui.versions import (
    detail,
    notes,
    provenance,
    remove,
    report,
    source,
    split_change,
    version_diff,
    version_tree,
)  # fmt: skip

_SELECTED = "fer-version-selected"


def draw(scope: Scope) -> None:
    """The whole view "Versions"."""
    versions = scope.dataset.versions()
    chosen = st.session_state.get(_SELECTED)
    selected = next((v for v in versions if v.id == chosen), scope.version)
    left, right = st.columns([1.15, 1.5], gap="medium")
    with left, st.container(border=True):
        st.html(markup.heading("Lineage", f"{markup.plural(len(versions), 'version')}, newest first"))
        clicked = version_tree.draw(
            versions, head=scope.dataset.head, shown=scope.version.id, selected=selected.id, key="lineage"
        )
        if clicked and clicked != selected.id:
            st.session_state[_SELECTED] = clicked
            st.rerun()
    at = Scope(scope.workspace, scope.dataset, selected)
    with right:
        detail.draw(at, shown=scope.version.id)
        split_change.draw(at)
        version_diff.draw(at, versions)
    with left:
        export.card(at)
        source.draw(scope)
        remove.draw(scope)


def overview(scope: Scope) -> None:
    """What belongs at the foot of the explorer's overview, right column."""
    provenance.draw(scope)
    notes.draw(scope)
    report.draw(scope)
