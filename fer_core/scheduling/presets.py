"""Ways to begin, by how much time one has: each a recipe with a few settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fer_core.recipes.recipe import Setting
from fer_core.scheduling.hardware import may_have_accelerator

FAST = "compact"
"""The recipe to begin with, which others are held against where they take far longer."""


@dataclass(frozen=True)
class Preset:
    """A way to begin.

    Attributes:
        name: of the preset.
        recipe: its recipe, with `settings` changed in it.
        about: what it is, a few words.
    """

    name: str
    recipe: str
    settings: Mapping[str, Setting]
    about: str


def presets(accelerator: bool | None = None) -> list[Preset]:
    """Fast look, solid and best; the best there is without an accelerator is another network than with one.

    Args:
        accelerator: whether there is a GPU or TPU; None: as this machine says.
    """
    has = may_have_accelerator() if accelerator is None else accelerator
    best = (
        Preset("best", "best", {}, "a wide network, for the GPU here")
        if has
        else Preset(
            "best", "shipped", {"training.test_time_augmentation": "flip"},
            "a larger network, mirrored answers averaged",
        )
    )  # fmt: skip
    return [
        Preset("fast look", FAST, {"training.epochs": 8}, "a small network, 8 epochs: does it learn?"),
        Preset("solid", FAST, {}, "the small network, to its end"),
        best,
    ]  # fmt: skip


def named(recipe: str, settings: Mapping[str, Setting]) -> str | None:
    """The preset that is exactly this; None of none."""
    return next(
        (one.name for one in presets() if (one.recipe, dict(one.settings)) == (recipe, dict(settings))), None
    )


def recipe_for_start(start: str) -> str | None:
    """The recipe a start needs, where only one fits: that of the shipped model."""
    return "shipped" if start == "shipped" else None
