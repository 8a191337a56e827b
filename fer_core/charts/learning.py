"""Learning curves: one measure by epoch, training against validation, with the best epoch marked."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from fer_core.charts.theme import finished, palette, spread

MEASURES = ("accuracy", "loss")
_HEIGHT = 240
_LABEL_LIMIT = 96  # pixels: a long run name must not press the plot
_LEAST_SPAN = 0.1  # of the axis, so that noise of a thousandth does not look like a mountain
_LABEL_GAP = 0.075  # of the axis: the height of a label


def learning_curve(
    metrics: pd.DataFrame,
    measure: str = "accuracy",
    *,
    best_epoch: int | None = None,
    others: Mapping[str, pd.DataFrame] | None = None,
    epochs: int | None = None,
    dark: bool = False,
) -> alt.LayerChart:
    """Training and validation by epoch, with labels at the ends of the lines and a tooltip per epoch.

    Args:
        metrics: one row per finished epoch, columns `epoch` (from 1), `accuracy`, `loss`, `val_accuracy`,
            `val_loss`; validation columns may be missing.
        measure: `accuracy` (0..1) or `loss`.
        best_epoch: marked with a dashed line.
        others: name -> metrics of other runs, whose validation (else training) curve is drawn behind, dashed.
        epochs: how many are planned: the axis reaches that far from the start, so that it does not jump.
        dark: theme.

    Raises:
        ValueError: an unknown measure.
    """
    if measure not in MEASURES:
        raise ValueError(f"`measure` must be one of {MEASURES}. Received: measure={measure!r}")
    colors = palette(dark)
    own = {name: column for name, column in _columns(measure).items() if column in metrics}
    long = pd.concat(
        [_line(metrics, column, name, "own") for name, column in own.items()]
        + [_line(table, _shown(table, measure), name, "other") for name, table in (others or {}).items()],
        ignore_index=True,
    )
    last_epoch = max(int(long["epoch"].max()) if len(long) else 1, epochs or 1, 2)
    x = alt.X(
        "epoch:Q",
        title="epoch",
        scale=alt.Scale(domain=[1, last_epoch], nice=False),
        axis=alt.Axis(format="d", tickMinStep=1, tickCount=8, grid=False, labelFlush=False),
    )
    low, high = _domain(long["value"], measure)
    y = alt.Y(
        "value:Q",
        title=measure,
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(format=".2f", tickCount=5),
    )
    hue = {"train": colors.accent, "val": colors.second}
    hues = alt.Color(
        "line:N", scale=alt.Scale(domain=list(own), range=[hue[name] for name in own]), legend=None
    )
    base = alt.Chart(long)
    layers = [
        base.transform_filter("datum.kind == 'other'")
        .mark_line(strokeDash=[4, 3], strokeWidth=1.5, color=colors.quiet)
        .encode(x=x, y=y, detail="line:N"),
        base.transform_filter("datum.kind == 'own'")
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18) if len(metrics) < 3 else False)
        .encode(x=x, y=y, color=hues),
    ]
    if best_epoch is not None:
        # In the corner the curves leave empty: accuracy rises from the bottom, loss falls from the top.
        place = (low, "bottom") if measure == "accuracy" else (high, "top")
        layers += _best(best_epoch, last_epoch, place, colors.muted, x, y)
    layers.append(_end_labels(long, (high - low) * _LABEL_GAP, x, y, colors.text, colors.muted))
    layers.append(_hover(metrics, measure, own, x, colors.muted))
    described = f"{measure} by epoch, training and validation, {len(metrics)} epochs"
    if best_epoch is not None:
        described += f", best epoch {best_epoch}"
    return finished(alt.layer(*layers), dark, described, height=_HEIGHT)


def _columns(measure: str) -> dict[str, str]:
    """Name of a curve -> its column in the metrics."""
    return {"train": measure, "val": f"val_{measure}"}


def _line(table: pd.DataFrame, column: str, name: str, kind: str) -> pd.DataFrame:
    lines = pd.DataFrame({"epoch": table["epoch"], "value": table[column].astype(float)})
    return lines.dropna().assign(line=name, kind=kind)


def _shown(table: pd.DataFrame, measure: str) -> str:
    return f"val_{measure}" if f"val_{measure}" in table else measure


def _domain(values: pd.Series, measure: str) -> tuple[float, float]:
    """Axis limits with a little air, within 0..1 for accuracy."""
    if values.empty:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    air = max((high - low) * 0.06, 0.01)
    if high - low < _LEAST_SPAN:
        air += (_LEAST_SPAN - (high - low)) / 2
    top = min(high + air, 1.0) if measure == "accuracy" else high + air
    return max(low - air, 0.0), top


def _best(
    epoch: int, last_epoch: int, place: tuple[float, str], color: str, x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    """A dashed line with its name, on the side where there is room."""
    height, baseline = place
    mark = alt.Chart(pd.DataFrame({"epoch": [epoch], "value": [height], "text": [f"best {epoch}"]}))
    side = {"align": "right", "dx": -4} if epoch > last_epoch / 4 else {"align": "left", "dx": 4}
    return [
        mark.mark_rule(strokeDash=[2, 3], color=color).encode(x=x),
        mark.mark_text(**side, baseline=baseline, color=color, fontSize=11).encode(x=x, y=y, text="text:N"),
    ]


def _end_labels(long: pd.DataFrame, gap: float, x: alt.X, y: alt.Y, text: str, muted: str) -> alt.Chart:
    """Names beside the last points, moved apart where they would lie on each other."""
    ends = long.sort_values("epoch").groupby(["kind", "line"], as_index=False).last()
    ends["value"] = spread(ends["value"].tolist(), gap)
    return (
        alt.Chart(ends)
        .mark_text(align="left", dx=6, baseline="middle", limit=_LABEL_LIMIT)
        .encode(
            x=x,
            y=y,
            text="line:N",
            color=alt.condition("datum.kind == 'own'", alt.value(text), alt.value(muted)),
        )
    )


def _hover(metrics: pd.DataFrame, measure: str, own: Mapping[str, str], x: alt.X, color: str) -> alt.Chart:
    """A line that follows the pointer, with the epoch's figures."""
    nearest = alt.selection_point(
        nearest=True, on="pointerover", clear="pointerout", fields=["epoch"], empty=False
    )
    tips = [alt.Tooltip("epoch:Q", format="d")]
    tips += [
        alt.Tooltip(f"{column}:Q", title=f"{measure}, {name}", format=".4f") for name, column in own.items()
    ]
    return (
        alt.Chart(metrics[["epoch", *own.values()]])
        .mark_rule(color=color)
        .encode(x=x, opacity=alt.condition(nearest, alt.value(0.6), alt.value(0)), tooltip=tips)
        .add_params(nearest)
    )
