"""The curves of a run, watched or compared, as plain Vega-Lite (see `charts.vega`).

>>> spec = curve([{"epoch": 1, "accuracy": 0.4, "val_accuracy": 0.3}], "accuracy")
>>> [layer["mark"]["type"] for layer in spec["layer"]]
['line', 'line', 'text', 'rule']
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fer_core.charts.curve_points import CurveRows, LinePoint, is_number, points_of, smoothed
from fer_core.charts.theme import Palette, palette, spread_labels
from fer_core.charts.vega import VegaSpec, styled

_TALL, _LOW = 215, 108  # pixels of the plot
_LABEL_LIMIT = 92  # pixels: a long run name must not press the plot
_LEAST_SPAN = {"accuracy": 0.1, "loss": 0.1, "gap": 10.0}  # so that noise does not look like a mountain
_FORMATS = {"accuracy": ".2f", "loss": ".2f", "gap": "+.0f", "learning_rate": "~g"}
_NAME_HEIGHT = 0.085  # of the plot
_LONG = 100  # epochs
_BANDS = (0.0, 5.0)
"""Points of train minus validation accuracy that count as healthy."""


def curve(
    rows: CurveRows,
    measure: str,
    *,
    best: int | None = None,
    forked_at: int | None = None,
    others: Mapping[str, CurveRows] | None = None,
    planned: int | None = None,
    smoothing: float = 0.0,
    log: bool = False,
    dark: bool = False,
) -> VegaSpec:
    """Training and validation by epoch, named at their ends, with a tooltip per epoch that tells the other runs too.

    Args:
        rows: one per finished epoch: epoch (from 1), `measure` and `val_` + measure.
        measure: "accuracy" (0..1) or "loss".
        best: epoch marked as the one whose weights are kept.
        forked_at: epochs up to this one are another run's: drawn dashed, and where the branch begins is marked.
        others: name -> rows of other runs; their validation curve is drawn behind, dashed and grey.
        planned: the axis reaches to this epoch, or to a half of it, or a quarter, so that it seldom jumps.
        smoothing: 0..1, see `smoothed`; what was measured stays behind, thin, and in the tooltip.
        log: logarithmic values, where all are positive.
        dark: theme.
    """
    colors = palette(dark)
    names = {"train": measure, "val": f"val_{measure}"} | _third(rows, measure)
    lines, tables = [points_of(rows, column, name) for name, column in names.items()], others or {}
    raw, own = _joined(lines, 0.0), _joined(lines, smoothing)
    behind = _joined([points_of(table, names["val"], name) for name, table in tables.items()], smoothing)
    last = _last(own + behind, planned)
    values = [p["value"] for p in raw + behind]
    low, high = _domain(values, measure)
    if log := log and bool(values) and min(values) > 0:
        low = min(values) / 1.1
    x, y = _x(last), _y(measure, low, high, log=log)
    hue = {
        "field": "line", "type": "nominal", "legend": None,
        "scale": {"domain": list(names), "range": [colors.accent, colors.second, colors.muted][: len(names)]},
    }  # fmt: skip
    layers: list[VegaSpec] = []
    if behind:
        mark = {"strokeDash": [4, 3], "strokeWidth": 1.5, "color": colors.quiet}
        layers.append(_line(behind, x, y, mark, None))
    if smoothing:
        layers.append(_line(raw, x, y, {"strokeWidth": 1, "opacity": 0.3}, hue))
    layers += _own(own, forked_at, len(rows), x, y, hue)
    corner = (low, "bottom") if measure == "accuracy" else (high, "top")
    if forked_at:
        layers += _mark(forked_at, last, f"fork {forked_at}", corner, colors.quiet, x, y)
    if best is not None and rows:
        layers += _mark(best, last, f"best {best}", corner, colors.muted, x, y)
    layers.append(_names(own, behind, (low, high), x, y, colors, log=log))
    tips = {f"{measure}, {name}": column for name, column in names.items()}
    layers.append(_hover(rows, tips, x, colors, others={n: (t, names["val"]) for n, t in tables.items()}))
    told = [f"best epoch {best}"] if best is not None else []
    told += [f"a fork after epoch {forked_at}"] if forked_at else []
    description = ", ".join([f"{measure} by epoch, training and validation, {len(rows)} epochs", *told])
    return styled(layers, description, _TALL, colors)


def _third(rows: CurveRows, measure: str) -> dict[str, str]:
    known = measure == "accuracy" and any("val_macro_f1" in row for row in rows)
    return {"macro F1": "val_macro_f1"} if known else {}


def _joined(lines: Sequence[Sequence[LinePoint]], smoothing: float) -> list[LinePoint]:
    return [point for line in lines for point in (smoothed(line, smoothing) if smoothing else line)]


def _own(
    points: Sequence[LinePoint], forked_at: int | None, epochs: int, x: VegaSpec, y: VegaSpec, hue: VegaSpec
) -> list[VegaSpec]:
    """The lines of the run itself; before a fork they are another run's."""
    before = [p for p in points if forked_at and p["epoch"] <= forked_at]
    after = [p for p in points if not forked_at or p["epoch"] >= forked_at]
    mark = {"strokeWidth": 2, "point": {"size": 18} if epochs < 3 else False}
    return [
        _line(before, x, y, {"strokeDash": [2, 3], "strokeWidth": 1.5, "opacity": 0.75}, hue),
        _line(after, x, y, mark, hue),
    ]


