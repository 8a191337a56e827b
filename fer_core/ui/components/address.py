"""The browser's history: one entry for what one run of a page changes in its address."""

from __future__ import annotations

from fer_core.ui.components import browser_part

_part = browser_part.load("fer_address", __file__, "<span></span>")


def tidy_history() -> None:
    """Keep Back and Forward on states that were seen; drawn once, on every page."""
    _part(key="fer-address", data={})
