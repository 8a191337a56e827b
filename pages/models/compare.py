"""Every run side by side: which is better, on what, and which faces it gets wrong."""

import pandas as pd
import streamlit as st

from fer_core.charts.leaderboard import interval_dots
from fer_core.evaluation.report import leaderboard_table
from fer_core.runs import store
from fer_core.ui import compare_view, html, page, style

scope = page.open_page("Compare", "Which model is better, on what, and which faces does it get wrong?")
runs = store.list_runs(scope.workspace)
if not runs:
    page.empty("No runs yet", "Train one and it appears here with every number it earned.")
    st.page_link("pages/models/train.py", label="Go to Train", icon=":material/model_training:")
    st.stop()

board = leaderboard_table(runs)
only = st.segmented_control(
    "Which runs",
    ["this version", "this dataset", "all"],
    default="all",
    required=True,
    key="cmp-only",
    label_visibility="collapsed",
)
if only == "this version":
    board = board[board["version"] == scope.version.id]
elif only == "this dataset":
    board = board[board["dataset"] == scope.dataset.name]
scored = board[board["val_accuracy"].notna()]
best = scored.iloc[0] if len(scored) else None
page.numbers(
    [
        (
            len(board),
            f"{'run' if len(board) == 1 else 'runs'} on {html.plural(board['version'].nunique(), 'version')}",
        ),
        (str(best["run"]) if best is not None else "–", "best validation accuracy"),
        (f"{best['val_accuracy']:.3f}" if best is not None else "–", compare_view.interval_words(best)),
        (
            f"{best['macro_f1']:.3f}" if best is not None and pd.notna(best["macro_f1"]) else "–",
            "its macro F1",
        ),
        (int((board["problem"] != "").sum()), "runs with something missing or failed"),
    ]
)
if board.empty:
    page.empty("No runs here", "Choose another scope above, or train on this version.")
    st.stop()
with st.container(border=True):
    st.html(
        html.heading(
            "Leaderboard", "validation accuracy at the best epoch; choose one run to open it, two to overlay"
        )
    )
    chosen = compare_view.leaderboard(board)
    if board["version"].nunique() > 1:
        st.html(
            '<p class="fer-muted">These runs were validated on different versions: their numbers are not of the same images.</p>'
        )
intervals = scored.dropna(subset=["val_low"]).rename(
    columns={"val_accuracy": "value", "val_low": "low", "val_high": "high"}
)
if len(intervals) > 1:
    with st.container(border=True):
        st.html(
            html.heading(
                "How sure are these numbers?",
                "95 % interval of the validation accuracy; overlapping runs may be equal",
            )
        )
        st.altair_chart(interval_dots(intervals.head(20), dark=style.is_dark()), theme=None)
by_id = {run.id: run for run in runs}
opened = [
    by_id[name] for name in (chosen or ([str(best["run"])] if best is not None else [])) if name in by_id
]
if opened:
    compare_view.details(scope, opened[0], opened[1:4])
