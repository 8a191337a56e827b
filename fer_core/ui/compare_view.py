"""The leaderboard as a table one can choose from, and what stands behind the chosen run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.charts.confusion import confusion_matrix
from fer_core.charts.confusion import describe as confusion_words
from fer_core.charts.learning import learning_curve
from fer_core.data.datasets import open_dataset
from fer_core.errors import FerError
from fer_core.runs.run import Run, best_epoch
from fer_core.ui import cache, faces, html, page, style
from fer_core.ui.faces import Face, each, file_name
from fer_core.ui.page import Scope

_COLUMNS = ["rank", "run", "recipe", "val_accuracy", "train_accuracy", "gap", "verdict", "macro_f1", "parameters", "best_epoch",
            "seconds", "images_per_second", "dataset", "version", "state", "problem"]  # fmt: skip


def interval_words(row: pd.Series | None) -> str:
    """The 95 % interval of a run's validation accuracy, in words."""
    if row is None or pd.isna(row["val_low"]):
        return "its validation accuracy"
    return f"its validation accuracy, 95 %: {row['val_low']:.3f} to {row['val_high']:.3f}"


def leaderboard(board: pd.DataFrame) -> list[str]:
    """Draw the table; return the ids of the chosen runs."""
    table = board.assign(rank=range(1, len(board) + 1))[_COLUMNS]
    number, config = st.column_config.NumberColumn, st.column_config
    event = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key="cmp-table",
        alt="Leaderboard of training runs",
        height=min(38 * (len(table) + 1) + 4, 460),
        column_config={
            "rank": number("#", width=38, format="%d"),
            "run": config.TextColumn("run", pinned=True),
            "val_accuracy": config.ProgressColumn("val accuracy", min_value=0, max_value=1, format="%.3f"),
            "train_accuracy": number(
                "train accuracy", format="%.3f", help="At the best epoch, as measured while training"
            ),
            "gap": number("gap, points", format="%+.1f", help="Train minus validation accuracy"),
            "verdict": config.TextColumn("verdict on the gap"),
            "macro_f1": number("macro F1", format="%.3f"),
            "parameters": number("parameters", format="localized"),
            "best_epoch": number("best epoch", format="%d"),
            "seconds": number("time, s", format="%.0f"),
            "images_per_second": number("images/s", format="%.0f"),
        },
    )
    return [str(table.iloc[i]["run"]) for i in event.selection.rows if i < len(table)]


def details(scope: Scope, run: Run, others: list[Run]) -> None:
    """Curves, confusion matrix with the faces behind a cell, and scores per class of a run."""
    metrics = run.metrics()
    if len(metrics):
        best = best_epoch(each(metrics))
        with st.container(border=True):
            behind = f", {', '.join(o.id for o in others)} dashed" if others else ""
            st.html(html.heading(f"Curves of {run.id}", f"best epoch marked{behind}"))
            for place, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
                chart = learning_curve(
                    metrics,
                    measure,
                    best_epoch=int(best["epoch"]) if best else None,
                    others={o.id: o.metrics() for o in others if len(o.metrics())},
                    dark=style.is_dark(),
                )
                place.altair_chart(chart, theme=None, key=f"cmp-{measure}")
    scores = run.evaluation().get("splits", {}).get("val")
    if not scores:
        page.empty("No evaluation yet", "It is written when the run ends. A run that failed has none.")
        return
    names = scores["confusion"]["classes"]
    matrix = pd.DataFrame(scores["confusion"]["counts"], index=names, columns=names)
    left, right = st.columns([1.15, 1], gap="medium")
    with left, st.container(border=True):
        about = f"validation, {scores['images']:,} images; click a cell for its faces"
        st.html(html.heading(f"Confusion matrix of {run.id}", about))
        chart = confusion_matrix(matrix, dark=style.is_dark())
        event = st.plotly_chart(
            chart, theme=None, on_select="rerun", selection_mode="points", key=f"cmp-confusion-{run.id}",
            config={"displayModeBar": False}, alt=confusion_words(matrix),
        )  # fmt: skip
        points = event.selection.points
        true, said = points[0]["customdata"][:2] if points and points[0].get("customdata") else _worst(matrix)
    with left, st.container(border=True):
        _per_class(scores["per_class"])
    with right, st.container(border=True):
        _faces(scope, run, str(true), str(said))


def _worst(matrix: pd.DataFrame) -> tuple[str, str]:
    """The most frequent mistake."""
    counts = matrix.to_numpy().copy()
    np.fill_diagonal(counts, -1)
    true, said = np.unravel_index(int(counts.argmax()), counts.shape)
    return str(matrix.index[int(true)]), str(matrix.columns[int(said)])


def _faces(scope: Scope, run: Run, true: str, said: str) -> None:
    """The faces of one cell of the matrix, the surest answers first."""
    predictions = run.predictions("val")
    names = [str(c) for c in predictions if str(c).startswith("p_")]
    answer = np.array(names)[predictions[names].to_numpy().argmax(axis=1)]
    cell = predictions[(predictions["label"] == true) & (answer == f"p_{said}")]
    cell = cell.assign(p=cell[f"p_{said}"]).sort_values("p", ascending=False)
    words = f"{true}, read as {said}" if true != said else f"{true}, read rightly"
    st.html(html.heading(words, f"{len(cell):,} images, the surest first"))
    try:
        dataset = open_dataset(scope.workspace, run.dataset)
        manifest = cache.manifest(dataset, run.version)
    except FerError as error:
        page.explain(error)
        return
    shown = cell.head(24).merge(manifest[["image_id", "row", "path"]], on="image_id")
    if shown.empty:
        page.empty("No faces in this cell", "Click another cell of the matrix.")
        return
    sheet = [Face(r["image_id"], f"{r['p']:.2f}", file_name(r["path"])) for r in each(shown)]
    faces.sheet(
        cache.faces(dataset, shown["row"]), sheet, key="cmp-faces", label=words, size=72, clickable=False
    )
    if true != said:
        st.page_link(
            "pages/data/mislabels.py", label="Are the labels wrong? Review them", icon=":material/label_off:"
        )


def _per_class(scores: dict[str, dict[str, float]]) -> None:
    names = list(scores)
    body: list[list[html.Cell]] = [
        [
            html.class_name(name, names),
            *(f"{row[c]:.3f}" for c in ("precision", "recall", "f1")),
            int(row["support"]),
        ]
        for name, row in scores.items()
    ]
    st.html(
        html.heading("Per class", "validation")
        + html.table(
            ["class", "precision", "recall", "F1", "images"],
            body,
            numeric=[1, 2, 3, 4],
            caption="Scores per class",
        )
    )
