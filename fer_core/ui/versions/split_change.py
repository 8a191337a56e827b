"""What an operation did to the splits, before and after, kept with the version it made."""

from __future__ import annotations

import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.splits.change import SplitChange, change_of
from fer_core.ui.components import markup, tables
from fer_core.ui.shell.page import Scope


def draw(scope: Scope) -> None:
    """The card; nothing for a version whose operation made no splits."""
    found = _change(scope.dataset, scope.version.id)
    if found is None:
        return
    with st.container(border=True):
        st.html(
            markup.heading("Splits before → after", f"by {scope.version.operation}")
            + tables.split_change(found.before, found.after)
            + f'<p class="fer-muted" style="margin-top:.6rem">{markup.esc(found.words)}.</p>'
        )


@st.cache_resource(max_entries=8, show_spinner=False)
def _change(dataset: Dataset, version: str) -> SplitChange | None:
    return change_of(dataset, version)
