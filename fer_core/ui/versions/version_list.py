"""Versions of a dataset on the explorer: which there are, what made each, and what can be done with one."""

from __future__ import annotations

import streamlit as st

from fer_core.ui import (
    export_card,
    html,
    lineage,
    notes_card,
    passport_card,
    remove_card,
    report_card,
    source_card,
    version_detail,
    version_diff,
)
from fer_core.ui.page import Scope

_SELECTED = "fer-version-selected"


def draw(scope: Scope) -> None:
    """The whole view "Versions"."""
    versions = scope.dataset.versions()
    chosen = st.session_state.get(_SELECTED)
    selected = next((v for v in versions if v.id == chosen), scope.version)
    left, right = st.columns([1.15, 1.5], gap="medium")
    with left, st.container(border=True):
        st.html(html.heading("Lineage", f"{html.plural(len(versions), 'version')}, newest first"))
        clicked = lineage.draw(
            versions, head=scope.dataset.head, shown=scope.version.id, selected=selected.id, key="lineage"
        )
        if clicked and clicked != selected.id:
            st.session_state[_SELECTED] = clicked
            st.rerun()
    at = Scope(scope.workspace, scope.dataset, selected)
    with right:
        version_detail.draw(at, shown=scope.version.id)
        version_diff.draw(at, versions)
    with left:
        export_card.card(at)
        source_card.draw(scope)
        remove_card.draw(scope)


def overview(scope: Scope) -> None:
    """What belongs at the foot of the explorer's overview, right column."""
    passport_card.draw(scope)
    notes_card.draw(scope)
    report_card.draw(scope)
