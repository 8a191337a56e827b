"""What all figures share: colours for light and dark, quiet axes, a transparent background."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import altair as alt

_C = TypeVar("_C", "alt.Chart", "alt.LayerChart")

FONT = '"Source Sans", sans-serif'  # Streamlit's own
COUNT_FORMAT = ",d"
"""d3 format of counts: thousands separators."""


@dataclass(frozen=True)
class Palette:
    """Colours that depend on the theme.

    Attributes:
        text, muted: of values and of axes.
        grid: lines behind the data.
        track: the empty part of a bar.
        accent: what the figure is about.
        second: what it is compared with (told from `accent` under every common colour-vision deficiency).
        quiet: context that must not compete.
        low, high: ends of the scale for shares, from the page's background to full.
    """

    text: str
    muted: str
    grid: str
    track: str
    accent: str
    second: str
    quiet: str
    low: str
    high: str


LIGHT = Palette(
    text="#1F2328",
    muted="#5C636B",
    grid="#E9ECEF",
    track="#EEF0F3",
    accent="#3B5BDB",
    second="#E8590C",
    quiet="#9AA1A9",
    low="#F1F3F8",
    high="#2B47B8",
)
DARK = Palette(
    text="#E6E8EB",
    muted="#A3AAB3",
    grid="#2A3038",
    track="#262C35",
    accent="#7C93F5",
    second="#FF922B",
    quiet="#7B838D",
    low="#1D2230",
    high="#A9B8FF",
)
# The neutral shades of `emotions.SPLIT_COLORS` mirrored, so that `train` stands out most on a dark page too.


def palette(dark: bool) -> Palette:
    """The colours for one theme."""
    return DARK if dark else LIGHT


def styled(chart: _C, dark: bool, description: str, *, height: int) -> _C:
    """A chart with the house's look.

    Args:
        chart: the figure, marks and encodings done.
        dark: which theme.
        description: what it shows, in words, for screen readers.
        height: of the plot without axes and legend, pixels; the width is the page's.
    """
    import altair as alt  # takes half a second to import

    colors = palette(dark)
    # One call: each `configure_...` would copy the whole figure once more.
    styled: _C = chart.properties(
        width="container",
        height=height,
        description=description,
        background="transparent",
        # Streamlit would fit the height too, axes and legend included, and press the bars together.
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 4, "top": 6, "bottom": 4, "right": 8},
        config=alt.Config(
            font=FONT,
            view=alt.ViewConfig(stroke=None),
            axis=alt.AxisConfig(
                labelColor=colors.muted,
                titleColor=colors.muted,
                titleFontWeight="normal",
                titlePadding=8,
                labelFontSize=12,
                titleFontSize=12,
                gridColor=colors.grid,
                domain=False,
                ticks=False,
                labelPadding=6,
            ),
            legend=alt.LegendConfig(
                labelColor=colors.text,
                titleColor=colors.muted,
                labelFontSize=12,
                titleFontSize=12,
                orient="top",
                direction="horizontal",
                symbolType="square",
                title=None,
            ),
            text=alt.MarkConfig(color=colors.text, fontSize=12),
        ),
    )
    return styled


def spread_labels(positions: list[float], gap: float) -> list[float]:
    """Positions moved apart to at least `gap`, order and centre kept: for labels beside lines."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    result = list(positions)
    # Push up from below, then shift the whole stack so that it stays centred on where the labels belong.
    for before, after in pairwise(order):
        result[after] = max(result[after], result[before] + gap)
    shift = sum(p - r for p, r in zip(positions, result, strict=True)) / max(len(positions), 1)
    return [value + shift for value in result]
