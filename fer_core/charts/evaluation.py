"""How far probabilities can be trusted, and two runs class by class."""

from __future__ import annotations

import altair as alt
import pandas as pd

from fer_core.charts.theme import finished, palette
from fer_core.emotions import colors as emotion_colors
from fer_core.emotions import ordered

_HEIGHT = 210
_LEAST = 0.03  # share of images from which on a precision is drawn


def reliability_diagram(table: pd.DataFrame, *, dark: bool = False) -> alt.LayerChart:
    """Accuracy against confidence; on the diagonal, probabilities mean what they say.

    Args:
        table: rows of `evaluation.curves.reliability`: confidence, accuracy (0..1) and images.
        dark: theme.
    """
    colors = palette(dark)
    axis = alt.Axis(format=".1f", tickCount=5)
    x = alt.X("confidence:Q", scale=alt.Scale(domain=[0, 1]), title="confidence", axis=axis)
    y = alt.Y("accuracy:Q", scale=alt.Scale(domain=[0, 1]), title="share right", axis=axis)
    line = alt.Chart(pd.DataFrame({"confidence": [0, 1], "accuracy": [0, 1]})).mark_line(
        strokeDash=[4, 3], color=colors.quiet, strokeWidth=1.5
    )
    tips = [
        alt.Tooltip("confidence:Q", format=".3f"),
        alt.Tooltip("accuracy:Q", format=".3f", title="share right"),
    ]
    size = alt.Size("images:Q", scale=alt.Scale(range=[25, 320]), legend=None)
    base = alt.Chart(table)
    curve = base.mark_line(color=colors.accent, strokeWidth=2).encode(x=x, y=y)
    dots = base.mark_point(filled=True, opacity=1, color=colors.accent).encode(
        x=x, y=y, size=size, tooltip=[*tips, alt.Tooltip("images:Q", format=",d")]
    )
    words = "Reliability: " + ", ".join(
        f"{r.confidence:.2f} sure, {r.accuracy:.2f} right" for r in table.itertuples()
    )
    return finished(alt.layer(line.encode(x=x, y=y), curve, dots), dark, words, height=_HEIGHT)


def coverage_curve(table: pd.DataFrame, threshold: float, *, dark: bool = False) -> alt.LayerChart:
    """Precision of the answers given against the share of images answered, as the threshold falls.

    Args:
        table: rows of `evaluation.curves.risk_coverage`: threshold, coverage, precision (0..1).
        threshold: marked, where the model says "uncertain" below it.
        dark: theme.
    """
    colors = palette(dark)
    shown = table[table["coverage"] >= _LEAST]  # the precision of a handful says nothing
    shown = shown.iloc[:: max(1, len(shown) // 300)]
    low = max(0.0, float(shown["precision"].min()) - 0.02)
    x = alt.X(
        "coverage:Q",
        scale=alt.Scale(domain=[0, 1]),
        title="share answered",
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    y = alt.Y(
        "precision:Q",
        scale=alt.Scale(domain=[low, 1]),
        title="of these right",
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    tips = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("threshold", "coverage", "precision")]
    curve = alt.Chart(shown).mark_line(color=colors.accent, strokeWidth=2).encode(x=x, y=y, tooltip=tips)
    layers: list[alt.Chart] = [curve]
    words = "Share of right answers by share of images answered"
    reached = table[table["threshold"] >= threshold].tail(1)
    if len(reached):
        mark = alt.Chart(reached.assign(words=f"threshold {threshold:g}"))
        layers.append(
            mark.mark_point(filled=True, size=90, opacity=1, color=colors.second).encode(
                x=x, y=y, tooltip=tips
            )
        )
        side = (
            {"align": "right", "dx": -8}
            if float(reached["coverage"].iloc[0]) > 0.5
            else {"align": "left", "dx": 8}
        )
        layers.append(mark.mark_text(**side, dy=-14, color=colors.muted).encode(x=x, y=y, text="words:N"))
        answered, right = (float(reached[name].iloc[0]) for name in ("coverage", "precision"))
        words += f"; at {threshold:g}: {answered:.0%} answered, {right:.0%} right"
    return finished(alt.layer(*layers), dark, words, height=_HEIGHT)


def class_curves(table: pd.DataFrame, kind: str, *, dark: bool = False) -> alt.LayerChart:
    """ROC or precision-recall curves, one line per class in its colour.

    Args:
        table: class, x, y (0..1) and area, from the surest image on.
        kind: "roc" (x false, y true positive rate) or "pr" (x recall, y precision).
        dark: theme.
    """
    palette_ = palette(dark)
    names = list(ordered(table["class"].unique()))
    hues = emotion_colors(names)
    titles = (
        ("others taken for it", "found of the class")
        if kind == "roc"
        else ("found of the class", "of these right")
    )
    axis = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, 1]), title=titles[0], axis=axis)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 1]), title=titles[1], axis=axis)
    curves = (
        alt.Chart(table)
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=y,
            order="order:Q",
            color=alt.Color(
                "class:N",
                scale=alt.Scale(domain=names, range=[hues[n] for n in names]),
                legend=alt.Legend(title=None, orient="bottom", labelColor=palette_.text, symbolType="stroke"),
            ),
            tooltip=[alt.Tooltip("class:N"), alt.Tooltip("area:Q", format=".3f", title="area")],
        )
    )
    layers: list[alt.Chart] = [curves]
    if kind == "roc":
        line = alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]})).mark_line(
            strokeDash=[4, 3], color=palette_.quiet, strokeWidth=1.5
        )
        layers.insert(0, line.encode(x=x, y=y))
    areas = table.drop_duplicates("class").set_index("class")["area"]
    words = f"{'ROC' if kind == 'roc' else 'Precision against recall'} per class, area: "
    words += ", ".join(f"{name} {areas[name]:.3f}" for name in names)
    return finished(alt.layer(*layers), dark, words, height=_HEIGHT)


def class_dumbbells(table: pd.DataFrame, *, dark: bool = False) -> alt.LayerChart:
    """F1 of two runs per class, joined by a line.

    Args:
        table: class, a and b (0..1), support.
        dark: theme.
    """
    colors = palette(dark)
    names = table["class"].tolist()
    y = alt.Y("class:N", sort=names, title=None, axis=alt.Axis(labelColor=colors.text, grid=False))
    low = max(0.0, float(table[["a", "b"]].min().min()) - 0.05)
    scale = alt.Scale(domain=[low, 1], nice=False)
    tips = [alt.Tooltip("class:N"), alt.Tooltip("support:Q", format=",d", title="images")]
    tips += [alt.Tooltip(f"{name}:Q", format=".3f", title=f"F1 of {name.upper()}") for name in "ab"]
    base = alt.Chart(table).encode(y=y, tooltip=tips)
    axis = alt.Axis(format=".2f", tickCount=5)
    layers = [
        base.mark_rule(strokeWidth=4, color=colors.quiet, opacity=0.5).encode(
            x=alt.X("a:Q", scale=scale, title="F1", axis=axis), x2="b:Q"
        )
    ]
    for column, hue in (("a", colors.second), ("b", colors.accent)):
        layers.append(
            base.mark_point(filled=True, size=95, opacity=1, color=hue).encode(
                x=alt.X(f"{column}:Q", scale=scale)
            )
        )
    words = "F1 per class: " + ", ".join(
        f"{r['class']} {r['a']:.3f} in A, {r['b']:.3f} in B" for r in table.to_dict("records")
    )
    return finished(alt.layer(*layers), dark, words, height=34 * max(len(names), 1))
