"""Pick a version and a recipe, change what you like, watch it learn."""

import streamlit as st

from fer_core.data import records
from fer_core.errors import FerError
from fer_core.runs import launcher, store
from fer_core.runs.run import ACTIVE
from fer_core.training import recipe as book
from fer_core.ui import estimate_card, html, page, recipe_form, rows, run_controls, run_view, train_warnings

scope = page.open_page(
    "Train", "Pick a version and a recipe, change what you like, watch it learn. Runs survive this page."
)
counts = records.counts(scope.manifest).sum(axis=1)
runs = store.list_runs(scope.workspace)
summaries = {run.id: run.summary() for run in runs}
running = [s for s in summaries.values() if s["state"] in ACTIVE]
here = [s for s in summaries.values() if s["version"] == scope.version.id and s["val_accuracy"] is not None]
best = max(here, key=lambda s: s["val_accuracy"], default=None)
page.numbers(
    [
        (len(running), "running now"),
        (len(runs), "runs in this workspace"),
        (
            f"{best['val_accuracy']:.3f}" if best else "–",
            f"best validation accuracy on version {scope.version.number}{' (' + best['run'] + ')' if best else ''}",
        ),
        (int(counts.get("train", 0)), "images to train on"),
        (int(counts.get("val", 0)), "images to validate on"),
    ]
)
left, right = st.columns([1, 2.3], gap="medium")
with left, st.container(border=True):
    st.html(html.heading("New run", f"on {scope.dataset.name}, version {scope.version.number}"))
    names = [name for name in book.names() if name != "base"]
    name = st.selectbox(
        "Recipe", names, index=names.index("compact"), key="train-recipe", bind="query-params"
    )
    recipe = book.load(name)
    st.html(f'<p class="fer-note">{html.esc(recipe.description)}.</p>')
    changes = [[key, str(value)] for key, value in book.changes(name).items() if key != "model.blocks"]
    with st.expander(f"Extends {recipe.extends or 'nothing'}; {len(changes)} settings differ"):
        st.html(html.table(["setting", "value"], changes, numeric=[1], caption="What the recipe changes"))
    for warning in train_warnings.of(scope):
        st.html(html.esc(warning))
    settings = recipe_form.draw(recipe)
    if settings:
        st.html(
            '<p class="fer-muted">Changed: '
            + ", ".join(f"{html.esc(k)} <b>{html.esc(v)}</b>" for k, v in settings.items())
            + "</p>"
        )
    estimate_card.card(scope, name, settings)
    if st.button("Train", type="primary", icon=":material/play_arrow:", width="stretch", key="train-start"):
        try:
            run = launcher.start(scope.workspace, scope.dataset, scope.version.id, recipe, settings)
            st.session_state["train-runs-current"] = run.id
            st.rerun()
        except FerError as error:
            page.explain(error)

with left:
    run_controls.line(scope.workspace)
    if runs:
        with st.container(border=True):
            st.html(html.heading("Runs", f"{len(runs):,}"))
            listed = [
                rows.Row(
                    s["run"],
                    s["run"],
                    f"{s['val_accuracy']:.3f}"
                    if s["state"] == "finished" and s["val_accuracy"] is not None
                    else s["state"],
                )
                for s in list(summaries.values())[:30]
            ]
            chosen = rows.choose(listed, key="train-runs", label="Runs, newest first")
with right:
    if runs:
        run_view.draw(store.get(scope.workspace, chosen))
    else:
        page.empty("No runs yet", "Press Train. The compact recipe takes about a minute on the sample.")
