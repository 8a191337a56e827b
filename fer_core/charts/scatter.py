"""Faces as points on a map that can be circled: a lasso or a box selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fer_core.charts.theme import palette

_WEBGL_FROM = 3000
_HEIGHT = 520  # pixels
_SCALE = "Viridis"
_LAYERS = 5
"""Times that every group is drawn, a part of it each: no group lies on top of the others."""


def scatter(
    points: NDArray[np.float32],
    groups: NDArray[np.int32],
    names: Sequence[str],
    colors: Mapping[str, str],
    *,
    dark: bool = False,
) -> tuple[go.Figure, list[NDArray[np.int64]]]:
    """One trace per group, so that the legend switches groups on and off.

    Args:
        points: float32 (n, 2).
        groups: int32 (n,), place of each point's group in `names`; -1 is drawn as context that cannot be told apart.
        names: the groups; their points are drawn in random order.
        colors: one per name.
        dark: theme.

    Returns:
        The figure, and for each of its traces which points it holds, in order; `customdata` tells it in the browser.
    """
    figure, members = go.Figure(), []
    shown = [(-1, "other", palette(dark).quiet), *((i, n, colors[n]) for i, n in enumerate(names))]
    layer = np.random.default_rng(0).integers(0, _LAYERS, len(points))
    counts = {code: int((groups == code).sum()) for code, *_ in shown}
    drawn: set[int] = set()
    for part in range(_LAYERS):
        for code, name, color in shown:
            some = np.flatnonzero((groups == code) & (layer == part))
            if len(some):
                members.append(some)
                trace = _trace(points, some, f"{name} · {counts[code]:,}", {"color": color})
                trace.update(legendgroup=name, showlegend=code not in drawn)
                figure.add_trace(trace)
                drawn.add(code)
    return _finished(figure, dark), members


def scatter_by_value(
    points: NDArray[np.float32],
    values: NDArray[np.float64],
    title: str,
    *,
    dark: bool = False,
) -> tuple[go.Figure, list[NDArray[np.int64]]]:
    """Points coloured by a value; those without one (NaN) are quiet. Returns as `scatter`."""
    figure, members = go.Figure(), []
    known = np.isfinite(values)
    if not known.all():
        unknown = np.flatnonzero(~known)
        members.append(unknown)
        figure.add_trace(
            _trace(points, unknown, f"unknown · {len(unknown):,}", {"color": palette(dark).quiet})
        )
    members.append(np.flatnonzero(known))
    marker = {
        "color": values[known],
        "colorscale": _SCALE,
        "showscale": True,
        "colorbar": {"title": title, "thickness": 12},
    }
    figure.add_trace(_trace(points, members[-1], title, marker))
    figure.update_traces(showlegend=False)
    return _finished(figure, dark), members


def _trace(
    points: NDArray[np.float32], some: NDArray[np.int64], name: str, marker: Mapping[str, object]
) -> go.Scatter | go.Scattergl:
    total = len(points)
    kind = go.Scattergl if total > _WEBGL_FROM else go.Scatter
    size = 7 if total < 2000 else 5 if total < 8000 else 3.5
    return kind(
        x=points[some, 0],
        y=points[some, 1],
        customdata=some.astype(np.int32),
        mode="markers",
        name=name,
        marker={"size": size, "opacity": 0.78, "line": {"width": 0}, **marker},
        hoverinfo="none",
        unselected={"marker": {"opacity": 0.16}},
    )


def _finished(figure: go.Figure, dark: bool) -> go.Figure:
    bare = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 4, "r": 4, "t": 30, "b": 4},
        dragmode="lasso",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette(dark).text},
        legend={"orientation": "h", "y": 0, "yanchor": "top", "itemsizing": "constant"},
        modebar={
            "bgcolor": "rgba(0,0,0,0)",
            "color": palette(dark).muted,
            "activecolor": palette(dark).accent,
        },
        xaxis=bare,
        yaxis={**bare, "scaleanchor": "x"},
    )
    return figure
