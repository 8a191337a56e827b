"""Recipes: everything a training run needs to know, as data that can be read, compared and changed.

A recipe is a TOML file that `extends` another and shows only what it changes. Nothing here imports Keras.

    >>> override(load("compact"), {"training.epochs": "3"}).training.epochs
    3
    >>> override(load("compact"), {"training.epochs": "none"})
    Traceback (most recent call last):
    fer_core.base.errors.RecipeError: `training.epochs` must be a valid integer. Received: training.epochs='none'.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fer_core.base.errors import RecipeError
from fer_core.base.parsing import parsing
from fer_core.recipes import toml
from fer_core.recipes.combinations import check_combination
from fer_core.recipes.complete import Recipe
from fer_core.recipes.errors import as_recipe_error
from fer_core.recipes.model_spec import CnnSpec

__all__ = [
    "FOLDER", "Recipe", "Setting", "builtin_names", "changes_from_parent", "difference", "fields", "load", "override", "parse",
    "to_toml", "validate",
]  # fmt: skip

Setting = bool | int | float | str | None | list[Any]
"""The value of one field; a list is of numbers, or of the tables of `model.blocks` and `model.head`."""
FOLDER = Path(__file__).parent / "builtin"
_ORIGIN = ("name", "extends", "description")
_TAGS = ("architecture", "name", "preset")
"""Fields that say which kind a table is; another kind takes nothing over from its parent's table."""


def builtin_names() -> list[str]:
    """Names of the built-in recipes, `base` first, each after the one it extends."""
    parents = {path.stem: _read(path).get("extends", "") for path in FOLDER.glob("*.toml")}

    def line(name: str) -> tuple[str, ...]:
        return (*line(parents[name]), name) if parents.get(name) else (name,)

    return sorted(parents, key=line)


def load(name: str) -> Recipe:
    """A recipe by name, or the recipe of a `.toml` file by its path.

    Raises:
        RecipeError: no such recipe, not TOML, a circle of `extends`, or a field that is not valid.
    """
    return validate(_resolve(_file(name), ()))


def parse(text: str) -> Recipe:
    """A complete recipe from TOML text, such as the `recipe.toml` of a run; `extends` is not followed."""
    return validate(_loads(text, "recipe"))


def to_toml(recipe: Recipe) -> str:
    """The complete recipe as TOML text that `parse` reads back."""
    return toml.dumps(recipe.model_dump(mode="json"))


def changes_from_parent(name: str) -> dict[str, Setting]:
    """What a recipe changes against its parent: dotted field -> new value; {} where it has none."""
    recipe = load(name)
    return difference(load(recipe.extends), recipe) if recipe.extends else {}


def difference(old: Recipe, new: Recipe) -> dict[str, Setting]:
    """What makes `new` out of `old`, as `override` takes it: dotted field -> value in `new`.

    Of a table that is of another kind now, every field counts.
    """
    before, after = fields(old), fields(new)
    other = {key.rpartition(".")[0] for key in after if _is_tag(key) and before.get(key) != after[key]}
    return {
        key: value
        for key, value in after.items()
        if key not in _ORIGIN and (before.get(key) != value or key.rpartition(".")[0] in other)
    }


def _is_tag(key: str) -> bool:
    table, _, name = key.rpartition(".")
    return bool(table) and name in _TAGS


def fields(recipe: Recipe) -> dict[str, Setting]:
    """Every field by its dotted name, such as `optimizer.learning_rate`.

    `model.blocks` and `model.head` are one value each: a list of tables that show their kind and what differs from its defaults.
    """
    table = recipe.model_dump(mode="json")
    if isinstance(recipe.model, CnnSpec):
        blocks = recipe.model.blocks
        table["model"]["blocks"] = [{"kind": b.kind, **b.model_dump(exclude_defaults=True)} for b in blocks]
    else:
        table["model"]["head"] = [block.model_dump(exclude_defaults=True) for block in recipe.model.head]
    return _flatten(table)


def override(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The recipe with some fields changed.

    Args:
        recipe: where to start from.
        settings: dotted field -> value; text is read as TOML would (`1e-3`, `true`), else taken as it is.
            Another `name` of optimizer, schedule or loss starts that table from its defaults. The last part
            of a name is enough where only one field ends so: `epochs`, `learning_rate`.

    Raises:
        RecipeError: an unknown field or a value that is not valid.
    """
    table = recipe.model_dump(mode="json")
    # Names of kinds first: they decide which other fields there are.
    for key in sorted(settings, key=lambda key: not _is_tag(key)):
        value = settings[key]
        change: Any = _value(value) if isinstance(value, str) else value
        for part in reversed(_full_name(key, table).split(".")):
            change = {part: change}
        table = _merge(table, change)
    return validate(table)


def validate(table: Mapping[str, Any]) -> Recipe:
    """A recipe from nested tables, every field checked.

    Raises:
        RecipeError: "`field` must be one of {...}. Received: field=...".
    """
    try:
        recipe = Recipe.model_validate(table)
    except ValidationError as error:
        raise as_recipe_error(error, _flatten(table)) from error
    check_combination(recipe)
    return recipe


def _file(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    path = FOLDER / f"{name}.toml"
    if path.parent != FOLDER or not path.is_file():
        known = sorted(p.stem for p in FOLDER.glob("*.toml"))
        raise RecipeError(
            f"`recipe` must be one of {{{', '.join(map(repr, known))}}}", received=f"recipe={name!r}"
        )
    return path


def _resolve(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path in seen:
        circle = " -> ".join(p.stem for p in (*seen, path))
        raise RecipeError("Recipes extend each other in a circle", received=circle)
    own = {"name": path.stem, **_read(path)}
    if not own.get("extends"):
        return own
    parent = _resolve(_file(str(own["extends"])), (*seen, path))
    return _merge({**parent, "description": ""}, own)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError("The recipe file cannot be read", received=path, hint=str(error)) from error
    return _loads(text, path.name)


# By what is in the file, so that an edited one is read anew; nobody changes what is returned.
@lru_cache(maxsize=64)
def _loads(text: str, origin: str) -> dict[str, Any]:
    with parsing(RecipeError, f"{origin} is not TOML"):
        found = tomllib.loads(text)
        json.dumps(found, default=str)  # nested too deeply for all that follows?
    return found


def _merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """The child's fields over the parent's, table by table; lists are replaced whole."""
    result = dict(parent)
    for key, value in child.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            other_kind = any(tag in value and value[tag] != old.get(tag) for tag in _TAGS)
            result[key] = dict(value) if other_kind else _merge(old, value)
        else:
            result[key] = value
    return result


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Setting]:
    result: dict[str, Setting] = {}
    for key, value in table.items():
        result |= _flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return result


def _full_name(key: str, table: Mapping[str, Any]) -> str:
    if "." in key or key in Recipe.model_fields:
        return key
    found = [name for name in _flatten(table) if name.endswith(f".{key}")]
    if len(found) > 1 and f"training.{key}" not in found:
        raise RecipeError(f"`{key}` must be one of {{{', '.join(map(repr, found))}}}", received=key)
    return max(found, key=lambda name: name == f"training.{key}", default=key)  # `seed` is that of the run


def _value(text: str) -> Any:
    try:
        return _loads(f"value = {text}", "value")["value"]
    except RecipeError:
        return text
