"""Keep the splits and drop what leaks between them: what would go, counted and shown, before it is saved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.data.records import counts
from fer_core.splits import separate
from fer_core.ui import cache, copies_cache, copies_dial, faces, html, page
from fer_core.ui.faces import Face, each, file_name


@st.cache_data(max_entries=4, show_spinner="Looking across the splits")
def _leaks(_dataset: Dataset, name: str, version: str) -> np.ndarray:
    return separate.leaks(_dataset, version)


def card(scope: page.Scope) -> pd.DataFrame | None:
    """Draw what the task is; the rows that would go, or None where copies have to be looked for first."""
    with st.container(border=True):
        st.html(
            html.heading("Keep the splits, drop the leaks")
            + '<p class="fer-note">For splits that others use too, so that results stay comparable. From train goes what is a '
            "copy of an image in val or test, from val what is a copy of one in test: equal, near or mirrored. Nothing moves.</p>"
        )
        if copies_cache.together(scope.dataset, scope.version.id) is None:
            copies_dial.panel(scope)
            return None
    return scope.manifest[_leaks(scope.dataset, scope.dataset.name, scope.version.id)]


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
            html.heading(
                "What goes",
                html.plural(len(going), "image"),
                html.chip("look" if len(going) else "good", "leaks" if len(going) else "no leaks"),
            )
        )
        if going.empty:
            page.empty(
                "Nothing leaks", "No image of one split has a copy in another: these splits are apart."
            )
            return
        table = counts(going)
        rows: list[list[html.Cell]] = [
            [str(s), *map(int, row), int(row.sum())]
            for s, row in zip(table.index, table.to_numpy(), strict=True)
        ]
        header = ["split", *map(str, table.columns), "all"]
        st.html(
            html.table(
                header,
                rows,
                numeric=range(1, len(header)),
                caption="Images that would go, per split and class",
            )
        )
        some = going.sample(min(len(going), 20), random_state=0)
        words = [
            Face(r["image_id"], file_name(r["path"]), f"{r['split']} · {r['label']}") for r in each(some)
        ]
        faces.sheet(
            cache.faces(scope.dataset, some["row"]),
            words,
            key="strat-leaks",
            label="Some images that would go",
            size=72,
            clickable=False,
        )
