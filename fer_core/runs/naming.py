"""How people call a run: by what differs from its recipe, or of a fork from the run it branches off.

>>> from fer_core.recipes.recipe import load, override
>>> describe_changes({"optimizer.learning_rate": 0.004, "training.epochs": 12, "loss.gamma": 1.0})
'lr .004, 12 epochs, +1'
>>> describe_difference({"recipe": "compact"}, override(load("compact"), {"optimizer.learning_rate": 5e-5}))
'lr 5e-5'
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fer_core.base.errors import RecipeError
from fer_core.recipes.recipe import Recipe, difference, fields, load
from fer_core.runs.records import RunInfo

_MOST = 2  # differences told, the others are counted
_SHORT = {
    "optimizer.learning_rate": "lr {}",
    "training.epochs": "{} epochs",
    "training.batch_size": "batch {}",
    "model.start": "from {}",
    "loss.name": "{}",
    "optimizer.name": "{}",
    "schedule.name": "{}",
    "training.class_weight": "class weights {}",
    "training.sampling": "sampling {}",
    "optimizer.ema": "EMA {}",
    "augmentation.horizontal_flip": "mirror {}",
}
"""The fields told first, in this order, and how."""
_APART = ("training.seed", "schedule.begin_after")
"""Told as what a run is among several, or following from the others."""


def describe_difference(info: RunInfo, recipe: Recipe) -> str:
    """What sets a run apart from its recipe, or a fork from its run, in a few words; "" for nothing.

    A run whose recipe is not built in is described by the settings it was started with.

    Args:
        info: its `run.json`.
        recipe: its complete recipe.
    """
    own = fields(recipe)
    if info.get("forked_from"):
        return describe_changes({field: own[field] for field in info.get("changed", []) if field in own})
    try:
        changed = difference(_built_in(str(info.get("recipe"))), recipe)
    except RecipeError:
        changed = {field: own[field] for field in info.get("settings", {}) if field in own}
    return describe_changes(changed)


@lru_cache(maxsize=64)
def _built_in(name: str) -> Recipe:
    """A recipe that comes with the app, which stays as it is; hundreds of runs are named by few."""
    return load(name)


def describe_changes(changed: Mapping[str, Any]) -> str:
    """Changed fields in few words, the most telling first: `lr .004, 12 epochs, +1`."""
    kinds = {field.partition(".")[0] for field in changed if field.endswith(".name")}
    told = [
        field
        for field in changed
        if field not in _APART and (field.endswith(".name") or field.partition(".")[0] not in kinds)
    ]
    order = list(_SHORT)
    told.sort(key=lambda field: order.index(field) if field in _SHORT else len(order))
    parts = [_one(field, changed[field]) for field in told[:_MOST]]
    return ", ".join([*parts, *([f"+{len(told) - _MOST}"] if len(told) > _MOST else [])])


def _one(field: str, value: Any) -> str:
    usual = field.rpartition(".")[2].replace("_", " ") + " {}"
    if isinstance(value, list):
        return usual.format("").strip() + " changed"
    if value == 1 and field == "training.epochs":
        return "1 epoch"
    number, dash, _ = str(value).partition("-")
    if field == "model.start" and dash and number.isdigit():
        return f"from run {int(number)}"
    return _SHORT.get(field, usual).format(_value(value))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        text = f"{value:.4g}".replace("e-0", "e-")
        return text.removeprefix("0") if text.startswith("0.") else text
    return str(value).replace("_", " ")
