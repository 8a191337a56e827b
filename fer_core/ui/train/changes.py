"""What the form changes against its recipe: old and new value, each with a way back, and one for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from fer_core.recipes.recipe import Recipe, fields
from fer_core.ui.components import markup
from fer_core.ui.train import recipe_form, recipe_labels

_LAYERS = ("model.blocks", "model.head")


def draw(recipe: Recipe, settings: Mapping[str, Any], key: str, undo_all: Callable[[], None]) -> None:
    """The list; nothing where nothing is changed.

    Args:
        recipe: what the form began with.
        settings: dotted field -> new value.
        key: of the form.
        undo_all: puts every field back, before the page is drawn next.
    """
    if not settings:
        return
    before = fields(recipe)
    with st.container(key="train-changes", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f"<b>{markup.plural(len(settings), 'change')}</b>", width="stretch")
            st.button(
                "Undo all",
                type="tertiary",
                key="train-reset",
                on_click=undo_all,
                help="The recipe's own values again",
            )
        for field, new in settings.items():
            label, old = recipe_labels.label(field), recipe_labels.value(before.get(field, "–"), field)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.html(
                    f'<ul class="fer-changes"><li><span>{markup.esc(label)}</span> <span>{markup.esc(old)} → '
                    f"<b>{markup.esc(_now(field, old, new))}</b></span></li></ul>",
                    width="stretch",
                )
                st.button(
                    f"Undo {label}", icon=":material/undo:", type="tertiary", key=f"train-undo-{field.replace('.', '-')}",
                    on_click=recipe_form.undo, args=(key, field), help=f"Back to {old}",
                )  # fmt: skip


def _now(field: str, old: str, new: Any) -> str:
    """The new value; of as many tables as before, what changed about them: of layers the form has their dropout alone."""
    said = recipe_labels.value(new, field)
    if said != old or not isinstance(new, list):
        return said
    return f"{'dropout' if field in _LAYERS else said.partition(' ')[2]} changed"
