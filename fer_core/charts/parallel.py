"""Settings of many runs as parallel coordinates, each line a run in the colour of its accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fer_core.charts.theme import palette

_TICKS = 7  # words along an axis
_WORD = 16  # characters of a word along an axis
_LOG_FROM = 30.0  # largest over smallest value from which an axis is logarithmic


def parallel_settings(table: pd.DataFrame, accuracy: pd.Series, *, dark: bool = False) -> go.Figure:
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
        margin={"l": 70, "r": 50, "t": 46, "b": 18},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colors.text},
    )
    return figure


def _axis(label: str, values: pd.Series) -> dict[str, Any]:
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return _numbers(label, values.astype("float64"))
    words = [_word(value) for value in values]
    names = sorted(set(words), key=lambda w: (w == "–", w))
    return {
        "label": label,
        "values": [names.index(w) for w in words],
        "tickvals": list(range(len(names)))[:: max(1, len(names) // _TICKS)],
        "ticktext": [n if len(n) <= _WORD else n[: _WORD - 1] + "…" for n in names][
            :: max(1, len(names) // _TICKS)
        ],
        "range": [-0.15, len(names) - 0.85],
    }


def _numbers(label: str, values: pd.Series) -> dict[str, Any]:
    distinct = np.unique(values.to_numpy())
    logarithmic = distinct[0] > 0 and distinct[-1] / distinct[0] >= _LOG_FROM
    place = np.log10(values.to_numpy()) if logarithmic else values.to_numpy()
    ticks = distinct[:: max(1, -(-len(distinct) // _TICKS))]
    at = np.log10(ticks) if logarithmic else ticks
    return {
        "label": label,
        "values": place.tolist(),
        "tickvals": at.tolist(),
        "ticktext": [f"{v:g}" for v in ticks],
    }


def _word(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
