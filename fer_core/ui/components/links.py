"""Markup in which words can be clicked: the tables of `html` with links that stay on the page.

A plain link would load the page anew and forget the session. Here a `go` in the markup becomes a button, and what was
clicked comes back to Python before the next draw.
"""

from __future__ import annotations

import html as escaping
from collections.abc import Callable

import streamlit as st

from fer_core.ui.html import Cell, Raw, esc

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.fer-links');
  root.innerHTML = data.markup;
  for (const button of root.querySelectorAll('[data-go]'))
    button.onclick = () => setTriggerValue('go', button.dataset.go);
}
"""

_links = st.components.v2.component(
    "fer_links", html='<div class="fer-links"></div>', js=_JS, isolate_styles=False
)


def go(words: Cell, where: str, title: str = "") -> Raw:
    """Words that can be clicked; `where` is what the callback is told."""
    tip = f' title="{escaping.escape(title)}"' if title else ""
    return Raw(
        f'<button type="button" class="fer-go" data-go="{escaping.escape(where)}"{tip}>{esc(words)}</button>'
    )


def draw(markup: str, *, key: str, on_go: Callable[[str], None]) -> None:
    """Draw markup (safe: from `html`); `on_go` is called with the `where` of what was clicked, before the next draw."""

    def clicked() -> None:
        if where := st.session_state[key].go:
            on_go(str(where))

    _links(key=key, data={"markup": markup}, on_go_change=clicked)
