"""Markup in which words can be clicked: the tables of `html` with links that stay on the page.

A plain link would load the page anew and forget the session. Here a `go` in the markup becomes a button, and what was
clicked comes back to Python before the next draw.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from markupsafe import Markup, escape

from fer_core.ui.components import browser_part
from fer_core.ui.components.markup import Cell, esc

_links = browser_part.load("fer_links", __file__, '<div class="fer-links"></div>', isolate_styles=False)


def go(words: Cell, where: str, title: str = "") -> Markup:
    """Words that can be clicked; `where` is what the callback is told."""
    tip = f' title="{escape(title)}"' if title else ""
    return Markup(
        f'<button type="button" class="fer-go" data-go="{escape(where)}"{tip}>{esc(words)}</button>'
    )


def draw(markup: str, *, key: str, on_go: Callable[[str], None]) -> None:
    """Draw markup (safe: from `html`); `on_go` is called with the `where` of what was clicked, before the next draw."""

    key = browser_part.key_of(key)

    def clicked() -> None:
        if where := st.session_state[key].go:
            on_go(str(where))

    _links(key=key, data={"markup": markup}, on_go_change=clicked)
