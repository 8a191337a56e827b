"""A recipe's fields as a form, built from the fields themselves: a new field appears without a line here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import streamlit as st
from jinja2 import Template
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from streamlit.delta_generator import DeltaGenerator

from fer_core.base.errors import FerError
from fer_core.recipes.losses import Loss
from fer_core.recipes.recipe import Recipe, Setting, fields
from fer_core.recipes.schema import PRESETS, Optimizer, Schedule
from fer_core.ui.components import markup, messages
from fer_core.ui.shell.server_paths import allowed
from fer_core.ui.train import recipe_labels

_MAY_BE_FILES = {"model.start", "model.weights_file", "distillation.teacher"}
_KINDS: dict[str, dict[str, type[BaseModel]]] = {
    table: {kind.model_fields["name"].default: kind for kind in get_args(get_args(union)[0])}
    for table, union in (("loss", Loss), ("optimizer", Optimizer), ("schedule", Schedule))
}
_CHANGED = Template((Path(__file__).parent / "assets" / "changed_fields.html").read_text(encoding="utf-8"))
"""The style of fields that were changed: `changed` are keys and what to show beside them."""
_AS_RECIPE = "as recipe"
_STRENGTHS: dict[str, dict[str, bool | float]] = {"none": {}, **PRESETS}
"""Strengths of augmentation to begin with; every field can still be changed."""
_HIDDEN = {"model.architecture", "model.backbone"}

Leaf = tuple[str, FieldInfo, Any]


def draw(
    recipe: Recipe,
    key: str,
    filled: Mapping[str, Any] | None = None,
    *,
    model: bool = True,
    more: Callable[[], None] | None = None,
) -> dict[str, Setting]:
    """Draw the form; return what was changed against the recipe: dotted field -> value, as `override` takes it.

    Args:
        recipe: what the fields show and are compared with.
        key: prefix of the widgets' keys; another key is a fresh form.
        filled: values the form begins with, where they are not the recipe's.
        model: whether the network can be changed.
        more: draws further rows of the group Main.
    """
    filled = filled or {}
    names = [name for name in recipe_labels.GROUPS if model or name != "Model"]
    with st.container(key=f"{key}-form"):
        tabs = dict(zip(names, st.tabs(names, key=f"{key}-tabs"), strict=True))
        form = _Form(recipe, key, filled, tabs)
        for table in _tables(recipe, model):
            form.table(table)
        if model:
            form.dropouts()
        with tabs["Main"]:
            if more is not None:
                more()
    form.mark()
    return form.changed


def summary(recipe: Recipe, settings: Mapping[str, Any]) -> str:
    """What differs from the recipe, old -> new, as a list."""
    before = fields(recipe)
    rows = "".join(
        f"<li><span>{markup.esc(recipe_labels.label(field))}</span> "
        f"<span>{markup.esc(recipe_labels.value(before.get(field, '–')))}"
        f" → <b>{markup.esc(recipe_labels.value(new))}</b></span></li>"
        for field, new in settings.items()
    )
    return f'<ul class="fer-changes" aria-label="Changed settings">{rows}</ul>' if rows else ""


def _tables(recipe: Recipe, model: bool) -> list[str]:
    """Tables in the order of the form; those no group knows come last."""
    first = ["training", "optimizer", "augmentation", "model", "loss", "schedule", "early_stopping"]
    every = [name for name in type(recipe).model_fields if isinstance(getattr(recipe, name), BaseModel)]
    return [name for name in [*first, *(n for n in every if n not in first)] if model or name != "model"]


class _Form:
    def __init__(
        self, recipe: Recipe, key: str, filled: Mapping[str, Any], tabs: Mapping[str, DeltaGenerator]
    ) -> None:
        self._recipe, self._key, self._filled, self._tabs = recipe, key, filled, tabs
        self.changed: dict[str, Setting] = {}
        self._old: dict[str, str] = {}  # key of a changed widget -> its old value in words

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
        with self._tabs[recipe_labels.group(field)]:
            new = _select(self._widget(field, ""), field, None, options, begin)
        if new == old:
            return before
        self._note(field, "", old, new)
        return _KINDS[name][new]()

    def _preset(self) -> str:
        with self._tabs["Main"]:
            key = f"{self._key}-augment"
            chosen = st.selectbox(
                "augmentation", [_AS_RECIPE, *_STRENGTHS], key=key,
                help="Random changes to every training image. A strength to begin with; each field is under Data",
            )  # fmt: skip
        return str(chosen)

    def _field(self, field: str, info: FieldInfo, old: Any, begin: Any, suffix: str) -> None:
        if field in _HIDDEN or field in {"model.blocks", "model.head"}:
            return
        new = self._input(field, info, begin, suffix)
        if new != old:
            self._note(field, suffix, old, new)

    def _note(self, field: str, suffix: str, old: Any, new: Any) -> None:
        self.changed[field] = new
        self._old[self._widget(field, suffix)] = recipe_labels.value(old)

    def _widget(self, field: str, suffix: str) -> str:
        return f"{self._key}-{field.replace('.', '-')}{suffix}"

    def _input(self, field: str, info: FieldInfo, begin: Any, suffix: str) -> Any:
        with self._tabs[recipe_labels.group(field)]:
            return _input(self._widget(field, suffix), field, info, begin)

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
        with self._tabs["Model"]:
            st.html('<p class="fer-muted">Dropout after each layer</p>')
            for number, block in enumerate(blocks):
                start = (
                    begin[number].get("dropout", 0.0)
                    if len(begin) == len(blocks)
                    else block.get("dropout", 0.0)
                )
                info = FieldInfo(annotation=float, description="Share of its outputs left out in each step")
                share = _input(f"{self._key}-dropout-{number}", _layer(block), info, float(start))
                if share != block.get("dropout", 0.0):
                    new[number]["dropout"] = share
                    self._old[f"{self._key}-dropout-{number}"] = recipe_labels.value(
                        block.get("dropout", 0.0)
                    )
        if new != blocks:
            self.changed[name] = new

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
    """`conv 64`, `dense 256`, `flatten`."""
    size = block.get("filters") or block.get("units")
    kind = str(block.get("kind", "dense")).replace("_", " ")
    return f"layer.{kind} {size}" if size else f"layer.{kind}"


def _limits(info: FieldInfo) -> tuple[float, float | None]:
    found: dict[str, float] = {}
    extra = get_args(info.annotation)[1:] if get_origin(info.annotation) is Annotated else ()
    for part in (*info.metadata, *extra):
        found |= {name: value for name in ("ge", "le") if (value := getattr(part, name, None)) is not None}
    return found.get("ge", 0.0), found.get("le")


def _input(key: str, field: str, info: FieldInfo, value: Any) -> Any:
    """One row: its name on the left, its value on the right."""
    label, text = recipe_labels.label(field), recipe_labels.help_text(field, info.description)
    options = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    if options:
        return _select(key, field, info.description, options, value)
    if isinstance(value, bool):
        return st.toggle(label, value=value, key=key, help=text)
    low, high = _limits(info)
    top = None if high is None else (int(high) if isinstance(value, int) else float(high))
    if isinstance(value, int):
        return int(
            st.number_input(label, value=value, min_value=int(low), max_value=top, step=1, key=key, help=text)
        )
    if isinstance(value, float):
        step = 10 ** (len(f"{value:.10f}".rstrip("0").partition(".")[2]) * -1.0) if value else 0.01
        return float(
            st.number_input(
                label, value=value, min_value=float(low), max_value=top, step=step, format="%.6g", key=key, help=text
            )
        )  # fmt: skip
    if isinstance(value, str):
        return _readable(field, st.text_input(label, value=value, key=key, help=text), value)
    return _as_text(key, label, value, text)


def _readable(field: str, told: str, value: str) -> str:
    """What is told; for a field that may name a file on the server the old value, where visitors may not read that file."""
    if field in _MAY_BE_FILES and told != value and Path(told).name != told:
        try:
            allowed(told)
        except FerError as error:
            messages.error(str(error))
            return value
    return told


def _select(key: str, field: str, description: str | None, options: Sequence[Any], value: Any) -> Any:
    return st.selectbox(
        recipe_labels.label(field), options, index=options.index(value) if value in options else 0,
        format_func=recipe_labels.value, key=key, help=recipe_labels.help_text(field, description),
    )  # fmt: skip


def _as_text(key: str, label: str, value: Any, text: str) -> Any:
    """A list or a missing value as JSON; what cannot be read stays as it was."""
    told = st.text_input(label, value=json.dumps(_plain(value)), key=key, help=text)
    try:
        found = json.loads(told or "null")
    except ValueError:
        messages.warning(f"{label} is not written as a list. Received: {told[:60]}")
        return value
    return value if found == _plain(value) else found


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
