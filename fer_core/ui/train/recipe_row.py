"""One row of a recipe's form: its name on the left, its value on the right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fer_core.base.errors import FerError
from fer_core.ui.components import messages
from fer_core.ui.shell.server_paths import allowed
from fer_core.ui.train import recipe_labels

_MAY_BE_FILES = {"model.start", "model.weights_file", "distillation.teacher"}


def _limits(info: FieldInfo) -> tuple[float, float | None]:
    found: dict[str, float] = {}
    extra = get_args(info.annotation)[1:] if get_origin(info.annotation) is Annotated else ()
    for part in (*info.metadata, *extra):
        found |= {name: value for name in ("ge", "le") if (value := getattr(part, name, None)) is not None}
    return found.get("ge", 0.0), found.get("le")


def draw(key: str, field: str, info: FieldInfo, value: Any) -> Any:
    """Draw the row; what stands in it, kept while the visit lasts."""
    label, text = recipe_labels.label(field), recipe_labels.help_text(field, info.description)
    options = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    if options:
        return select(key, field, info.description, options, value)
    if isinstance(value, bool):
        return st.toggle(label, value=value, key=key, help=text, persist_state="session")
    low, high = _limits(info)
    top = None if high is None else (int(high) if isinstance(value, int) else float(high))
    if isinstance(value, int):
        return int(
            st.number_input(
                label,
                value=value,
                min_value=int(low),
                max_value=top,
                step=1,
                key=key,
                help=text,
                persist_state="session",
            )
        )
    if isinstance(value, float):
        step = 10 ** (len(f"{value:.10f}".rstrip("0").partition(".")[2]) * -1.0) if value else 0.01
        return float(
            st.number_input(
                label, value=value, min_value=float(low), max_value=top, step=step, format="%.6g", key=key, help=text,
                persist_state="session",
            )
        )  # fmt: skip
    if isinstance(value, str):
        return _readable(
            field, st.text_input(label, value=value, key=key, help=text, persist_state="session"), value
        )
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


def select(key: str, field: str, description: str | None, options: Sequence[Any], value: Any) -> Any:
    return st.selectbox(
        recipe_labels.label(field), options, index=options.index(value) if value in options else 0,
        format_func=recipe_labels.value, key=key, help=recipe_labels.help_text(field, description),
        persist_state="session",
    )  # fmt: skip


def _as_text(key: str, label: str, value: Any, text: str) -> Any:
    """A list or a missing value as JSON; what cannot be read stays as it was."""
    told = st.text_input(label, value=json.dumps(_plain(value)), key=key, help=text, persist_state="session")
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


def raw(value: Any) -> Any:
    """A value as the widget of its row holds it."""
    return value if isinstance(value, bool | int | float | str) else json.dumps(_plain(value))
