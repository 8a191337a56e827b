"""Bars per class: how many images, how probable, how well recognised."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from fer_core.charts.theme import COUNT_FORMAT, PROBABILITY_FORMAT, finished, palette, split_colors
from fer_core.emotions import colors as emotion_colors
from fer_core.emotions import ordered, ordered_splits

_ROW = 24  # pixels per bar
_BAR = 12
_FIT_LEVEL = 5  # so many class names fit side by side on a phone
_HEADROOM = 1.1  # above the tallest bar, for its total


def class_counts(counts: pd.DataFrame, *, stacked: bool = True, dark: bool = False) -> alt.LayerChart:
    """Images per class, by split.

    Args:
        counts: one row per split (index), one column per class, whole numbers, as `records.counts` gives it.
        stacked: splits on top of each other, with the total above, else side by side.
        dark: theme.
    """
    splits, classes = list(ordered_splits(counts.index)), list(ordered(counts.columns))
    long = (
        counts.loc[splits, classes]
        .rename_axis(index="split")
        .reset_index()
        .melt(id_vars="split", var_name="class", value_name="images")
        .assign(order=lambda table: table["split"].map(splits.index))
    )
    long["total"] = long.groupby("class")["images"].transform("sum")
    shades = split_colors(splits, dark)
    angle = 0 if len(classes) <= _FIT_LEVEL else -40
    x = alt.X("class:N", sort=classes, title=None, axis=alt.Axis(labelAngle=angle, labelOverlap=False))
    color = alt.Color("split:N", scale=alt.Scale(domain=splits, range=[shades[s] for s in splits]))
    tips = [
        alt.Tooltip("class:N"),
        alt.Tooltip("split:N"),
        alt.Tooltip("images:Q", format=COUNT_FORMAT),
        alt.Tooltip("total:Q", format=COUNT_FORMAT, title="images of this class"),
    ]
    axis = alt.Axis(format=COUNT_FORMAT, tickCount=5)
    highest = float(long["total" if stacked else "images"].max())
    scale = alt.Scale(domain=[0, max(highest * _HEADROOM, 1)], nice=False)
    y = alt.Y("images:Q", title="images", axis=axis, scale=scale, stack="zero" if stacked else None)
    bars = alt.Chart(long).encode(x=x, y=y, color=color, tooltip=tips)
    if stacked:
        layers = [bars.mark_bar(width=alt.RelativeBandSize(0.7)).encode(order="order:Q")]
        totals = long.drop_duplicates("class")
        layers.append(
            alt.Chart(totals)
            .mark_text(baseline="bottom", dy=-4)
            .encode(
                x=x,
                y=alt.Y("total:Q", scale=scale, axis=axis, title="images"),
                text=alt.Text("total:Q", format=COUNT_FORMAT),
            )
        )
    else:
        layers = [bars.mark_bar(cornerRadius=2).encode(xOffset=alt.XOffset("split:N", sort=splits))]
    described = "images per class and split: " + "; ".join(
        f"{name} {int(total):,}" for name, total in counts[classes].sum().items()
    )
    return finished(alt.layer(*layers), dark, described, height=260)


def class_bars(
    values: Mapping[str, float],
    *,
    top: int | None = None,
    sort: bool = True,
    threshold: float | None = None,
    title: str | None = None,
    dark: bool = False,
) -> alt.LayerChart:
    """One bar from 0 to 1 per class in the class's colour, its value at the end: probabilities, recalls.

    Args:
        values: class -> value, 0..1.
        top: how many to show, the largest ones; None shows all.
        sort: largest first, else in the canonical order of classes.
        threshold: a line, such as the one below which an answer is uncertain.
        title: of the axis; None draws no axis, the values stand on the bars.
        dark: theme.
    """
    colors, hues = palette(dark), emotion_colors(values)
    names = sorted(values, key=lambda name: -values[name]) if sort or top else list(ordered(values))
    names = names[:top]
    table = pd.DataFrame({"class": names, "value": [float(values[name]) for name in names], "full": 1.0})
    y = alt.Y("class:N", sort=names, title=None, axis=alt.Axis(labelColor=colors.text, labelLimit=160))
    axis = alt.Axis(format=PROBABILITY_FORMAT, grid=False, tickCount=5) if title else None
    x = alt.X("value:Q", scale=alt.Scale(domain=[0, 1]), title=title, axis=axis)
    base = alt.Chart(table).encode(y=y)
    layers = [
        base.mark_bar(size=_BAR, color=colors.track, cornerRadius=4).encode(
            x=alt.X("full:Q", scale=alt.Scale(domain=[0, 1]), title=title, axis=axis)
        ),
        base.mark_bar(size=_BAR, cornerRadius=4).encode(
            x=x,
            color=alt.Color(
                "class:N", scale=alt.Scale(domain=names, range=[hues[n] for n in names]), legend=None
            ),
            tooltip=[alt.Tooltip("class:N"), alt.Tooltip("value:Q", format=".4f", title=title or "value")],
        ),
        base.mark_text(align="left", dx=6).encode(
            x=alt.X("full:Q", scale=alt.Scale(domain=[0, 1])),
            text=alt.Text("value:Q", format=PROBABILITY_FORMAT),
        ),
    ]
    if threshold is not None:
        mark = alt.Chart(pd.DataFrame({"value": [threshold]}))
        layers.append(mark.mark_rule(strokeDash=[2, 3], color=colors.muted).encode(x="value:Q"))
    described = f"{title or 'value'} per class: " + ", ".join(f"{n} {values[n]:.2f}" for n in names)
    height = _ROW * len(names)
    return finished(alt.layer(*layers), dark, described, height=height)
