"""The network of the form layer by layer: kind, output shape, parameters."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core.base.errors import FerError
from fer_core.models.summary import NetworkSummary, summary_of
from fer_core.recipes.recipe import Recipe, parse, to_toml
from fer_core.ui.components import markup
from fer_core.ui.shell import page


def button(recipe: Recipe, classes: int) -> None:
    """Opens the dialog."""
    if st.button(
        "Layers",
        icon=":material/layers:",
        key="train-layers",
        type="tertiary",
        help="The network, layer by layer",
    ):
        _dialog(recipe, classes)


@st.dialog("The network, layer by layer", width="large")
def _dialog(recipe: Recipe, classes: int) -> None:
    try:
        found = _summary(
            to_toml(recipe.model_copy(update={"model": recipe.model.model_copy(update={"start": ""})})),
            classes,
        )
    except FerError as error:
        page.show_error(error)
        return
    trained, whole = found["trained_parameters"], found["parameters"]
    st.html(
        f'<p class="fer-note"><b>{whole:,}</b> parameters, {trained:,} of them trained · '
        f"{markup.plural(len(found['layers']), 'layer')} · {markup.plural(classes, 'class' if classes == 1 else 'classe')}</p>"
    )
    rows = [
        {
            "layer": row["name"], "kind": row["kind"], "within": row["part"],
            "output": " × ".join("any" if side is None else str(side) for side in row["output"]),
            "parameters": row["parameters"], "trained": row["trained_parameters"],
        }
        for row in found["layers"]
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    st.dataframe(
        table if table["within"].any() else table.drop(columns="within"), hide_index=True, height=460
    )


@st.cache_data(max_entries=16, show_spinner="Building the network to count its layers, some seconds")
def _summary(recipe: str, classes: int) -> NetworkSummary:
    return summary_of(parse(recipe), classes)
