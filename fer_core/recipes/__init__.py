"""Recipes: everything a training run chooses, declared, validated and inherited; TOML in and out."""

from fer_core.recipes.combinations import check_combination
from fer_core.recipes.recipe import (
    FOLDER,
    Recipe,
    changes_from_parent,
    difference,
    fields,
    load,
    names,
    override,
    parse,
    to_toml,
    validate,
)

__all__ = [
    "FOLDER",
    "Recipe",
    "changes_from_parent",
    "check_combination",
    "difference",
    "fields",
    "load",
    "names",
    "override",
    "parse",
    "to_toml",
    "validate",
]
