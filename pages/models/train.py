"""Pick a version and a recipe, change what you like, watch it learn."""

import streamlit as st

from fer_core.runs import store
from fer_core.ui.shell import page, run_snapshots
from fer_core.ui.train import detail, fork_dialog, new_run, run_queue, search_card, summary

scope = page.open_page(
    "Train", "Pick a version and a recipe, change what you like, watch it learn. Runs survive this page."
)
snapshots = [run_snapshots.read(run) for run in store.list_runs(scope.workspace)]
strip = st.empty()
summary.draw(strip, snapshots, None, scope.version.id)
fork_dialog.show(scope.workspace)  # before the run, which asks for it
with st.container(key="train-page"):
    left, right = st.columns([1, 2.45], gap="medium")
with left:
    new_run.card(scope, snapshots)
    chosen = run_queue.draw(scope.workspace, scope.dataset.name)
with right:
    if chosen:
        detail.draw(scope.workspace, scope.version.id, chosen, strip)
    else:
        page.empty("No runs yet", "Press Train. The compact recipe takes about a minute on the sample.")
search_card.draw(scope)
