"""Choosing a limit with the evidence in view: copies by distance, wrong labels by score."""

from __future__ import annotations

import altair as alt
import pandas as pd

from fer_core.charts.theme import COUNT_FORMAT, finished, palette


def precision_by_distance(
    table: pd.DataFrame, *, chosen: int | None = None, dark: bool = False
) -> alt.LayerChart:
    """How often pictures at each hash distance are the same picture.

    Args:
        table: one row per distance, columns `distance` (bits), `same` (share of pairs that are the same
            picture, 0..1), `pairs` (how many pairs were looked at).
        chosen: the limit in use; bars up to it are drawn in full colour, the rest pale.
        dark: theme.
    """
    colors = palette(dark)
    limit = chosen if chosen is not None else int(table["distance"].max())
    shown = table[["distance", "same", "pairs"]].assign(used=table["distance"] <= limit)
    x = alt.X("distance:O", title="hash distance, bits", axis=alt.Axis(labelAngle=0))
    y = alt.Y(
        "same:Q",
        title="same picture",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=4),
    )
    base = alt.Chart(shown).encode(x=x, y=y)
    bars = base.mark_bar(
        cornerRadiusTopLeft=3, cornerRadiusTopRight=3, width=alt.RelativeBandSize(0.62)
    ).encode(
        color=alt.condition("datum.used", alt.value(colors.accent), alt.value(colors.quiet)),
        opacity=alt.condition("datum.used", alt.value(1.0), alt.value(0.45)),
        tooltip=[
            alt.Tooltip("distance:O", title="distance"),
            alt.Tooltip("same:Q", format=".1%", title="same picture"),
            alt.Tooltip("pairs:Q", format=COUNT_FORMAT),
        ],
    )
    words = base.mark_text(baseline="bottom", dy=-4).encode(text=alt.Text("same:Q", format=".0%"))
    described = "share of pairs that are the same picture, by hash distance: " + ", ".join(
        f"{distance}: {same:.0%}" for distance, same in zip(shown["distance"], shown["same"], strict=True)
    )
    return finished(bars + words, dark, described, height=180)
