"""A recipe's fields as a form, built from the fields themselves: a new field appears without a line here."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fer_core.training.recipe import Recipe

TABS: dict[str, str] = {
    "training": "Main",
    "augmentation": "Augment",
    "loss": "Loss",
    "optimizer": "Optimiser",
    "schedule": "Schedule",
    "early_stopping": "Stop",
}


def words(field: str) -> str:
    """`learning_rate` -> `learning rate`."""
    return field.replace("_", " ")


def draw(recipe: Recipe, prefix: str = "") -> dict[str, Any]:
    """Draw the form; return what was changed against the recipe: dotted field -> value.

    Args:
        recipe: what the fields show.
        prefix: of the widgets' keys, where a second form may be on screen.
    """
    changed: dict[str, Any] = {}
    for tab, name in zip(st.tabs(list(TABS.values())), TABS, strict=True):
        with tab:
            changed |= _table(recipe, name, prefix, skip=("learning_rate",) if name == "optimizer" else ())
            if name == "training":
                changed |= _table(recipe, "optimizer", prefix, only=("learning_rate",))
    return changed


def _table(
    recipe: Recipe, name: str, prefix: str, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()
) -> dict[str, Any]:
    table: BaseModel = getattr(recipe, name)
    fields = {k: v for k, v in type(table).model_fields.items() if (not only or k in only) and k not in skip}
    changed = {}
    for number, (field, info) in enumerate(fields.items()):
        if number % 2 == 0:
            places = st.columns(2, vertical_alignment="bottom")
        old = getattr(table, field)
        with places[number % 2]:
            new = _input(f"{prefix}{recipe.name}-{name}-{field}", field, info, old)
        if new != old:
            changed[f"{name}.{field}"] = new
    return changed


def _input(key: str, field: str, info: FieldInfo, value: Any) -> Any:
    label, text = words(field), info.description
    options = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    if len(options) > 1:
        return st.selectbox(label, options, index=options.index(value), key=key, help=text)
    if options:
        st.html(f'<p class="fer-muted">{words(str(value))}</p>')
        return value
    if isinstance(value, bool):
        return st.toggle(label, value=value, key=key, help=text)
    if isinstance(value, int):
        return int(st.number_input(label, value=value, min_value=0, step=1, key=key, help=text))
    step = 10 ** (len(f"{value:.10f}".rstrip("0").partition(".")[2]) * -1.0) if value else 0.01
    return float(
        st.number_input(
            label, value=float(value), min_value=0.0, step=step, format="%.6g", key=key, help=text
        )
    )
