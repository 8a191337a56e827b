"""The faces a run gets wrong with most confidence: often it is right and the label is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.base.jsonl import read_object
from fer_core.data.datasets import open_dataset
from fer_core.runs import predictions
from fer_core.runs.records import WrongImage
from fer_core.runs.run import Run
from fer_core.ui.components import face_sheet, markup
from fer_core.ui.shell import cache
from fer_core.ui.shell.run_snapshots import RunSnapshot

_SHOWN = 8
_FILE = "worst.json"


def draw(snapshot: RunSnapshot, images: Sequence[WrongImage], when: str) -> None:
    """The faces, and the way to review their labels."""
    st.html(markup.heading("Wrong with most confidence", f"validation, {when}"))
    sheet = [
        face_sheet.SheetFace(
            str(one["image_id"]), str(one["label"]), f"{one['said']} {float(one['probability']):.2f}"
        )
        for one in images
    ]
    label = "Validation images it gets wrong with most confidence: label → predicted"
    try:
        pixels = _pixels(snapshot.run, [face.id for face in sheet])
    except FerError:
        st.html('<p class="fer-muted">The version it trained on is not here any more.</p>')
        return
    face_sheet.sheet(pixels, sheet, key=f"worst-{snapshot.id}", label=label, size=74, clickable=False)
    st.page_link(
        "pages/data/mislabels.py",
        label="Review these labels",
        icon=":material/label_off:",
        query_params={"dataset": snapshot.run.dataset, "version": snapshot.run.version},
    )


def worst(snapshot: RunSnapshot) -> tuple[Sequence[WrongImage], str]:
    """image_id, label, said and probability of the faces, and of which epoch; nothing where nobody noted them."""
    found = read_object(snapshot.run.folder / _FILE)
    if images := found.get("images"):
        return images[:_SHOWN], f"epoch {found.get('epoch', len(snapshot.rows)):,}"
    if snapshot.works or not predictions.predictions_path(snapshot.run.folder, "val").is_file():
        return [], ""
    return _from_predictions(snapshot.run), "best epoch"


@st.cache_data(max_entries=32, show_spinner=False)
def _from_predictions(run: Run) -> list[WrongImage]:
    """The same, of a run that ended before they were noted by epoch."""
    try:
        table = run.predictions("val")
    except (FerError, OSError, ValueError):
        return []
    names = [name for name in table.columns if name.startswith("p_")]
    said = table[names].idxmax(axis=1).astype("str").str.slice(2)
    sure = table[names].max(axis=1)
    wrong = table.assign(said=said, probability=sure)[said != table["label"]]
    wrong = wrong.nlargest(_SHOWN, "probability")[["image_id", "label", "said", "probability"]]
    return [
        {"image_id": image, "label": label, "said": answer, "probability": float(sure)}
        for image, label, answer, sure in wrong.itertuples(index=False)
    ]


def _pixels(run: Run, ids: Sequence[str]) -> Any:
    dataset = open_dataset(run.workspace, run.dataset)
    return cache.faces(dataset, cache.pixel_rows(dataset, run.version, ids))
