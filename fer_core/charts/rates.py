"""The loss over a rising learning rate, as plain Vega-Lite (see `charts.vega`).

>>> [layer["mark"]["type"] for layer in loss_by_rate([1e-3, 1e-2], [1.0, 0.9], [1.0, 0.9], 1e-3)["layer"]]
['line', 'line', 'rule', 'text']
"""

from __future__ import annotations

from collections.abc import Sequence

from fer_core.charts.theme import Palette, palette
from fer_core.charts.vega import VegaSpec, styled, tooltip

_HEIGHT = 190  # pixels of the plot
_ROOM = 1.6  # times the range of the smoothed loss up to its lowest; what breaks away is cut off


def loss_by_rate(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    proposed: float | None,
    *,
    dark: bool = False,
) -> VegaSpec:
    """The chart: the loss of each step faint, smoothed in colour, the proposed rate marked.

    Args:
        rates: above 0, rising; `losses` and `smoothed` as many.
        proposed: None marks nothing.
        dark: theme.
    """
    colors = palette(dark)
    rows = [
        {"rate": rate, "loss": loss, "smoothed": soft}
        for rate, loss, soft in zip(rates, losses, smoothed, strict=True)
    ]
    low, first = min(smoothed, default=0.0), smoothed[0] if smoothed else 1.0
    top = max(low + _ROOM * (first - low), first * 1.02)
    bottom = max(low - 0.15 * (top - low), 0.0)
    x = {
        "field": "rate", "type": "quantitative", "title": "learning rate", "scale": {"type": "log", "nice": False},
        "axis": {"format": ".0e", "tickCount": 6, "grid": False},
    }  # fmt: skip
    y = {
        "type": "quantitative", "title": None, "axis": {"format": ".2f", "tickCount": 4},
        "scale": {"domain": [bottom, top], "nice": False},
    }  # fmt: skip
    tips = [tooltip("rate", ".2e"), tooltip("smoothed", ".3f"), tooltip("loss", ".3f")]
    layers: list[VegaSpec] = [
        {
            "data": {"values": rows},
            "mark": {"type": "line", "clip": True, "strokeWidth": 1, "color": colors.quiet},
            "encoding": {"x": x, "y": {**y, "field": "loss"}},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "line", "clip": True, "strokeWidth": 2, "color": colors.accent},
            "encoding": {"x": x, "y": {**y, "field": "smoothed"}, "tooltip": tips},
        },
    ]
    if proposed is not None:
        layers += _mark(proposed, x, colors)
    told = "none is proposed" if proposed is None else f"{proposed:.1e} is proposed"
    return styled(layers, f"training loss over {len(rows)} rising learning rates; {told}", _HEIGHT, colors)


def _mark(rate: float, x: VegaSpec, colors: Palette) -> list[VegaSpec]:
    """A line at a rate, and the rate beside it."""
    text = {
        "type": "text", "text": f"{rate:.1e}", "align": "left", "dx": 4, "baseline": "top", "color": colors.text, "y": 2,
        "fontSize": 12,
    }  # fmt: skip
    line = {"type": "rule", "strokeDash": [3, 3], "color": colors.muted}
    return [
        {"data": {"values": [{"rate": rate}]}, "mark": mark, "encoding": {"x": x}} for mark in (line, text)
    ]
