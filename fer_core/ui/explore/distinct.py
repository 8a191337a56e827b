"""The classes by how distinct they are, as the ranking of the labels tells it, and people's votes where there are any."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fer_core import mislabels
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.explore.distinct import ClassDistinctness, distinctness
from fer_core.explore.vote_stats import votes_of
from fer_core.ui.components import markup
from fer_core.ui.explore.state import Explorer
from fer_core.ui.shell import cache


@st.cache_data(max_entries=8, show_spinner=False)
def _told(
    dataset: Dataset, version: str, method: str, changed: float
) -> tuple[list[ClassDistinctness], list[ClassDistinctness]]:
    """By the ranking of a method, and by votes; empty where there are none."""
    ranking = mislabels.load(dataset, version, method) if method else None
    judged = []
    if ranking is not None:
        chances = mislabels.distribution(ranking)
        labels = ranking["label"].to_numpy(str)
        judged = distinctness(labels, chances.to_numpy(np.float64), list(chances.columns))
    manifest = cache.manifest(dataset, version)
    voted = votes_of(dataset, manifest)
    if voted is None:
        return judged, []
    labels = readable(manifest).set_index("image_id")["label"].loc[voted.index].to_numpy(str)
    return judged, distinctness(labels, voted.to_numpy(np.float64), list(voted.columns))


def card(explorer: Explorer) -> None:
    """A row per class, the most distinct first; how to get one where nobody has judged yet."""
    scope = explorer.scope
    method = next(iter(mislabels.methods(scope.dataset, scope.version.id)), "")
    file = mislabels.ranking_path(scope.dataset, scope.version.id, method) if method else None
    changed = file.stat().st_mtime if file is not None and file.is_file() else 0.0
    judged, voted = _told(scope.dataset, scope.version.id, method, changed)
    with st.container(border=True):
        if not judged and not voted:
            st.html(
                markup.heading("How distinct the classes are")
                + '<p class="fer-note">Told once the labels are ranked under Wrong labels.</p>'
            )
            return
        by = " and ".join([f"the ranking by {method}"] * bool(judged) + ["people’s votes"] * bool(voted))
        st.html(
            markup.heading("How distinct the classes are", f"1: never taken for another; by {by}")
            + _table(explorer, judged, voted)
        )


def _table(explorer: Explorer, judged: list[ClassDistinctness], voted: list[ClassDistinctness]) -> str:
    sides = [side for side in (judged, voted) if side]
    heads = ["ranking"] * bool(judged) + ["votes"] * bool(voted)
    others = {one.label: one for one in sides[-1]}
    rows: list[list[markup.Cell]] = []
    for one in sides[0]:
        shown = [one, others.get(one.label)] if len(sides) > 1 else [one]
        values = ["–" if each is None else f"{each.distinct:.2f}" for each in shown]
        taken = f"{one.confused} ({one.share:.0%})" if one.confused else "–"
        rows.append([markup.class_name(one.label, explorer.classes), *values, taken])
    numeric = range(1, len(heads) + 1)
    return markup.table(
        ["class", *heads, "most confused with"],
        rows,
        numeric=numeric,
        caption="Classes by how distinct they are",
    )
