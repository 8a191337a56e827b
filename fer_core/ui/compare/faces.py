"""Faces behind a number on the Compare page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core import jobs, mislabels
from fer_core.base.errors import FerError
from fer_core.base.tables import column_values, row_dicts
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.jobs.tasks import RankLabels
from fer_core.runs.run import Run
from fer_core.ui.components import face_sheet
from fer_core.ui.components.face_sheet import SheetFace
from fer_core.ui.shell import cache, page

REVIEW = "pages/data/mislabels.py"
_ALL = 240
"""Faces shown at most."""


def show(
    workspace: Workspace,
    dataset: str,
    version: str,
    table: pd.DataFrame,
    *,
    key: str,
    label: str,
    caption: str = "sure",
    detail: str = "",
    limit: int = 18,
    size: int = 64,
) -> None:
    """Draw the first faces of a table.

    Args:
        table: image_id and the columns named by `caption` (a probability) and `detail` (words).
        key: unique on the page.
        label: what they are, for screen readers.
        limit: how many at most.
        size: edge in CSS pixels.
    """
    if table.empty:
        st.html('<p class="fer-muted">None.</p>')
        return
    try:
        found = open_dataset(workspace, dataset)
        wide = st.session_state.get(f"{key}-all") == label
        shown = table.head(_ALL if wide else limit)
        places = cache.pixel_rows(found, version, column_values(shown["image_id"]))
    except FerError as error:
        page.show_error(error)
        return
    sheet = [
        SheetFace(str(r["image_id"]), f"{r[caption]:.2f}", str(r[detail]) if detail else "")
        for r in row_dicts(shown)
    ]
    face_sheet.sheet(cache.faces(found, places), sheet, key=key, label=label, size=size, clickable=False)
    if len(table) > limit:
        _more(len(table), limit, wide, key, label)


def _more(count: int, limit: int, wide: bool, key: str, label: str) -> None:
    """The button that shows all of them, or only the first again."""
    words = f"First {limit}" if wide else f"All {count:,}" if count <= _ALL else f"First {_ALL} of {count:,}"

    def turn() -> None:
        st.session_state[f"{key}-all"] = None if wide else label

    icon = ":material/unfold_less:" if wide else ":material/unfold_more:"
    st.button(words, key=f"{key}-more", icon=icon, on_click=turn)


def review_link(run: Run, version: str, words: str, key: str) -> None:
    """The way to the review of wrong labels, ranked by what this run says of images it has not learned from.

    Args:
        run: who judges the labels; where its ranking is not there yet, a press makes it, as a job the review follows.
        version: whose labels.
        words: on the link.
        key: unique on the page.
    """
    method, query = f"run:{run.id}", {"dataset": run.dataset, "version": version}
    try:
        known = mislabels.methods(open_dataset(run.workspace, run.dataset), version)
    except FerError:
        return  # the faces above say that the data are gone
    if method in known:
        st.page_link(
            REVIEW, label=words, icon=":material/label_off:", query_params={**query, "method": method}
        )
    elif st.button(
        words, key=key, icon=":material/label_off:", help=f"Ranks the labels by what {run.id} says"
    ):
        jobs.start(run.workspace, RankLabels(run.dataset, version, method))
        st.switch_page(REVIEW, query_params=query)
