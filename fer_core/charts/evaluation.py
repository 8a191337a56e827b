"""How far probabilities can be trusted, and two runs class by class, as plain Vega-Lite (see `charts.vega`)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fer_core.base.emotions import emotion_colors, ordered_classes
from fer_core.charts.theme import palette
from fer_core.charts.vega import VegaSpec, axis, styled, tooltip

_HEIGHT = 210
_LEAST = 0.03  # share of images from which on a precision is drawn
_MOST = 200  # points of a curve


def reliability_diagram(table: pd.DataFrame, *, dark: bool = False) -> VegaSpec:
    """Accuracy against confidence; on the diagonal, probabilities mean what they say.

    Args:
        table: rows of `evaluation.curves.reliability`: confidence, accuracy (0..1) and images.
        dark: theme.
    """
    colors = palette(dark)
    x = axis("confidence", (0, 1), ".1f", title="confidence")
    y = axis("accuracy", (0, 1), ".1f", title="share right")
    rows = _rows(table[["confidence", "accuracy", "images"]])
    size = {"field": "images", "type": "quantitative", "scale": {"range": [25, 320]}, "legend": None}
    tips = [tooltip("confidence", ".3f"), tooltip("accuracy", ".3f", "share right"), tooltip("images", ",d")]
    dots = {"type": "point", "filled": True, "opacity": 1, "color": colors.accent}
    layers = [
        _diagonal("confidence", "accuracy", x, y, colors.quiet),
        _layer(rows, {"type": "line", "color": colors.accent, "strokeWidth": 2}, x=x, y=y),
        _layer(rows, dots, x=x, y=y, size=size, tooltip=tips),
    ]
    description = "Reliability: " + ", ".join(
        f"{row['confidence']:.2f} sure, {row['accuracy']:.2f} right" for row in rows
    )
    return styled(layers, description, _HEIGHT, colors)


def coverage_curve(table: pd.DataFrame, threshold: float, *, dark: bool = False) -> VegaSpec:
    """Precision of the answers given against the share of images answered, as the threshold falls.

    Args:
        table: rows of `evaluation.curves.risk_coverage`: threshold, coverage, precision (0..1).
        threshold: marked, where the model says "uncertain" below it.
        dark: theme.
    """
    colors = palette(dark)
    names = ["threshold", "coverage", "precision"]
    shown = table[table["coverage"] >= _LEAST]  # the precision of a handful says nothing
    shown = shown.iloc[:: max(1, len(shown) // _MOST)]
    low = max(0.0, float(shown["precision"].min()) - 0.02)
    x = axis("coverage", (0, 1), ".0%", title="share answered")
    y = axis("precision", (low, 1), ".0%", title="of these right")
    tips = [tooltip(name, ".3f") for name in names]
    line = {"type": "line", "color": colors.accent, "strokeWidth": 2}
    layers = [_layer(_rows(shown[names]), line, x=x, y=y, tooltip=tips)]
    description = "Share of right answers by share of images answered"
    reached = table[table["threshold"] >= threshold].tail(1)
    if len(reached):
        (row,) = _rows(reached[names])
        point = {"type": "point", "filled": True, "size": 90, "opacity": 1, "color": colors.second}
        side = {"align": "right", "dx": -8} if row["coverage"] > 0.5 else {"align": "left", "dx": 8}
        text = {"type": "text", **side, "dy": -14, "color": colors.muted}
        layers.append(_layer([row], point, x=x, y=y, tooltip=tips))
        layers.append(_layer([row], text, x=x, y=y, text={"value": f"threshold {threshold:g}"}))
        description += f"; at {threshold:g}: {row['coverage']:.0%} answered, {row['precision']:.0%} right"
    return styled(layers, description, _HEIGHT, colors)


def class_curves(table: pd.DataFrame, kind: str, *, dark: bool = False) -> VegaSpec:
    """ROC or precision-recall curves, one line per class in its colour.

    Args:
        table: class, x, y (0..1), order and area, from the surest image on.
        kind: "roc" (x false, y true positive rate) or "pr" (x recall, y precision).
        dark: theme.
    """
    colors = palette(dark)
    names = list(ordered_classes(table["class"].unique()))
    hues = emotion_colors(names)
    found = "found of the class"
    titles = ("others taken for it", found) if kind == "roc" else (found, "of these right")
    x, y = axis("x", (0, 1), ".0%", title=titles[0]), axis("y", (0, 1), ".0%", title=titles[1])
    hue = {
        "field": "class", "type": "nominal",
        "scale": {"domain": names, "range": [hues[name] for name in names]},
        "legend": {"title": None, "orient": "bottom", "labelColor": colors.text, "symbolType": "stroke"},
    }  # fmt: skip
    lines = _layer(
        _rows(table[["class", "x", "y", "order", "area"]]),
        {"type": "line", "strokeWidth": 2},
        x=x,
        y=y,
        order={"field": "order", "type": "quantitative"},
        color=hue,
        tooltip=[{"field": "class", "type": "nominal"}, tooltip("area", ".3f")],
    )
    layers = [_diagonal("x", "y", x, y, colors.quiet), lines] if kind == "roc" else [lines]
    areas = table.drop_duplicates("class").set_index("class")["area"]
    description = f"{'ROC' if kind == 'roc' else 'Precision against recall'} per class, area: "
    description += ", ".join(f"{name} {areas[name]:.3f}" for name in names)
    return styled(layers, description, _HEIGHT, colors)


def class_dumbbells(table: pd.DataFrame, *, dark: bool = False) -> VegaSpec:
    """F1 of two runs per class, joined by a line.

    Args:
        table: class, a and b (0..1), support.
        dark: theme.
    """
    colors = palette(dark)
    rows = _rows(table[["class", "a", "b", "support"]])
    low = max(0.0, float(table[["a", "b"]].min().min()) - 0.05)
    y = {
        "field": "class", "type": "nominal", "sort": [row["class"] for row in rows], "title": None,
        "axis": {"labelColor": colors.text, "grid": False},
    }  # fmt: skip
    tips = [{"field": "class", "type": "nominal"}, tooltip("support", ",d", "images")]
    tips += [tooltip(name, ".3f", f"F1 of {name.upper()}") for name in "ab"]
    x = {name: axis(name, (low, 1), ".2f", title="F1") for name in "ab"}
    bar = {"type": "rule", "strokeWidth": 4, "color": colors.quiet, "opacity": 0.5}
    layers = [_layer(rows, bar, y=y, x=x["a"], x2={"field": "b"}, tooltip=tips)]
    for name, hue in (("a", colors.second), ("b", colors.accent)):
        dot = {"type": "point", "filled": True, "size": 95, "opacity": 1, "color": hue}
        layers.append(_layer(rows, dot, y=y, x=x[name], tooltip=tips))
    description = "F1 per class: " + ", ".join(
        f"{row['class']} {row['a']:.3f} in A, {row['b']:.3f} in B" for row in rows
    )
    return styled(layers, description, 34 * max(len(rows), 1), colors)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {str(name): table[name].tolist() for name in table}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _layer(rows: list[dict[str, Any]], mark: VegaSpec, **encoding: Any) -> VegaSpec:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _diagonal(across: str, up: str, x: VegaSpec, y: VegaSpec, color: str) -> VegaSpec:
    ends: list[dict[str, Any]] = [{across: 0, up: 0}, {across: 1, up: 1}]
    return _layer(ends, {"type": "line", "strokeDash": [4, 3], "color": color, "strokeWidth": 1.5}, x=x, y=y)
