"""What was taken for what: counts and shares of each true class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fer_core.charts.theme import palette
from fer_core.emotions import ordered, text_on

_CELL = 62  # pixels of height per class


def confusion_matrix(
    counts: pd.DataFrame, *, chosen: tuple[str, str] | None = None, dark: bool = False
) -> go.Figure:
    """A square of cells: row = true class, column = answer, colour = share of the row.

    Every cell carries its count and its share of the row. The cells are also points that can be selected by a
    click: `customdata` of each is `[true class, answer, count]`.

    Args:
        counts: whole numbers, true classes in the index, answers in the columns, the same names in both.
        chosen: (true class, answer) of a cell to frame.
        dark: theme.
    """
    colors = palette(dark)
    names, table, shares = _ordered(counts)
    cells = [(i, j) for i in range(len(names)) for j in range(len(names))]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=names,
            y=names,
            zmin=0,
            zmax=1,
            colorscale=[[0, colors.low], [1, colors.high]],
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    figure.add_scatter(
        x=[names[j] for _, j in cells],
        y=[names[i] for i, _ in cells],
        mode="markers",
        marker={"symbol": "square", "size": 30, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[names[i], names[j], int(table[i, j])] for i, j in cells],
        hovertemplate="%{customdata[0]} read as %{customdata[1]}: %{customdata[2]:,d}<extra></extra>",
        showlegend=False,
    )
    for i, j in cells:
        figure.add_annotation(
            x=names[j],
            y=names[i],
            text=f"{table[i, j]:,}<br>{_percent(shares[i, j])}",
            font={"size": 12, "color": text_on(_between(colors.low, colors.high, shares[i, j]))},
            showarrow=False,
        )
    if chosen is not None:
        i, j = names.index(chosen[0]), names.index(chosen[1])
        frame = {"x0": j - 0.5, "x1": j + 0.5, "y0": i - 0.5, "y1": i + 0.5}
        figure.add_shape(type="rect", **frame, line={"color": colors.second, "width": 3})
    axis = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"color": colors.text, "size": 12},
    }
    figure.update_layout(
        height=_CELL * len(names) + 76,
        # Fixed, not automatic: the first drawing would lie under its own labels.
        margin={"l": 34 + 7 * max((len(name) for name in names), default=0), "r": 8, "t": 8, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colors.text},
        dragmode=False,
        hoverdistance=-1,  # the whole cell answers to the pointer, not only its middle
        hoverlabel={"font": {"size": 12}},
        xaxis={
            **axis,
            "title": {"text": "model's answer", "font": {"color": colors.muted, "size": 12}},
            "side": "bottom",
        },
        yaxis={
            **axis,
            "title": {"text": "label", "font": {"color": colors.muted, "size": 12}},
            "autorange": "reversed",
        },
    )
    return figure


def describe(counts: pd.DataFrame) -> str:
    """What `confusion_matrix` shows, in words: how many are right, and the largest confusion."""
    names, table, shares = _ordered(counts)
    right, total = int(np.trace(table)), int(table.sum())
    words = f"Confusion matrix of {len(names)} classes: {right:,} of {total:,} right"
    wrong = np.where(np.eye(len(names), dtype=bool), -1.0, shares)
    i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
    if wrong[i, j] > 0:
        words += f"; most often {names[i]} is read as {names[j]} ({shares[i, j]:.0%})"
    return words


def _between(low: str, high: str, share: float) -> str:
    """The colour that lies `share` of the way from one to the other, as Plotly mixes them."""
    pairs = ((int(low[i : i + 2], 16), int(high[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share == 0 or share >= 0.01 else "<1%"


def _ordered(counts: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Class names in canonical order, counts int64 and shares of the row float64, both (n, n)."""
    names = list(ordered(counts.index))
    table = counts.loc[names, names].to_numpy(dtype=np.int64)
    return names, table, table / np.maximum(table.sum(axis=1, keepdims=True), 1)
