"""Validation errors in the words of a recipe: "`x` must be one of {...}. Received: x=..."."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from fer_core.base.errors import RecipeError

_SHORT = {"lr": "learning_rate", "wd": "weight_decay", "batch": "batch_size", "bs": "batch_size"}
"""What other tools call a field."""


def as_recipe_error(error: ValidationError, names: Collection[str] = ()) -> RecipeError:
    """The first problem of a failed validation as one sentence.

    Args:
        error: of pydantic.
        names: dotted names of the fields of what was validated, to propose one for a name that is none.
    """
    first = error.errors()[0]
    context = first.get("ctx", {})
    field = _dotted(first["loc"], first["type"])
    received = f"{field}={first['input']!r}"[:200]
    match first["type"]:
        case "literal_error":
            message = f"`{field}` must be one of {{{context['expected'].replace(' or ', ', ')}}}"
        case "union_tag_invalid":
            tag = context["discriminator"].strip("'")
            field = f"{field}.{tag}"
            message = f"`{field}` must be one of {{{context['expected_tags']}}}"
            received = f"{field}={context['tag']!r}"
        case "union_tag_not_found":
            message = f"`{field}` needs the field {context['discriminator']}"
        case "extra_forbidden":
            table, _, name = field.rpartition(".")
            place = f"`{table}` of this recipe" if table else "a recipe"
            return RecipeError(
                f"`{name}` is not a field of {place}",
                received=received,
                hint=_meant(field, names) or "`fer recipes NAME` lists the fields",
            )
        case "missing":
            return RecipeError(f"`{field}` is missing")
        case _:
            message = f"`{field}` {_should(first['msg'])}"
    return RecipeError(message, received=received)


def _meant(field: str, names: Collection[str]) -> str:
    """`Did you mean `optimizer.learning_rate`?`, or "" where nothing is like it."""
    table, _, name = field.rpartition(".")
    known = {other.rpartition(".")[2]: other for other in names if other != field}
    known |= {
        other.rpartition(".")[2]: other for other in names if other.startswith(f"{table}.") and other != field
    }
    wanted = _SHORT.get(name.lower(), name.lower())
    close = [wanted] if wanted in known else get_close_matches(wanted, list(known), n=1, cutoff=0.75)
    return f"Did you mean `{known[close[0]]}`?" if close else ""


def _should(message: str) -> str:
    """`Input should be greater than 0` -> `must be greater than 0`."""
    text = message.split(", unable")[0].replace("Input should", "must")
    return text if text.startswith("must") else f"is not valid: {text}"


def _dotted(location: tuple[int | str, ...], kind: str) -> str:
    """Dotted name of a field. Pydantic puts the tag of a union between table and field; a recipe does not."""
    parts: list[str] = []
    for index, part in enumerate(location):
        if isinstance(part, int):
            parts[-1] += f"[{part}]"
        elif not _is_tag(location, index):
            parts.append(part)
    return ".".join(parts)


def _is_tag(location: tuple[Any, ...], index: int) -> bool:
    after_table = index == 1 and location[0] in {"loss", "model", "optimizer", "schedule"}
    after_item = index > 0 and isinstance(location[index - 1], int)
    return after_table or after_item
