"""Which model is better, on what, and are you sure? Ranks, differences, and the faces behind the numbers."""

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.evaluation import leaderboard
from fer_core.runs.run import Run
from fer_core.ui.compare import (
    across,
    actions,
    ensemble,
    hyperparameters,
    leaderboard_card,
    model_files,
    pair,
    progress,
    run_detail,
    slices,
)
from fer_core.ui.components import markup
from fer_core.ui.shell import page

scope = page.open_page(
    "Compare",
    "Which model is better, on what, and are you sure? Runs that do not differ significantly share a rank.",
)
stamped = leaderboard.rows_with_stamps(scope.workspace)
rows = [row for row, _ in stamped]
if not rows:
    page.empty("No runs yet", "Train one and it appears here with every number it earned.")
    st.page_link("pages/models/train.py", label="Go to Train", icon=":material/model_training:")
    st.stop()
here = [row for row in rows if row["dataset"] == scope.dataset.name]
if not here:
    others = ", ".join(sorted({str(row["dataset"]) for row in rows}))
    page.empty(
        "No runs on this dataset",
        f"{markup.plural(len(rows), 'run')} on {others}: choose it at the top right, or train on this one.",
    )
    st.stop()

strip = st.container()
with st.container(border=True):
    view = leaderboard_card.choose(scope, here, {row["run"]: stamp for row, stamp in stamped})
    found = leaderboard_card.judge(scope, view)
    picked = leaderboard_card.table(scope, view, found)
    images = leaderboard_card.SPLITS[view.split]
    actions.evaluate_elsewhere(scope.workspace, found.elsewhere, view.version, view.number, images)
    model_files.offer(scope, view.version, view.number)
if view.split == "test":
    actions.ask_for_test(found.judged, view.version)
with strip:
    page.numbers(leaderboard_card.numbers(scope, view, found))

PANELS = {
    "Settings": hyperparameters,
    "Journey": progress,
    "Slices": slices,
    "Datasets": across,
    "Ensemble": ensemble,
}
look = st.segmented_control(
    "Look at", ["Runs", *PANELS], default="Runs", required=True, key="look", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if look in PANELS:
    try:
        PANELS[look].draw(scope, view, found)
    except (FerError, OSError) as error:
        page.show_error(error)
    st.stop()

known = {row["run"]: row for row in here}
ids = [name for name in picked if name in known]
lead = [line.id for line in found.lines if not line.muted][:1] or [line.id for line in found.lines][:1]
opened = [Run(scope.workspace.runs / name) for name in ids or lead]
try:
    if len(opened) > 1:
        seeds = {entry[0] for entry in found.entries if len(entry) > 1}
        folded = [line.name for line in found.lines if line.id in ids[:2] and line.id in seeds]
        note = f"{' and '.join(folded)}: shown by the best of its seeds" if folded else ""
        pair.draw(opened[0], opened[1], opened[2:], view.split, view.version, note)
    elif opened:
        covered = view.split == "test" and opened[0].id not in actions.shown(view.version)
        own = str(known[opened[0].id]["version"])
        ranked = view.version in (own, *known[opened[0].id]["on"])
        where = (view.version, view.number) if ranked else (own, known[opened[0].id]["number"])
        if covered:
            page.empty("Test results hidden", "Show the test result above, or judge by validation.")
        else:
            run_detail.draw(opened[0], known[opened[0].id], view.split, *where)
        actions.about(opened[0], known[opened[0].id])
except (FerError, OSError) as error:
    page.show_error(error)
