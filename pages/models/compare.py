"""Which model is better, on what, and are you sure? Ranks, differences, and the faces behind the numbers."""

import streamlit as st

from fer_core.errors import FerError
from fer_core.evaluation import board
from fer_core.runs.run import Run
from fer_core.ui import (
    compare_actions,
    compare_board,
    compare_ensemble,
    compare_journey,
    compare_pair,
    compare_run,
    compare_settings,
    html,
    page,
)

scope = page.open_page(
    "Compare", "Which model is better, on what, and are you sure? Ranks that cannot be told apart are shared."
)
stamped = board.stamped(scope.workspace)
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
        f"{html.plural(len(rows), 'run')} on {others}: choose it at the top right, or train on this one.",
    )
    st.stop()

strip = st.container()
with st.container(border=True):
    view = compare_board.choose(scope, here, {row["run"]: stamp for row, stamp in stamped})
    found = compare_board.judge(scope, view)
    picked = compare_board.table(scope, view, found)
    compare_actions.evaluate_elsewhere(scope.workspace, found.elsewhere, view.version, view.number)
if view.split == "test":
    compare_actions.ask_for_test(found.judged, view.version)
with strip:
    page.numbers(compare_board.numbers(scope, view, found))

PANELS = {"Settings": compare_settings, "Journey": compare_journey, "Ensemble": compare_ensemble}
look = st.segmented_control(
    "Look at", ["Runs", *PANELS], default="Runs", required=True, key="look", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if look in PANELS:
    try:
        PANELS[look].draw(scope, view, found)
    except (FerError, OSError) as error:
        page.explain(error)
    st.stop()

known = {row["run"]: row for row in here}
ids = [name for name in picked if name in known]
lead = [line.id for line in found.lines if not line.muted][:1] or [line.id for line in found.lines][:1]
opened = [Run(scope.workspace.runs / name) for name in ids or lead]
try:
    if len(opened) > 1:
        folded = [line.name for line in found.lines if line.id in ids[:2] and line.id != line.name]
        note = f"{' and '.join(folded)}: the best of its seeds stands here" if folded else ""
        compare_pair.draw(opened[0], opened[1], opened[2:], view.split, view.version, note)
    elif opened:
        covered = view.split == "test" and opened[0].id not in compare_actions.shown(view.version)
        own = known[opened[0].id]["version"]
        ranked = view.version in (own, *known[opened[0].id]["on"])
        if covered:
            page.empty("Covered", "Show the test result above, or judge by validation.")
        else:
            compare_run.draw(opened[0], view.split, view.version if ranked else own)
        compare_actions.about(opened[0], known[opened[0].id])
except (FerError, OSError) as error:
    page.explain(error)
