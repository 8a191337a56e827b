"""Runs side by side with the interval each score deserves."""

from __future__ import annotations

import altair as alt
import pandas as pd

from fer_core.charts.theme import finished, palette

_ROW = 30


def interval_dots(
    table: pd.DataFrame,
    *,
    measure: str = "validation accuracy",
    highlight: str | None = None,
    dark: bool = False,
) -> alt.LayerChart:
    """One dot per run with its 95 % interval, best first.

    Args:
        table: one row per run, columns `run` (unique), `value` (0..1), `low`, `high` (ends of the interval),
            and optionally `images` (how many it was measured on).
        measure: words on the axis.
        highlight: the run drawn in the accent colour; None means all.
        dark: theme.
    """
    colors = palette(dark)
    shown = table.sort_values("value", ascending=False)
    runs = shown["run"].astype(str).tolist()
    columns = ["run", "value", "low", "high", *(["images"] if "images" in shown else [])]
    shown = shown[columns].assign(run=runs, here=[highlight in (None, run) for run in runs])
    y = alt.Y(
        "run:N", sort=runs, title=None, axis=alt.Axis(labelColor=colors.text, labelLimit=180, grid=False)
    )
    air = max(0.1 * (shown["high"].max() - shown["low"].min()), 0.01) if len(shown) else 0.01
    bounds = (
        [max(0.0, float(shown["low"].min()) - air), min(1.0, float(shown["high"].max()) + air)]
        if len(shown)
        else [0, 1]
    )
    scale = alt.Scale(domain=bounds, nice=False)
    tips = [
        alt.Tooltip("run:N"),
        alt.Tooltip("value:Q", format=".4f", title=measure),
        alt.Tooltip("low:Q", format=".4f", title="95 % from"),
        alt.Tooltip("high:Q", format=".4f", title="95 % to"),
    ]
    if "images" in shown:
        tips.append(alt.Tooltip("images:Q", format=",d", title="measured on images"))
    base = alt.Chart(shown).encode(y=y, tooltip=tips)
    hue = alt.condition("datum.here", alt.value(colors.accent), alt.value(colors.quiet))
    lines = base.mark_rule(strokeWidth=5, strokeCap="round", color=colors.quiet, opacity=0.55).encode(
        x=alt.X("low:Q", scale=scale, title=measure, axis=alt.Axis(format=".2f", tickCount=6)), x2="high:Q"
    )
    dots = base.mark_point(size=90, filled=True, opacity=1).encode(x=alt.X("value:Q", scale=scale), color=hue)
    words = base.mark_text(align="left", dx=8).encode(
        x=alt.X("high:Q", scale=scale), text=alt.Text("value:Q", format=".3f")
    )
    described = f"{measure} with 95 % intervals: " + ", ".join(
        f"{row.run} {row.value:.3f} ({row.low:.3f} to {row.high:.3f})" for row in shown.itertuples()
    )
    return finished(lines + dots + words, dark, described, height=_ROW * max(len(shown), 1))
