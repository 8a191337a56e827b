"""Distributions of what is measured, with the faces behind any bar one click away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from fer_core.base.emotions import emotion_colors
from fer_core.base.tables import row_dicts
from fer_core.charts import distributions
from fer_core.explore.filter import Selection
from fer_core.ui.components import markup
from fer_core.ui.components.style import is_dark
from fer_core.ui.explore import face_detail, filters, sheets
from fer_core.ui.explore.state import CHECK_FLAGS, FLAG_WORDS, Explorer
from fer_core.ui.shell import page

_SPLIT_HUES = ("#4C6EF5", "#E8590C", "#2B8A3E", "#9467BD", "#868E96")


def draw(explorer: Explorer) -> None:
    """The whole view "Measures"."""
    with face_detail.beside(explorer):
        with st.container(border=True):
            name, by = _choice(explorer)
            chosen = histogram(explorer, name, by, f"exp-hist-{name}-{by}")
            st.html(_summary(explorer, name, by))
        if chosen is not None:
            behind(explorer, chosen)


def _choice(explorer: Explorer) -> tuple[str, str]:
    offered = {m: filters.MEASURE_WORDS[m].partition(",")[0] for m in explorer.measures()}
    if explorer.checks_known:
        offered |= {f"{c}_score": f"check: {FLAG_WORDS[c].partition(' or')[0]}" for c in CHECK_FLAGS}
    by = {"label": "class", "split": "split", "all": "nothing"}
    with st.container(horizontal=True, vertical_alignment="top"):
        name = st.selectbox(
            "Measure",
            list(offered),
            format_func=offered.__getitem__,
            key="measure",
            bind="query-params",
            width=230,
        )
        group = st.segmented_control(
            "Apart by", list(by), format_func=by.__getitem__, default="label", required=True, key="apart",
            bind="query-params",
        )  # fmt: skip
    return str(name), str(group)


def groups(explorer: Explorer, by: str) -> tuple[NDArray[np.int32], tuple[str, ...], dict[str, str] | None]:
    """The group of each image, the names of the groups, and a colour each."""
    if by == "all":
        return np.zeros(len(explorer.facts), np.int32), ("all",), None
    codes, names = explorer.facts.category(by)
    if by == "split":
        return codes, names, {n: _SPLIT_HUES[i % len(_SPLIT_HUES)] for i, n in enumerate(names)}
    return codes, names, dict(emotion_colors(names))


def histogram(explorer: Explorer, name: str, by: str, key: str) -> Selection | None:
    """Draw the distribution; the images behind the bar that was clicked, None while none was."""
    codes, names, palette = groups(explorer, by)
    table = distributions.binned(explorer.facts.measure(name), codes, names)
    if table.empty:
        page.empty("Nothing was measured", "No readable image has a value here.")
        return None
    title = filters.MEASURE_WORDS.get(name, name.replace("_", " "))
    chart = distributions.histogram(table, title=title, colors=palette, dark=is_dark())
    event: Any = st.altair_chart(chart, key=key, on_select="rerun", selection_mode=distributions.BAR)
    st.html('<p class="fer-muted">Click a bar to see its faces; double-click to clear.</p>')
    bars = event.selection.get(distributions.BAR) or []
    if not bars:
        return None
    low, high = min(float(bar["start"]) for bar in bars), max(float(bar["end"]) for bar in bars)
    chosen = Selection(order=name).with_range(name, low, high)
    wanted = dict.fromkeys(str(bar["group"]) for bar in bars if "group" in bar)
    return chosen.with_choices(by, *wanted) if by != "all" and wanted else chosen


def behind(explorer: Explorer, chosen: Selection) -> None:
    """The first faces of a bar, and the way to all of them."""
    positions = chosen.positions(explorer.facts)
    told = "; ".join(filters.words_of(chosen).values())
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.html(markup.heading(markup.plural(len(positions), "face"), told))
            st.button(
                "Open in Faces", type="tertiary", icon=":material/grid_view:", key="exp-bar-open",
                on_click=explorer.show, args=(chosen,), kwargs={"view": "Faces"},
            )  # fmt: skip
        if len(positions):
            sheets.sheet(explorer, positions[:40], "exp-bar-faces", "Faces behind the bar", chosen.order)


def _summary(explorer: Explorer, name: str, by: str) -> str:
    """Median and the range of the middle nine tenths, per group."""
    codes, names, _ = groups(explorer, by)
    values = explorer.facts.measure(name)
    known = np.isfinite(values) & (codes >= 0)
    table = pd.DataFrame({"group": codes[known], "value": values[known]}).groupby("group")["value"]
    told = table.quantile(np.array([0.05, 0.5, 0.95])).unstack()
    told["images"], told["mean"] = table.size(), table.mean()
    rows: list[list[markup.Cell]] = []
    for code, row in zip(told.index, row_dicts(told), strict=True):
        group = names[int(code)]
        label = markup.class_name(group, names) if by == "label" else group
        values_ = (row["0.05"], row["0.5"], row["mean"], row["0.95"])
        rows.append([label, int(row["images"]), *(f"{v:#.4g}" for v in values_)])
    header = [by if by != "label" else "class", "images", "5 %", "median", "mean", "95 %"]
    return markup.table(header, rows, numeric=range(1, 6), caption=f"{name} per {by}")
