"""Pick a version and a recipe, change what you like, watch it learn."""

import streamlit as st

from fer_core.runs import store
from fer_core.ui import new_run, page, queue_card, run_data, run_dialog, run_view, train_strip

scope = page.open_page(
    "Train", "Pick a version and a recipe, change what you like, watch it learn. Runs survive this page."
)
looks = [run_data.look(run) for run in store.list_runs(scope.workspace)]
strip = st.empty()
train_strip.draw(strip, looks, None, scope.version.id)
run_dialog.show(scope.workspace)  # before the run, which asks for it
with st.container(key="train-page"):
    left, right = st.columns([1, 2.45], gap="medium")
with left:
    new_run.card(scope, looks)
    chosen = queue_card.draw(scope.workspace)
with right:
    if chosen:
        run_view.draw(scope.workspace, scope.version.id, chosen, strip)
    else:
        page.empty("No runs yet", "Press Train. The compact recipe takes about a minute on the sample.")