def gap_curve(rows: CurveRows, *, planned: int | None = None, dark: bool = False) -> VegaSpec:
    """Train minus validation accuracy by epoch, in points, with the healthy band behind."""
    colors = palette(dark)
    points = [
        {"epoch": r["epoch"], "value": 100 * (r["accuracy"] - r["val_accuracy"])}
        for r in rows
        if is_number(r.get("accuracy")) and is_number(r.get("val_accuracy"))
    ]
    last = _last(points, planned)
    low, high = _domain([p["value"] for p in points] + [*_BANDS], "gap")
    x, y = _x(last, title=None), _y("gap", low, high, ticks=3)
    band = {"epoch": 1, "last": last, "low": _BANDS[0], "high": _BANDS[1]}
    layers: list[VegaSpec] = [
        {
            "data": {"values": [band]},
            "mark": {"type": "rect", "color": "#2B8A3E", "opacity": 0.13},
            "encoding": {
                "x": {**x, "field": "epoch"}, "x2": {"field": "last"},
                "y": {**y, "field": "low"}, "y2": {"field": "high"},
            },
        },
        _line(points, x, y, {"strokeWidth": 2, "color": colors.accent, "point": len(points) < 3}, None),
        _hover(points, {"gap, points": "value"}, x, colors, form="+.1f"),
    ]  # fmt: skip
    description = (
        f"train minus validation accuracy by epoch in points, {len(points)} epochs; 0 to 5 is healthy"
    )
    return styled(layers, description, _LOW, colors)


def rate_curve(rows: CurveRows, *, planned: int | None = None, dark: bool = False) -> VegaSpec:
    """The learning rate by epoch; on a logarithmic axis where it falls more than a hundredfold."""
    colors = palette(dark)
    points = [
        {"epoch": r["epoch"], "value": r["learning_rate"]} for r in rows if is_number(r.get("learning_rate"))
    ]
    values = [float(p["value"]) for p in points if p["value"] > 0]
    last = _last(points, planned)
    x = _x(last, title=None)
    deep = bool(values) and max(values) > 100 * min(values)
    scale = {"type": "log"} if deep else {"domain": [0, max(values, default=1.0) * 1.1], "nice": False}
    y = {
        "field": "value", "type": "quantitative", "title": None, "scale": scale,
        "axis": {"format": "~g" if not deep else ".0e", "tickCount": 3},
    }  # fmt: skip
    shown = [p for p in points if not deep or p["value"] > 0]
    layers = [
        _line(shown, x, y, {"strokeWidth": 2, "color": colors.accent, "interpolate": "step-after"}, None),
        _hover(points, {"learning rate": "value"}, x, colors, form=".3g"),
    ]
    return styled(layers, f"learning rate by epoch, {len(points)} epochs", _LOW, colors)


