"""Choosing a limit with the evidence in view: copies by distance, wrong labels by score."""

from __future__ import annotations

import altair as alt
import pandas as pd

from fer_core.charts.theme import COUNT_FORMAT, palette, styled


def copies_by_distance(
    table: pd.DataFrame, *, chosen: int | None = None, dark: bool = False
) -> alt.LayerChart:
    """How many pairs of copies there are at each hash distance.

    Args:
        table: one row per step, columns `distance` (bits, the upper end of the step), `confirmed` (pairs of the step that
            are the same picture) and `refused` (pairs that nearly are).
        chosen: the reach in use; bars up to it are drawn in full colour, the rest pale.
        dark: theme.
    """
    colors = palette(dark)
    limit = chosen if chosen is not None else int(table["distance"].max())
    shown = table[["distance", "confirmed", "refused"]].assign(used=table["distance"] <= limit)
    x = alt.X("distance:O", title="hash distance, bits", axis=alt.Axis(labelAngle=0))
    y = alt.Y("confirmed:Q", title="pairs", axis=alt.Axis(format=COUNT_FORMAT, tickCount=4))
    base = alt.Chart(shown).encode(x=x, y=y)
    bars = base.mark_bar(
        cornerRadiusTopLeft=3, cornerRadiusTopRight=3, width=alt.RelativeBandSize(0.62)
    ).encode(
        color=alt.condition("datum.used", alt.value(colors.accent), alt.value(colors.quiet)),
        opacity=alt.condition("datum.used", alt.value(1.0), alt.value(0.45)),
        tooltip=[
            alt.Tooltip("distance:O", title="distance, up to"),
            alt.Tooltip("confirmed:Q", format=COUNT_FORMAT, title="same picture"),
            alt.Tooltip("refused:Q", format=COUNT_FORMAT, title="nearly"),
        ],
    )
    labels = base.mark_text(baseline="bottom", dy=-4).encode(
        text=alt.Text("confirmed:Q", format=COUNT_FORMAT)
    )
    description = "pairs that are the same picture, by hash distance: " + ", ".join(
        f"{distance}: {pairs:,}"
        for distance, pairs in zip(shown["distance"], shown["confirmed"], strict=True)
    )
    return styled(bars + labels, dark, description, height=180)
