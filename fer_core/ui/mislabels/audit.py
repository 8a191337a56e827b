"""Every decision as a table: who, when, what was shown; as CSV, and as a patch for another copy of the data."""

from __future__ import annotations

import json

import streamlit as st

from fer_core.base.csv_text import csv_text
from fer_core.base.errors import FerError
from fer_core.review import audit, patches
from fer_core.ui.components import markup, messages
from fer_core.ui.mislabels.state import MislabelsState
from fer_core.ui.shell import page


def draw(state: MislabelsState) -> None:
    """The audit table with its downloads, and the way in for a patch."""
    name, entries = state.scope.dataset.name, state.journal.entries
    with st.container(border=True):
        st.html(
            markup.heading(
                "Decisions", f"{len(entries):,} entries, the newest first; undone ones stay listed"
            )
        )
        if entries.empty:
            page.empty("Nothing decided yet", "Every decision will be listed here, with what was on screen.")
        else:
            table = audit.audit_table(entries)
            number = st.column_config.NumberColumn
            st.dataframe(
                table.drop(columns=["image_id", "key"]),
                hide_index=True,
                height=420,
                key="mis-audit",
                alt="Every decision: who, when, and what was shown",
                column_config={
                    "time": st.column_config.DatetimeColumn("when (UTC)", format="YYYY-MM-DD HH:mm:ss"),
                    "path": "image",
                    "label": "label shown",
                    "suggested": "suggestion shown",
                    "score": number(format="%.3f"),
                },
            )
            with st.container(horizontal=True):
                st.download_button(
                    "Decisions as CSV",
                    csv_text(table),
                    f"{name}-decisions.csv",
                    "text/csv",
                    icon=":material/download:",
                    key="mis-csv",
                )
                st.download_button(
                    "Patch for another copy",
                    lambda: json.dumps(patches.build_patch(state.scope.dataset), ensure_ascii=False),
                    f"{name}-decisions.json",
                    "application/json",
                    icon=":material/ios_share:",
                    key="mis-patch",
                )
    _take_over(state)


def _take_over(state: MislabelsState) -> None:
    with st.container(border=True):
        st.html(markup.heading("Take over decisions", "from a patch made on another copy of these images"))
        with st.form("mis-take", border=False, clear_on_submit=True):
            upload = st.file_uploader(
                "Patch", type=["json"], key="mis-take-file", label_visibility="collapsed"
            )
            sent = st.form_submit_button("Take over", icon=":material/input:")
        if sent and upload is not None:
            try:
                found = patches.import_patch(state.scope.dataset, upload.getvalue())
            except FerError as error:
                page.show_error(error)
                return
            missing = f"; {found['missing']:,} are about images that are not here" if found["missing"] else ""
            messages.success(
                f"{found['new']:,} of {found['entries']:,} decisions were new{missing}.",
                icon=":material/check:",
            )
