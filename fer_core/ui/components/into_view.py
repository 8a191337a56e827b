"""Bring a part of the page into view once something has happened, wherever the page was scrolled to."""

from __future__ import annotations

from fer_core.ui.components import browser_part

_part = browser_part.load("fer_into_view", __file__, "<span></span>")


def bring(key: str, token: int) -> None:
    """Scroll to the container of that key when `token` is another than before; 0 does nothing."""
    _part(key=f"into-view-{key}", data={"target": f".st-key-{key}", "token": token})
