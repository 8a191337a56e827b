"""Faces as points on a map that can be circled: a lasso or a box selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fer_core.charts.theme import palette

_WEBGL_FROM = 3000
_SCALE = "Viridis"


def scatter(
    points: NDArray[np.float32],
    groups: NDArray[np.int32],
    names: Sequence[str],
    colors: Mapping[str, str],
    *,
    dark: bool = False,
    height: int = 520,
) -> tuple[go.Figure, list[NDArray[np.int64]]]:
    """One trace per group, so that the legend switches groups on and off.

    Args:
        points: float32 (n, 2).
        groups: int32 (n,), place of each point's group in `names`; -1 is drawn as context that cannot be told apart.
        names: the groups, drawn in this order: the last lies on top.
        colors: one per name.
        dark: theme.
        height: pixels.

    Returns:
        The figure, and for each of its traces which points it holds, in order.
    """
    figure, members = go.Figure(), []
    shown = [(-1, "other", palette(dark).quiet), *((i, n, colors[n]) for i, n in enumerate(names))]
    for code, name, color in shown:
        in_group = np.flatnonzero(groups == code)
        if len(in_group):
            members.append(in_group)
            figure.add_trace(
                _trace(points[in_group], len(points), f"{name} · {len(in_group):,}", {"color": color})
            )
    return _finished(figure, dark, height), members


def scatter_by_value(
    points: NDArray[np.float32],
    values: NDArray[np.float64],
    title: str,
    *,
    dark: bool = False,
    height: int = 520,
) -> tuple[go.Figure, list[NDArray[np.int64]]]:
    """Points coloured by a value; those without one (NaN) are quiet. Returns as `scatter`."""
    figure, members = go.Figure(), []
    known = np.isfinite(values)
    if not known.all():
        members.append(np.flatnonzero(~known))
        quiet = {"color": palette(dark).quiet}
        figure.add_trace(_trace(points[~known], len(points), f"unknown · {int((~known).sum()):,}", quiet))
    members.append(np.flatnonzero(known))
    marker = {
        "color": values[known],
        "colorscale": _SCALE,
        "showscale": True,
        "colorbar": {"title": title, "thickness": 12},
    }
    figure.add_trace(_trace(points[known], len(points), title, marker))
    figure.update_traces(showlegend=False)
    return _finished(figure, dark, height), members


def _trace(
    points: NDArray[np.float32], total: int, name: str, marker: Mapping[str, object]
) -> go.Scatter | go.Scattergl:
    kind = go.Scattergl if total > _WEBGL_FROM else go.Scatter
    size = 7 if total < 2000 else 5 if total < 8000 else 3.5
    return kind(
        x=points[:, 0],
        y=points[:, 1],
        mode="markers",
        name=name,
        marker={"size": size, "opacity": 0.78, "line": {"width": 0}, **marker},
        hovertemplate=f"{name}<extra></extra>",
        unselected={"marker": {"opacity": 0.16}},
    )


def _finished(figure: go.Figure, dark: bool, height: int) -> go.Figure:
    bare = {"visible": False, "showgrid": False, "zeroline": False}
    figure.update_layout(
        height=height,
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
        hoverlabel={"namelength": -1},
    )
    return figure
