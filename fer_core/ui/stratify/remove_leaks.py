"""Keep the splits and drop what leaks between them: what would go, counted and shown, before it is saved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.base.tables import row_dicts
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import counts
from fer_core.duplicates.reach import DISTANCE, SURE_DISTANCE
from fer_core.splits import separate
from fer_core.ui.components import face_sheet, markup
from fer_core.ui.components.face_sheet import SheetFace, file_name
from fer_core.ui.duplicates import cached_groups
from fer_core.ui.shell import cache, near_copies, page


@st.cache_data(max_entries=4, show_spinner="Looking across the splits")
def _leaks(dataset: Dataset, version: str) -> tuple[np.ndarray, int]:
    drop = separate.rows_to_drop(dataset, version)
    return drop, separate.possible_leaks(dataset, version, drop)


def card(scope: page.Scope) -> pd.DataFrame | None:
    """Draw what the task is; the rows that would go, or None where copies have to be looked for first."""
    with st.container(border=True):
        st.html(
            markup.heading("Keep the splits, drop the leaks")
            + '<p class="fer-note">For splits that others use too, so that results stay comparable. From train goes what is a '
            "copy of an image in val or test, from val what is a copy of one in test: equal, near or mirrored. Nothing moves.</p>"
        )
        if cached_groups.together(scope.dataset, scope.version.id) is None:
            near_copies.panel(scope)
            return None
        drop, possible = _leaks(scope.dataset, scope.version.id)
        if possible:
            st.html(
                f'<p class="fer-note">{markup.plural(possible, "image")} more may leak: their hashes are '
                f"{SURE_DISTANCE} to {DISTANCE} bits apart, where some pairs are two faces in the same light. "
                "They stay, and count as possible leaks until you have looked at them on Duplicates.</p>"
            )
    return scope.manifest[drop]


def numbers(scope: page.Scope, going: pd.DataFrame, number: int) -> None:
    """The strip of the page."""
    left = counts(scope.manifest).sum(axis=1).sub(counts(going).sum(axis=1), fill_value=0)
    page.numbers(
        [
            (len(going), "images leak and would go"),
            (int((going["split"] == "train").sum()), "of them in train"),
            (int(left.get("train", 0)), "images left to train on"),
            (int(left.get("test", 0)), "test images, none of them dropped"),
            (f"v{number}", "the new version, if you save it"),
        ]
    )


def drawn(scope: page.Scope, going: pd.DataFrame) -> None:
    """What would go per split and class, and some of the faces."""
    with st.container(border=True):
        st.html(
            markup.heading(
                "What goes",
                markup.plural(len(going), "image"),
                markup.chip("warn" if len(going) else "good", "leaks" if len(going) else "no leaks"),
            )
        )
        if going.empty:
            page.empty(
                "Nothing leaks", "No image of one split has a copy in another: these splits are apart."
            )
            return
        table = counts(going)
        rows: list[list[markup.Cell]] = [
            [str(s), *map(int, row), int(row.sum())]
            for s, row in zip(table.index, table.to_numpy(), strict=True)
        ]
        header = ["split", *map(str, table.columns), "all"]
        st.html(
            markup.table(
                header,
                rows,
                numeric=range(1, len(header)),
                caption="Images that would go, per split and class",
            )
        )
        some = going.sample(min(len(going), 20), random_state=0)
        words = [
            SheetFace(r["image_id"], file_name(r["path"]), f"{r['split']} · {r['label']}")
            for r in row_dicts(some)
        ]
        face_sheet.sheet(
            cache.faces(scope.dataset, some["row"]),
            words,
            key="strat-leaks",
            label="Some images that would go",
            size=72,
            clickable=False,
        )
