"""Accuracy against wrong training labels, a line for each loss, as plain Vega-Lite (see `charts.vega`).

>>> accuracy_by_noise([{"loss": "focal", "share": 0.2, "accuracy": 0.7, "runs": 1}])["layer"][0]["mark"]["type"]
'line'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer_core.charts.theme import palette
from fer_core.charts.vega import VegaSpec, styled

_HEIGHT = 240  # pixels of the plot


def accuracy_by_noise(rows: Sequence[Mapping[str, Any]], *, dark: bool = False) -> VegaSpec:
    """The chart.

    Args:
        rows: loss (in words), share and accuracy (0..1), runs.
        dark: theme.
    """
    colors = palette(dark)
    x = {
        "field": "share", "type": "quantitative", "title": "wrong training labels",
        "axis": {"format": ".0%", "grid": False},
    }  # fmt: skip
    y = {
        "field": "accuracy", "type": "quantitative", "title": "validation accuracy",
        "scale": {"zero": False}, "axis": {"format": ".2f"},
    }  # fmt: skip
    hue = {"field": "loss", "type": "nominal", "title": None, "legend": {"orient": "top"}}
    tips = [
        {"field": "loss", "type": "nominal"},
        {"field": "share", "type": "quantitative", "format": ".0%", "title": "wrong labels"},
        {"field": "accuracy", "type": "quantitative", "format": ".4f"},
        {"field": "runs", "type": "quantitative", "title": "runs"},
    ]
    layer: VegaSpec = {
        "data": {"values": [dict(row) for row in rows]},
        "mark": {"type": "line", "point": {"size": 40}, "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "color": hue, "tooltip": tips},
    }
    losses = len({row["loss"] for row in rows})
    return styled(
        [layer],
        f"validation accuracy by share of wrong training labels, {losses} losses",
        _HEIGHT,
        colors,
    )
