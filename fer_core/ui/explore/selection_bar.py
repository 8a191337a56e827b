"""What to do with the faces that are selected: a bar at the foot of the window, so that selecting moves nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.ui.components import markup, messages
from fer_core.ui.explore.state import Explorer

_MANY = 2000
_LABELS = 10


def draw(explorer: Explorer, positions: NDArray[np.int64], key: str = "exp-bulk") -> None:
    """The bar; nothing while no face is selected, but what was decided last and the way back.

    Args:
        positions: places of all faces that could be selected, int64 (n,).
        key: unique on the page.
    """
    picked = explorer.state.picked
    if not picked:
        if explorer.state.last:
            with st.container(key=key, horizontal=True, vertical_alignment="center", gap="small"):
                st.html(
                    f'<p class="fer-note">{markup.chip("good", explorer.state.last)}</p>', width="content"
                )
                st.button("Undo", icon=":material/undo:", key=f"{key}-undo", on_click=explorer.undo)
        return

    def act(action: str, label: str | None = None) -> None:
        explorer.decide(explorer.state.picked, action, label)

    def press(words: str, shortcut: str | None, *args: str, **more: Any) -> None:
        key_ = explorer.key(shortcut)
        st.button(words, shortcut=key_, key=f"{key}-{args[0]}-{args[-1]}", on_click=act, args=args, **more)

    with st.container(key=key, horizontal=True, vertical_alignment="center", gap="xsmall"):
        told = markup.heading(f"{len(picked):,} selected", "the keys act on all of them")
        st.html(told, width="content")
        if len(picked) < len(positions) <= _MANY:
            st.button(
                f"Select all {len(positions):,}", type="tertiary", key=f"{key}-all",
                on_click=_select_all, args=(explorer, positions),
            )  # fmt: skip
        st.button("Clear", type="tertiary", key=f"{key}-none", on_click=explorer.unpick)
        for number, name in enumerate(explorer.classes[:_LABELS], start=1):
            press(f"→ {messages.plain(name)}", str(number) if number < 10 else None, "relabel", name)
        press("Keep labels", "K", "keep")
        press("Ambiguous", "A", "ambiguous")
        press(f"Delete {len(picked):,}", "D", "delete")


def _select_all(explorer: Explorer, positions: NDArray[np.int64]) -> None:
    explorer.unpick()
    explorer.state.picked = tuple(explorer.facts.columns.ids(positions))
