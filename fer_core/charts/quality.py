"""Choosing a limit with the evidence in view: copies by distance, wrong labels by score."""

from __future__ import annotations

import altair as alt
import numpy as np
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


def score_histogram(
    scores: np.ndarray | pd.Series,
    *,
    threshold: float | None = None,
    bins: int = 50,
    title: str = "label score (low: probably wrong)",
    dark: bool = False,
) -> alt.LayerChart:
    """How many images have which score; those below the threshold stand out.

    Args:
        scores: floats, 0..1, one per image; NaN are left out.
        threshold: a line; bars that begin below it are drawn in full colour.
        bins: number of bars.
        title: of the horizontal axis.
        dark: theme.
    """
    colors = palette(dark)
    values = np.asarray(scores, dtype=float)
    images, edges = np.histogram(values[np.isfinite(values)], bins=bins, range=(0.0, 1.0))
    limit = 0.0 if threshold is None else threshold
    table = pd.DataFrame({"start": edges[:-1], "end": edges[1:], "images": images})
    table["flagged"] = table["start"] < limit - 1e-9
    drawn = (
        alt.Chart(table)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X(
                "start:Q",
                bin="binned",
                title=title,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".1f", grid=False, values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
            ),
            x2="end:Q",
            y=alt.Y("images:Q", title="images", axis=alt.Axis(format=COUNT_FORMAT, tickCount=4)),
            color=alt.condition("datum.flagged", alt.value(colors.second), alt.value(colors.quiet)),
            tooltip=[
                alt.Tooltip("start:Q", format=".2f", title="from"),
                alt.Tooltip("end:Q", format=".2f", title="to"),
                alt.Tooltip("images:Q", format=COUNT_FORMAT),
            ],
        )
    )
    layers: list[alt.Chart] = [drawn]
    described = f"histogram of {int(images.sum()):,} scores"
    if threshold is not None:
        below = int((values < threshold).sum())
        mark = alt.Chart(pd.DataFrame({"x": [threshold], "text": [f"{below:,} below {threshold:.2f}"]}))
        layers.append(mark.mark_rule(strokeDash=[2, 3], color=colors.text).encode(x="x:Q"))
        side = {"align": "left", "dx": 6} if threshold < 0.6 else {"align": "right", "dx": -6}
        layers.append(mark.mark_text(**side, y=8).encode(x="x:Q", text="text:N"))
        described += f", {below:,} below {threshold:.2f}"
    return finished(alt.layer(*layers), dark, described, height=180)
