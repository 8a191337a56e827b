"""What a search varies: fields of a recipe, each with a range or a list of choices.

>>> from fer_core.recipes.recipe import load
>>> read_field(load("compact"), "optimizer.learning_rate=1e-4..1e-2").text
'optimizer.learning_rate=0.0001..0.01:log'
>>> read_field(load("compact"), "training.batch_size").text
'training.batch_size=32,64,128,256'
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fer_core.base.errors import RecipeError
from fer_core.recipes.recipe import Recipe, fields, override

Choice = bool | int | float | str
RATES = frozenset({"learning_rate", "weight_decay", "min_learning_rate"})
"""Last parts of the fields that act by their order of magnitude: they are drawn on a log scale."""
DECADES = 100.0
"""Highest over lowest value from which another range is drawn on a log scale too."""
FIXED = frozenset(
    {"training.epochs", "training.seed", "training.best", "training.checkpoints", "noise.share"}
)
"""Fields that a search needs as they are: trials are compared after equal epochs, by one measure, on the same labels."""
_SPREAD = 10.0  # a proposed range of a rate goes from a tenth to ten times its value
_NO_RATE = (1e-5, 1e-2)  # where the value is 0


@dataclass(frozen=True)
class VariedField:
    """A field and what it may become.

    Attributes:
        field: dotted name.
        choices: the values; empty for a range.
        low, high: of a range, both included; whole numbers where the field is one.
        log: of a range, whether it is drawn on a log scale.
    """

    field: str
    choices: tuple[Choice, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    @property
    def text(self) -> str:
        """As `--vary` takes it."""
        if self.choices:
            return f"{self.field}={','.join(map(_word, self.choices))}"
        return f"{self.field}={self.low!r}..{self.high!r}:{'log' if self.log else 'linear'}"

    @property
    def whole(self) -> bool:
        """Whether it is a range of whole numbers."""
        return isinstance(self.low, int)

    @property
    def ends(self) -> tuple[Choice, ...]:
        """Values that must be valid, so that all are."""
        return self.choices or (self.low, self.high)


def read_field(recipe: Recipe, text: str) -> VariedField:
    """`FIELD=LOW..HIGH`, `FIELD=LOW..HIGH:log` or `:linear`, `FIELD=A,B,C`, or `FIELD` with the proposed range.

    Args:
        recipe: whose field it is; the last part of a name is enough where only one ends so.
        text: as above.

    Raises:
        RecipeError: no such field, one that a search cannot vary, or no range that can be drawn from.
    """
    name, sign, rest = (part.strip() for part in text.partition("="))
    field = _full_name(recipe, name)
    if field in FIXED or isinstance(fields(recipe)[field], list):
        raise RecipeError(
            "A search cannot vary this field",
            received=field,
            hint="Trials are compared after equal epochs, by one measure, and a seed each is given",
        )
    if not sign:
        return propose(recipe, field)
    low, dots, high = rest.partition("..")
    if not dots:
        choices = tuple(_value(part) for part in rest.split(",") if part.strip())
        if len(set(choices)) < 2:
            raise RecipeError("A field is varied over two values or more", received=text, hint=_EXAMPLE)
        return VariedField(field, choices)
    high, _, scale = high.partition(":")
    return _range(recipe, field, low, high, scale, text)


def propose(recipe: Recipe, field: str) -> VariedField:
    """The range or choices that suit a field, from its kind and its value in a recipe.

    Rates run from a tenth to ten times their value on a log scale, batch sizes from half to four times, shares over all that
    is valid, and what has names over all of them.

    Raises:
        RecipeError: there is nothing to go by.
    """
    value, info = fields(recipe)[field], _info(recipe, field)
    if isinstance(value, bool):
        return VariedField(field, (False, True))
    if field == "training.batch_size" and isinstance(value, int):
        return VariedField(field, tuple(sorted({max(value // 2, 1), value, value * 2, value * 4})))
    if field.rpartition(".")[2] in RATES and isinstance(value, float):
        low, high = (value / _SPREAD, value * _SPREAD) if value else _NO_RATE
        return VariedField(field, low=low, high=high, log=True)
    if info is not None and isinstance(value, str) and len(names := _names(info.annotation)) > 1:
        return VariedField(field, names)
    low_end, high_end = _bounds(info)
    if isinstance(value, float) and low_end is not None and high_end is not None:
        return VariedField(field, low=low_end, high=high_end)
    raise RecipeError("No range is proposed for this field", received=field, hint=_EXAMPLE)


def proposed(recipe: Recipe) -> Iterator[VariedField]:
    """Every field of a recipe that a range is proposed for."""
    for field in fields(recipe):
        if field not in FIXED:
            try:
                yield propose(recipe, field)
            except RecipeError:
                continue


def check_space(recipe: Recipe, varied: Sequence[VariedField]) -> None:
    """Raise RecipeError where nothing is varied, a field twice, or an end of a range is not valid."""
    names = [each.field for each in varied]
    if not names or len(set(names)) < len(names):
        raise RecipeError(
            "A search varies one field or more, each once", received=", ".join(names) or None, hint=_EXAMPLE
        )
    first = {each.field: each.ends[0] for each in varied}
    for each in varied:
        for value in each.ends:
            override(recipe, {**first, each.field: value})


_EXAMPLE = "Such as --vary optimizer.learning_rate=1e-4..1e-2 or --vary optimizer.name=adam,sgd"


def _range(recipe: Recipe, field: str, low: str, high: str, scale: str, text: str) -> VariedField:
    ends = [_value(low), _value(high)]
    if any(isinstance(end, bool | str) for end in ends) or scale not in {"", "log", "linear"}:
        raise RecipeError(
            "A range is LOW..HIGH, LOW..HIGH:log or LOW..HIGH:linear", received=text, hint=_EXAMPLE
        )
    first, last = (float(end) for end in ends)
    if not first < last or (scale == "log" and first <= 0):
        raise RecipeError(
            "The end of a range is above its begin, and that above 0 on a log scale", received=text
        )
    value = fields(recipe)[field]
    wide = first > 0 and last / first >= DECADES
    log = scale == "log" or (not scale and (wide or (field.rpartition(".")[2] in RATES and first > 0)))
    if isinstance(value, float):
        return VariedField(field, low=first, high=last, log=log)
    if isinstance(value, int) and not isinstance(value, bool) and first.is_integer() and last.is_integer():
        return VariedField(field, low=int(first), high=int(last), log=log)
    kind = (
        "whole numbers" if isinstance(value, int) and not isinstance(value, bool) else "choices such as A,B"
    )
    raise RecipeError(f"This field takes {kind}", received=text, hint=_EXAMPLE)


def _full_name(recipe: Recipe, name: str) -> str:
    known = fields(recipe)
    found = [name] if name in known else [each for each in known if each.endswith(f".{name}") and name]
    if len(found) != 1:
        shown = ", ".join(found) or "`fer recipes NAME` lists them"
        raise RecipeError("A search varies a field of the recipe", received=name, hint=f"Fields: {shown}")
    return found[0]


def _info(recipe: Recipe, field: str) -> FieldInfo | None:
    table: object = recipe
    *path, name = field.split(".")
    for part in path:
        table = getattr(table, part, None)
    return type(table).model_fields.get(name) if isinstance(table, BaseModel) else None


def _names(annotation: Any) -> tuple[str, ...]:
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()


def _bounds(info: FieldInfo | None) -> tuple[float | None, float | None]:
    """The ends of what is valid; of an end that is itself not valid, a tenth less."""
    low = high = None
    for rule in info.metadata if info else ():
        if isinstance(rule, annotated_types.Ge):
            low = float(rule.ge)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Le):
            high = float(rule.le)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Lt):
            high = 0.9 * float(rule.lt)  # type: ignore[arg-type]
    return low, high


def _value(text: str) -> Choice:
    try:
        found = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
    return found if isinstance(found, bool | int | float | str) else text.strip()


def _word(value: Choice) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
