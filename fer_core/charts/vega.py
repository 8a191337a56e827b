"""Vega-Lite by hand: for figures that are drawn again and again.

Altair checks every figure against its schema, and copies it with every call, which takes ten times longer than all the
rest of a draw. What is built here is a plain specification for `st.vega_lite_chart`; tests hold it against the schema.
"""

from __future__ import annotations

from typing import Any

from fer_core.charts.theme import FONT, Palette

VegaSpec = dict[str, Any]


def axis(field: str, domain: tuple[float, float], form: str, *, title: str) -> VegaSpec:
    """A position channel of a number on a fixed scale."""
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"domain": list(domain), "nice": False},
        "axis": {"format": form, "tickCount": 5},
    }


def tooltip(field: str, form: str, title: str = "") -> VegaSpec:
    """A number in a tooltip."""
    return {"field": field, "type": "quantitative", "format": form, "title": title or field}


def styled(layers: list[VegaSpec], description: str, height: int, colors: Palette) -> VegaSpec:
    """Layers with the house's look, as `theme.styled` gives it to Altair's figures.

    Args:
        layers: marks with their data and encodings.
        description: what it shows, in words, for screen readers.
        height: of the plot, pixels; the width is the page's.
        colors: of the theme.
    """
    labels = {"labelFontSize": 12, "titleFontSize": 12}
    axes = {
        "labelColor": colors.muted, "titleColor": colors.muted, "titleFontWeight": "normal", "titlePadding": 6,
        **labels, "gridColor": colors.grid, "domain": False, "ticks": False, "labelPadding": 6,
    }  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": description,
        "width": "container",
        "height": height,
        "background": "transparent",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 2, "top": 6, "bottom": 2, "right": 4},
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": axes,
            "legend": {**labels, "labelColor": colors.text, "titleColor": colors.muted},
            "text": {"color": colors.text, "fontSize": 12},
        },
        "layer": layers,
    }
