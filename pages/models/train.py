"""Pick a preset or a recipe, change what you like, watch it learn."""

import streamlit as st

from fer_core.runs import store
from fer_core.ui.components import into_view
from fer_core.ui.shell import page, run_snapshots
from fer_core.ui.train import detail, fork_dialog, new_run, run_queue, search_card, summary

scope = page.open_page(
    "Train", "Pick a preset, change what you like, watch it learn. Runs go on when you leave this page."
)
snapshots = [run_snapshots.read(run) for run in store.list_runs(scope.workspace)]
strip = st.empty()
summary.draw(strip, snapshots, None, scope.version.id)
fork_dialog.show(scope.workspace)  # before the run, which asks for it
chosen = run_queue.choose(scope.workspace, scope.dataset.name)
with st.container(key="train-page" if chosen else "train-page-first"):
    left, right = st.columns([1, 2.45] if chosen else [1.6, 1], gap="medium")
with left:
    form = new_run.card(scope, snapshots, folded=chosen is not None)
    if chosen:
        run_queue.draw(scope.workspace, scope.dataset.name, chosen)
with right:
    if chosen:
        with st.container(key="train-run"):
            detail.draw(scope.workspace, scope.version.id, chosen, strip)
    else:
        told = run_queue.elsewhere(snapshots, scope.dataset.name)
        advice = "Choose Fast look and press Train: on the sample it takes about a minute."
        page.empty(f"No runs of {scope.dataset.name} yet", told + advice)
        run_queue.draw(scope.workspace, scope.dataset.name, chosen)
into_view.bring("train-run", new_run.pressed())
search_card.draw(scope, form)
