"""How the best run came about: every run in the order it was made, and the steps that set a new best."""

from __future__ import annotations

import altair as alt
import pandas as pd

from fer_core.charts.theme import palette, styled

_LABELS = 8
_HEIGHT = 260


def progress_chart(table: pd.DataFrame, *, dark: bool = False) -> alt.LayerChart:
    """Accuracy by order, the best so far as steps, records named.

    Args:
        table: number (from 1), name, accuracy (0..1), record (bool), words (for the tooltip), images (how many it was judged
            by) and part (equal where these are the same ones: only such records are joined; others are drawn hollow).
        dark: theme.
    """
    colors = palette(dark)
    records = table[table["record"]]
    last = max(int(table["number"].max()), 2)
    low, high = float(table["accuracy"].min()), float(table["accuracy"].max())
    air = max((high - low) * 0.12, 0.01)
    scale = alt.Scale(domain=[max(low - air, 0), min(high + 1.6 * air, 1)], nice=False)
    y = alt.Y("accuracy:Q", scale=scale, axis=alt.Axis(format=".2f", tickCount=5), title="accuracy")
    x = alt.X(
        "number:Q",
        scale=alt.Scale(domain=[0.7, last + 0.3], nice=False),
        axis=alt.Axis(format="d", tickMinStep=1, grid=False),
        title="runs, in the order they were made",
    )
    tips = [
        alt.Tooltip("name:N", title="run"),
        alt.Tooltip("accuracy:Q", format=".3f"),
        alt.Tooltip("images:Q", format=",d", title="judged by, images"),
        alt.Tooltip("words:N", title="what changed"),
    ]
    base = alt.Chart(table).encode(x=x, y=y, tooltip=tips)
    usual = int(table["part"].mode().iloc[0])
    steps = (
        alt.Chart(_stretches(records, last + 0.3))
        .mark_line(interpolate="step-after", color=colors.accent, strokeWidth=2, opacity=0.55)
        .encode(x=x, y=y, detail="stretch:N")
    )
    others = base.transform_filter("!datum.record").mark_point(
        filled=True, size=45, color=colors.quiet, opacity=0.75
    )
    records_layer = base.transform_filter(f"datum.record && datum.part == {usual}").mark_point(
        filled=True, size=110, color=colors.accent, opacity=1
    )
    apart = base.transform_filter(f"datum.record && datum.part != {usual}").mark_point(
        filled=False, size=110, color=colors.accent, strokeWidth=2, opacity=1
    )
    named = pd.concat([records.head(1), records.iloc[1:].tail(_LABELS - 1)])
    first = named["number"] <= (last + 1) / 2  # names grow towards the middle, so that none leaves the plot
    texts = [
        alt.Chart(named[side])
        .mark_text(dy=-14, dx=dx, align=align, color=colors.text, fontSize=11.5, limit=170)
        .encode(x=x, y=y, text="name:N")
        for side, align, dx in ((first, "left", -5), (~first, "right", 5))
    ]
    description = "Best accuracy so far: " + ", ".join(
        f"{r.name_} {r.accuracy:.3f}" for r in records.rename(columns={"name": "name_"}).itertuples()
    )
    return styled(alt.layer(steps, others, records_layer, apart, *texts), dark, description, height=_HEIGHT)


def _stretches(records: pd.DataFrame, end: float) -> pd.DataFrame:
    """number, accuracy and stretch of the line through records: it goes on level until the next, and is joined to that only
    where both were judged by the same images."""
    following = [*records["number"].tolist()[1:], end]
    stretch = (records["part"] != records["part"].shift()).cumsum()
    starts = records.assign(stretch=stretch)
    # Where one ends and the next begins, the end comes first, or the line would step back.
    return pd.concat([starts.assign(number=following), starts]).sort_values(
        ["stretch", "number"], kind="stable"
    )[["number", "accuracy", "stretch"]]


def gain_bars(table: pd.DataFrame, *, dark: bool = False) -> alt.LayerChart:
    """Gains in points with their 95 % intervals, one bar each, from zero.

    Args:
        table: name, gain, low, high (points; interval ends may be missing), images (how many it is of; may be missing) and
            kind: `step`, `rest` or `total`.
        dark: theme.
    """
    colors = palette(dark)
    y = alt.Y(
        "name:N",
        sort=table["name"].tolist(),
        title=None,
        axis=alt.Axis(grid=False, labelLimit=190, ticks=False),
    )
    ends = [*table["low"].dropna(), *table["high"].dropna(), *table["gain"].dropna(), 0.0]
    air = max((max(ends) - min(ends)) * 0.05, 0.1)
    scale = alt.Scale(domain=[min(ends) - air, max(ends) + air], nice=False)
    tips = [
        alt.Tooltip("name:N", title="change"),
        alt.Tooltip("gain:Q", format="+.1f", title="points"),
        alt.Tooltip("low:Q", format="+.1f", title="95 % from"),
        alt.Tooltip("high:Q", format="+.1f", title="to"),
        alt.Tooltip("images:Q", format=",d", title="images"),
    ]
    base = alt.Chart(table).encode(y=y, tooltip=tips)
    hue = alt.Color(
        "kind:N",
        legend=None,
        scale=alt.Scale(domain=["step", "rest", "total"], range=[colors.accent, colors.quiet, colors.second]),
    )
    form = "+.1f" if max(ends) - min(ends) > 1 else "+.2f"  # no two ticks say the same
    x = alt.X("gain:Q", scale=scale, title="points of accuracy", axis=alt.Axis(format=form, tickCount=6))
    layers = [
        alt.Chart(pd.DataFrame({"gain": [0.0]})).mark_rule(color=colors.muted).encode(x=x),
        base.mark_bar(height=13, opacity=0.55, cornerRadius=3).encode(x=x, color=hue),
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2.5)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", color=hue),
        base.mark_point(filled=True, size=55, opacity=1).encode(x=x, color=hue),
    ]
    description = "Gain in points: " + ", ".join(
        f"{r['name']} {r['gain']:+.1f}" for r in table.to_dict("records")
    )
    return styled(alt.layer(*layers), dark, description, height=max(30 * len(table), 60))
