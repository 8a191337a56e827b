"""A recipe's fields as a form, built from the fields themselves: a new field appears without a line here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import streamlit as st
from jinja2 import Template
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from streamlit.delta_generator import DeltaGenerator

from fer_core.recipes.losses import Loss
from fer_core.recipes.recipe import Recipe, Setting, fields
from fer_core.recipes.schema import PRESETS, Optimizer, Schedule
from fer_core.ui.components import markup
from fer_core.ui.train import recipe_labels, recipe_row

_KINDS: dict[str, dict[str, type[BaseModel]]] = {
    table: {kind.model_fields["name"].default: kind for kind in get_args(get_args(union)[0])}
    for table, union in (("loss", Loss), ("optimizer", Optimizer), ("schedule", Schedule))
}
_CHANGED = Template((Path(__file__).parent / "assets" / "changed_fields.html").read_text(encoding="utf-8"))
"""The style of fields that were changed: `changed` are keys and what to show beside them."""
_LEFT_OUT = Template((Path(__file__).parent / "assets" / "fields_left_out.html").read_text(encoding="utf-8"))
"""The style of fields that nobody looks for: `keys`."""
_AS_RECIPE = "as recipe"
_STRENGTHS: dict[str, dict[str, bool | float]] = {"none": {}, **PRESETS}
"""Strengths of augmentation to begin with; every field can still be changed."""
_HIDDEN = {"model.architecture", "model.backbone", "model.blocks", "model.head"}

Leaf = tuple[str, FieldInfo, Any]


def draw(
    recipe: Recipe,
    key: str,
    filled: Mapping[str, Any] | None = None,
    *,
    model: bool = True,
    start: bool = True,
    more: Callable[[], None] | None = None,
) -> dict[str, Setting]:
    """Draw the form; return what was changed against the recipe: dotted field -> value, as `override` takes it.

    Args:
        recipe: what the fields show and are compared with.
        key: prefix of the widgets' keys; another key is a fresh form.
        filled: values the form begins with, where they are not the recipe's.
        model: whether the network can be changed.
        start: whether what it begins with is among the fields.
        more: draws further rows of the first group.
    """
    with st.container(key=f"{key}-form"):
        wanted = st.text_input(
            "Find a field", key=f"{key}-find", placeholder="Find a field: rate, rotation, overfits",
            label_visibility="collapsed", icon=":material/search:",
        )  # fmt: skip
        names = recipe_labels.GROUPS
        if wanted.strip():
            (found,) = st.tabs([f"Fields with “{wanted.strip()}”"], key=f"{key}-found")
            tabs = dict.fromkeys(names, found)
        else:
            tabs = dict(zip(names, st.tabs(names, key=f"{key}-tabs"), strict=True))
        form = _Form(recipe, key, filled or {}, tabs, set() if start else {"model.start"})
        for table in _tables(recipe, model):
            form.table(table)
        if model:
            form.dropouts()
        with tabs[names[0]]:
            if more is not None:
                more()
        if wanted.strip():
            form.hide(wanted)
    form.mark()
    st.session_state[f"{key}-undo"] = form.before
    return form.changed


def undo(key: str, field: str) -> None:
    """Give a field its recipe's value again; before the form is drawn next."""
    for widget, value in st.session_state.get(f"{key}-undo", {}).get(field, []):
        st.session_state[widget] = value


def rate_widget(key: str, optimizer: str) -> str:
    """Key of the field of the learning rate, on the form of that key, of an optimizer of that name."""
    return f"{key}-optimizer-learning_rate-{optimizer}"


def summary(recipe: Recipe, settings: Mapping[str, Any]) -> str:
    """What differs from the recipe, old -> new, as a list."""
    before = fields(recipe)
    rows = "".join(
        f"<li><span>{markup.esc(recipe_labels.label(field))}</span> "
        f"<span>{markup.esc(recipe_labels.value(before.get(field, '–'), field))}"
        f" → <b>{markup.esc(recipe_labels.value(new, field))}</b></span></li>"
        for field, new in settings.items()
        if before.get(field) != new  # of a table of another kind, what is alike in both
    )
    return f'<ul class="fer-changes" aria-label="Changed settings">{rows}</ul>' if rows else ""


def _tables(recipe: Recipe, model: bool) -> list[str]:
    """Tables in the order of the form; those no group knows come last."""
    first = ["training", "optimizer", "augmentation", "model", "loss", "schedule", "early_stopping"]
    every = [name for name in type(recipe).model_fields if isinstance(getattr(recipe, name), BaseModel)]
    return [name for name in [*first, *(n for n in every if n not in first)] if model or name != "model"]


