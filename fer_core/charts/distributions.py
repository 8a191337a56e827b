"""How many images have which value, with bars that can be clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.charts.theme import COUNT_FORMAT, palette, styled

_BINS = 40
BAR = "bar"
"""Name of the selection: its points have `start`, `end` and `group`."""


def binned(values: NDArray[np.float64], groups: NDArray[np.int32], names: Sequence[str]) -> pd.DataFrame:
    """Images per bin and group, in 40 bins of equal width.

    Args:
        values: float64 (n,); NaN are left out. All equal values make one bin.
        groups: int32 (n,), place of each image's group in `names`; -1 is left out.
        names: the groups.

    Returns:
        start, end (the last bin includes its end), group, images (int64, none of them 0).
    """
    good = np.isfinite(values) & (groups >= 0)
    values, groups = values[good], groups[good]
    if not len(values):
        return pd.DataFrame({"start": [], "end": [], "group": [], "images": []})
    low, high, bins = float(values.min()), float(values.max()), _BINS
    if low == high:
        low, high, bins = low - 0.5, high + 0.5, 1
    edges = np.linspace(low, high, bins + 1)
    bin_index = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, bins - 1)
    counts = np.bincount(groups.astype(np.int64) * bins + bin_index, minlength=len(names) * bins)
    group, at = np.divmod(np.flatnonzero(counts), bins)
    return pd.DataFrame(
        {
            "start": edges[at],
            "end": edges[at + 1],
            "group": [names[g] for g in group],
            "images": counts[counts > 0].astype(np.int64),
        }
    )


def handle_edges(values: NDArray[np.float64], bars: int = 28) -> NDArray[np.float64]:
    """Edges of bars between which handles can stand: halfway between values where there are few, else even over all but the
    outermost 1 %, which the first and the last bar hold. Empty where all values are the same. No value lies on an inner edge:
    whether an end counts as inside makes no difference.

    Args:
        values: float64 (n,); NaN are left out.
        bars: about as many at most.
    """
    known = np.unique(values[np.isfinite(values)])
    if len(known) < 2:
        return np.zeros(0)
    between = (known[1:] + known[:-1]) / 2
    if len(known) <= bars:
        return np.array([known[0], *between, known[-1]])
    low, high = np.nanquantile(values[np.isfinite(values)], [0.005, 0.995])
    inner = np.linspace(low, high, bars - 1)
    inner = np.array([float(f"{edge:.4g}") for edge in inner])
    inner = np.clip(inner, known[0], known[-1])
    met = np.isin(inner, known)
    place = np.searchsorted(known, inner[met])
    sides = [*between[np.maximum(place - 1, 0)], *between[np.minimum(place, len(between) - 1)]]
    return np.unique([known[0], *inner[~met], *sides, known[-1]])


def histogram(
    table: pd.DataFrame, *, title: str, colors: Mapping[str, str] | None = None, dark: bool = False
) -> alt.Chart:
    """Bars of `binned`, stacked by group; a click selects one (`BAR`).

    Args:
        table: from `binned`.
        title: of the horizontal axis, with the unit.
        colors: one per group, in the order of the legend; None for a single group.
        dark: theme.
    """
    paint = palette(dark)
    shown = table.assign(middle=(table["start"] + table["end"]) / 2)
    picked = alt.selection_point(name=BAR, fields=["start", "end", "group"], on="click", clear="dblclick")
    tips = [
        alt.Tooltip("start:Q", format=".4~g", title="from"),
        alt.Tooltip("end:Q", format=".4~g", title="to"),
        alt.Tooltip("images:Q", format=COUNT_FORMAT),
    ]
    color: alt.Color | alt.Value = alt.value(paint.accent)
    if colors is not None:
        scale = alt.Scale(domain=list(colors), range=list(colors.values()))
        color = alt.Color("group:N", scale=scale)
        tips.insert(0, alt.Tooltip("group:N"))
    chart = (
        alt.Chart(shown)
        .mark_bar(binSpacing=1, cursor="pointer")
        .encode(
            x=alt.X(
                "start:Q", bin="binned", title=title, axis=alt.Axis(grid=False, format=".3~g", tickCount=8)
            ),
            x2="end:Q",
            y=alt.Y(
                "sum(images):Q", title="images", stack="zero", axis=alt.Axis(format=COUNT_FORMAT, tickCount=4)
            ),
            color=color,
            detail=["end:Q"],
            opacity=alt.condition(picked, alt.value(1.0), alt.value(0.35)),
            tooltip=tips,
        )
        .add_params(picked)
    )
    total = int(table["images"].sum()) if len(table) else 0
    description = f"histogram of {title}, {total:,} images"
    if colors is not None:
        description += " by " + ", ".join(colors)
    return styled(chart, dark, description, height=230)
