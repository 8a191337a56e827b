"""How large the splits are, before and after."""

from __future__ import annotations

import altair as alt
import pandas as pd

from fer_core.charts.theme import COUNT_FORMAT, PERCENT_FORMAT, finished, split_colors
from fer_core.emotions import ordered_splits

_GAP = 0.002  # between neighbours, as a share of the bar
_ROW = 34


def split_shares(counts: pd.DataFrame, *, dark: bool = False) -> alt.LayerChart:
    """One bar per state of the dataset, divided into its splits, with the shares in words beside it.

    Args:
        counts: images; one row per bar, in this order (index, such as `before` and `after`), one column per
            split.
        dark: theme.
    """
    splits, bars = list(ordered_splits(counts.columns)), [str(name) for name in counts.index]
    shades = split_colors(splits, dark)
    pieces, labels = [], []
    for bar, row in zip(bars, counts[splits].to_numpy(dtype=float), strict=True):
        shares = row / max(row.sum(), 1)
        start = 0.0
        for split, images, share in zip(splits, row, shares, strict=True):
            end = start + share
            pieces.append((bar, split, int(images), share, start, max(end - _GAP, start + share / 2)))
            start = end
        labels.append((bar, 1.0, " / ".join(f"{share:.1%}".removesuffix("%") for share in shares) + " %"))
    table = pd.DataFrame(pieces, columns=["bar", "split", "images", "share", "start", "end"])
    y = alt.Y("bar:N", sort=bars, title=None)
    scale = alt.Scale(domain=[0, 1])
    drawn = (
        alt.Chart(table)
        .mark_bar(size=18)
        .encode(
            y=y,
            x=alt.X("start:Q", scale=scale, axis=None),
            x2="end:Q",
            color=alt.Color("split:N", scale=alt.Scale(domain=splits, range=[shades[s] for s in splits])),
            tooltip=[
                alt.Tooltip("bar:N", title="splits"),
                alt.Tooltip("split:N"),
                alt.Tooltip("images:Q", format=COUNT_FORMAT),
                alt.Tooltip("share:Q", format=PERCENT_FORMAT),
            ],
        )
    )
    words = (
        alt.Chart(pd.DataFrame(labels, columns=["bar", "x", "text"]))
        .mark_text(align="left", dx=8)
        .encode(y=y, x=alt.X("x:Q", scale=scale, axis=None), text="text:N")
    )
    described = "; ".join(f"{bar}: {' / '.join(splits)} {text}" for bar, _, text in labels)
    return finished(drawn + words, dark, described, height=_ROW * len(bars))