class _Form:
    def __init__(
        self,
        recipe: Recipe,
        key: str,
        filled: Mapping[str, Any],
        tabs: Mapping[str, DeltaGenerator],
        left_out: set[str],
    ) -> None:
        self._recipe, self._key, self._filled, self._tabs = recipe, key, filled, tabs
        self._hidden = _HIDDEN | left_out
        self.changed: dict[str, Setting] = {}
        self.before: dict[
            str, list[tuple[str, Any]]
        ] = {}  # changed field -> keys and old values of its widgets
        self._old: dict[str, str] = {}  # key of a changed widget -> its old value in words
        self._drawn: dict[str, str] = {}  # key of a widget -> what it is found by

    def table(self, name: str) -> None:
        """The fields of one table, each in its group."""
        before: BaseModel = getattr(self._recipe, name)
        table, preset = before, ""
        if name in _KINDS:
            table = self._kind(name, before)
        if name == "augmentation":
            preset = self._preset()
        start = _STRENGTHS.get(preset)
        kind = "-".join(filter(None, (str(getattr(table, "name", "")), preset if start is not None else "")))
        suffix = f"-{kind}" if kind else ""
        for field, info, old in _leaves(table, name):
            begin = old
            if start is not None:
                begin = start.get(field.partition(".")[2], info.get_default())
            self._field(field, info, old, self._filled.get(field, begin), suffix)

    def _kind(self, name: str, before: BaseModel) -> BaseModel:
        field, options = f"{name}.name", list(_KINDS[name])
        old = str(getattr(before, "name", ""))
        begin = self._filled.get(field, old)
        key = self._widget(field, "")
        self._drawn[key] = recipe_labels.searched(field, None)
        with self._tabs[recipe_labels.group(field)]:
            new = recipe_row.select(key, field, None, options, begin)
        if new == old:
            return before
        self._note(field, key, old, new)
        return _KINDS[name][new]()

    def _preset(self) -> str:
        key = f"{self._key}-augment"
        self._drawn[key] = "augmentation strength overfits"
        with self._tabs[recipe_labels.GROUPS[0]]:
            chosen = st.selectbox(
                "augmentation", [_AS_RECIPE, *_STRENGTHS], key=key, persist_state="session",
                help="Random changes to every training image. A strength to begin with; each field is under Overfitting",
            )  # fmt: skip
        return str(chosen)

    def _field(self, field: str, info: FieldInfo, old: Any, begin: Any, suffix: str) -> None:
        if field in self._hidden:
            return
        key = self._widget(field, suffix)
        self._drawn[key] = recipe_labels.searched(field, info.description)
        with self._tabs[recipe_labels.group(field)]:
            new = recipe_row.draw(key, field, info, begin)
        if new != old:
            self._note(field, key, old, new)

    def _note(self, field: str, key: str, old: Any, new: Any) -> None:
        self.changed[field] = new
        self.before[field] = [(key, recipe_row.raw(old))]
        self._old[key] = recipe_labels.value(old, field)

    def _widget(self, field: str, suffix: str) -> str:
        return f"{self._key}-{field.replace('.', '-')}{suffix}"

    def dropouts(self) -> None:
        """The share each layer leaves out, one row per layer; the rest of the layers is the recipe's."""
        table = fields(self._recipe)
        name = next((n for n in ("model.blocks", "model.head") if n in table), None)
        if name is None:
            return
        layers = table[name]
        blocks = [dict(block) for block in layers] if isinstance(layers, list) else []
        begin = self._filled.get(name) or blocks
        new = [dict(block) for block in blocks]
        usual = FieldInfo(annotation=float, description="Share of its outputs left out in each step")
        back = []
        with self._tabs[recipe_labels.group("model.l2.conv")]:
            for number, block in enumerate(blocks):
                old = float(block.get("dropout", 0.0))
                first = float(begin[number].get("dropout", 0.0)) if len(begin) == len(blocks) else old
                key, label = f"{self._key}-dropout-{number}", _layer(block)
                self._drawn[key] = f"dropout after {label} overfits"
                share = recipe_row.draw(key, label, usual, first)
                if share != old:
                    new[number]["dropout"] = share
                    self._old[key] = recipe_labels.value(old)
                    back.append((key, old))
        if new != blocks:
            self.changed[name] = new
            self.before[name] = back

    def hide(self, wanted: str) -> None:
        """Leave the rows in sight that have all these words; the others keep what stands in them."""
        words = wanted.lower().split()
        hidden = [key for key, text in self._drawn.items() if not all(word in text.lower() for word in words)]
        if len(hidden) == len(self._drawn):
            st.html('<p class="fer-muted">No field with that. Try what it does: rate, overfits, memory.</p>')
        st.html(_LEFT_OUT.render(keys=hidden))

    def mark(self) -> None:
        """Changed rows in the accent colour, with the old value before the new one."""
        changed = [(key, json.dumps(f"{old} →", ensure_ascii=False)) for key, old in self._old.items()]
        st.html(_CHANGED.render(changed=changed))


def _leaves(table: BaseModel, prefix: str) -> Iterator[Leaf]:
    for name, info in type(table).model_fields.items():
        value, field = getattr(table, name), f"{prefix}.{name}"
        if prefix in _KINDS and name == "name":
            continue
        if isinstance(value, BaseModel):
            yield from _leaves(value, field)
        else:
            yield field, info, value


def _layer(block: Mapping[str, Any]) -> str:
    """`dropout, conv 64`, `dropout, flatten`: as the end of a name of a field."""
    size = block.get("filters") or block.get("units")
    kind = str(block.get("kind", "dense")).replace("_", " ")
    return f"layer.dropout, {kind} {size}" if size else f"layer.dropout, {kind}"