def _last(points: CurveRows, planned: int | None) -> int:
    """Where the axis ends: at the plan. One many times longer than what is done is halved until the curve has room."""
    done, end = max((int(p["epoch"]) for p in points), default=1), planned or 1
    while end > _LONG and end > 8 * done:
        end = -(-end // 2)
    return max(done, end, 2)


def _domain(values: Sequence[float], measure: str) -> tuple[float, float]:
    """Axis limits with a little air, within 0..1 for accuracy."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    least = _LEAST_SPAN[measure]
    air = max((high - low) * 0.06, least / 10)
    if high - low < least:
        air += (least - (high - low)) / 2
    if measure == "gap":
        return low - air, high + air
    return max(low - air, 0.0), min(high + air, 1.0) if measure == "accuracy" else high + air


def _x(last: int, title: str | None = "epoch") -> VegaSpec:
    return {
        "field": "epoch", "type": "quantitative", "title": title, "scale": {"domain": [1, last], "nice": False},
        "axis": {"format": "d", "tickMinStep": 1, "tickCount": 8, "grid": False, "labelFlush": False},
    }  # fmt: skip


def _y(measure: str, low: float, high: float, ticks: int = 5, log: bool = False) -> VegaSpec:
    scale = {"domain": [low, high], "nice": False, **({"type": "log"} if log else {})}
    return {
        "field": "value", "type": "quantitative", "title": None, "scale": scale,
        "axis": {"format": _FORMATS[measure], "tickCount": ticks},
    }  # fmt: skip


def _line(points: CurveRows, x: VegaSpec, y: VegaSpec, mark: VegaSpec, color: VegaSpec | None) -> VegaSpec:
    series = {"color": color} if color else {"detail": {"field": "line", "type": "nominal"}}
    return {
        "data": {"values": list(points)},
        "mark": {"type": "line", "clip": True, **mark},
        "encoding": {"x": x, "y": y, **series},
    }


def _mark(
    epoch: int, last: int, text: str, corner: tuple[float, str], color: str, x: VegaSpec, y: VegaSpec
) -> list[VegaSpec]:
    """A dashed line with its name, in the corner the curves leave empty, on the side where there is room."""
    height, baseline = corner
    data = {"values": [{"epoch": epoch, "value": height, "text": text}]}
    side = {"align": "right", "dx": -4} if epoch - 1 > (last - 1) / 4 else {"align": "left", "dx": 4}
    return [
        {"data": data, "mark": {"type": "rule", "strokeDash": [2, 3], "color": color}, "encoding": {"x": x}},
        {
            "data": data,
            "mark": {"type": "text", **side, "baseline": baseline, "color": color, "fontSize": 11},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        },
    ]


def _names(
    own: CurveRows,
    behind: CurveRows,
    domain: tuple[float, float],
    x: VegaSpec,
    y: VegaSpec,
    colors: Palette,
    *,
    log: bool = False,
) -> VegaSpec:
    """Names beside the last points, moved apart where they would lie on each other."""
    ends = {
        (kind, p["line"]): {**p, "kind": kind} for kind, ps in (("other", behind), ("own", own)) for p in ps
    }
    found = list(ends.values())
    to, back = (math.log, math.exp) if log else (float, float)
    gap = (to(domain[1]) - to(domain[0])) * _NAME_HEIGHT
    for point, value in zip(found, spread_labels([to(p["value"]) for p in found], gap), strict=True):
        point["value"] = back(value)
    return {
        "data": {"values": found},
        "mark": {"type": "text", "align": "left", "dx": 6, "baseline": "middle", "limit": _LABEL_LIMIT},
        "encoding": {
            "x": x, "y": y, "text": {"field": "line"},
            "color": {"condition": {"test": "datum.kind == 'own'", "value": colors.text}, "value": colors.muted},
        },
    }  # fmt: skip


def _hover(
    rows: CurveRows,
    columns: Mapping[str, str],
    x: VegaSpec,
    colors: Palette,
    form: str = ".4f",
    others: Mapping[str, tuple[CurveRows, str]] | None = None,
) -> VegaSpec:
    """A line that follows the pointer, with the epoch's figures; of other runs theirs, by name: (rows, column)."""
    tips = [{"field": "epoch", "type": "quantitative", "format": "d"}]
    tips += [{"field": c, "type": "quantitative", "title": n, "format": form} for n, c in columns.items()]
    values = {r["epoch"]: {"epoch": r["epoch"], **{c: r.get(c) for c in columns.values()}} for r in rows}
    for number, (name, (table, column)) in enumerate((others or {}).items()):
        tips.append({"field": f"other{number}", "type": "quantitative", "title": name, "format": form})
        for row in table:
            values.setdefault(row["epoch"], {"epoch": row["epoch"]})[f"other{number}"] = row.get(column)
    rows_shown = [values[epoch] for epoch in sorted(values)]
    return {
        "data": {"values": rows_shown},
        "mark": {"type": "rule", "color": colors.muted},
        "params": [
            {
                "name": "near",
                "select": {
                    "type": "point", "nearest": True, "on": "pointerover", "clear": "pointerout", "fields": ["epoch"],
                },
            }
        ],
        "encoding": {
            "x": x, "tooltip": tips,
            "opacity": {"condition": {"param": "near", "empty": False, "value": 0.6}, "value": 0},
        },
    }  # fmt: skip
