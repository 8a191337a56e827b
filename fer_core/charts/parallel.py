"""Settings of many runs as parallel coordinates, each line a run in the colour of its accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fer_core.charts.theme import palette

_TICKS = 7  # words along an axis
_MAX_TEXT = 16  # characters of a word along an axis
_LOG_FROM = 30.0  # largest over smallest value from which an axis is logarithmic


def parallel_coordinates(table: pd.DataFrame, accuracy: pd.Series, *, dark: bool = False) -> go.Figure:
    """One axis per setting, the accuracy last. An axis can be brushed to keep the runs that pass through.

    Args:
        table: index run id, one column per setting, its label as the name: numbers, booleans, words or None.
        accuracy: of each run, 0..1, the same index.
        dark: theme.
    """
    colors = palette(dark)
    axes = [_axis(str(name), table[name]) for name in table]
    low, high = float(accuracy.min()), float(accuracy.max())
    span = [low, high if high > low else low + 0.01]
    axes.append({"label": "accuracy", "values": accuracy.tolist(), "range": span, "tickformat": ".3f"})
    figure = go.Figure(
        go.Parcoords(
            dimensions=axes,
            line={
                "color": accuracy.tolist(),
                "colorscale": [[0, colors.quiet], [0.5, "#56B4E9"], [1, colors.second]],
                "cmin": span[0],
                "cmax": span[1],
            },
            unselected={"line": {"color": colors.quiet, "opacity": 0.12}},
            labelfont={"size": 12, "color": colors.text},
            tickfont={"size": 11, "color": colors.text},
            rangefont={"size": 1, "color": "rgba(0,0,0,0)"},  # the ticks say it
        )
    )
    figure.update_layout(
        height=330,
        margin={"l": 110, "r": 50, "t": 46, "b": 18},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colors.text},
    )
    return figure


class AxisSpec(TypedDict, total=False):
    """An axis of the figure, as Plotly takes it."""

    label: str
    values: Sequence[float]
    tickvals: Sequence[float]
    ticktext: Sequence[str]
    tickformat: str
    range: Sequence[float]


def _axis(label: str, values: pd.Series) -> AxisSpec:
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return _numbers(label, values.astype("float64"))
    texts = [_text(value) for value in values]
    names = sorted(set(texts), key=lambda text: (text == "–", text))
    return {
        "label": label,
        "values": [names.index(text) for text in texts],
        "tickvals": list(range(len(names)))[:: max(1, len(names) // _TICKS)],
        "ticktext": [n if len(n) <= _MAX_TEXT else n[: _MAX_TEXT - 1] + "…" for n in names][
            :: max(1, len(names) // _TICKS)
        ],
        "range": [-0.15, len(names) - 0.85],
    }


def _numbers(label: str, values: pd.Series) -> AxisSpec:
    distinct = np.unique(values.to_numpy())
    logarithmic = distinct[0] > 0 and distinct[-1] / distinct[0] >= _LOG_FROM
    positions = np.log10(values.to_numpy()) if logarithmic else values.to_numpy()
    ticks = distinct[:: max(1, -(-len(distinct) // _TICKS))]
    tick_positions = np.log10(ticks) if logarithmic else ticks
    return {
        "label": label,
        "values": positions.tolist(),
        "tickvals": tick_positions.tolist(),
        "ticktext": [f"{v:g}" for v in ticks],
    }


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
