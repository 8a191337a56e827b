"""Histograms with two handles each: what lies between them passes, and how many that are is told while one is dragged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from fer_core.ui.components import browser_part


@dataclass(frozen=True)
class RangeFilter:
    """One histogram.

    Attributes:
        name: what the callback is told.
        title: what is measured.
        edges: of the bars, rising; one more than bars.
        counts: images in each bar, of those that pass all other filters.
        low, high: edges the handles stand at, as places in `edges`.
    """

    name: str
    title: str
    edges: Sequence[float]
    counts: Sequence[int]
    low: int
    high: int


_ranges = browser_part.load(
    "fer_ranges", __file__, '<div class="ranges" role="group" aria-label="Ranges"></div>'
)


def draw(
    filters: Sequence[RangeFilter],
    *,
    key: str,
    on_change: Callable[[str, float | None, float | None], None],
) -> None:
    """Draw the histograms; `on_change` is told name, lowest and highest when a handle is let go. None: open."""
    key = browser_part.key_of(key)

    def changed() -> None:
        if found := st.session_state[key].range:
            name, low, high = found
            on_change(str(name), *(None if end is None else float(end) for end in (low, high)))

    _ranges(key=key, data={"filters": [vars(one) for one in filters]}, on_range_change=changed)
