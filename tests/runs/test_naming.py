"""A run is called by what differs from its recipe, or from the run it branches off."""

from __future__ import annotations

import pytest

from fer_core.recipes.recipe import Setting, load, override
from fer_core.runs.naming import describe_difference


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, ""),
        ({"training.seed": 7}, ""),  # told as what it is among several
        ({"optimizer.learning_rate": 0.004}, "lr .004"),
        ({"optimizer.learning_rate": 1e-5, "training.epochs": 1}, "lr 1e-5, 1 epoch"),
        (
            {"loss.name": "categorical_focal_crossentropy"},
            "categorical focal crossentropy",
        ),  # not its fields too
        (
            {"augmentation.rotation": 0.0, "training.batch_size": 32, "augmentation.zoom": 0.0},
            "batch 32, rotation 0, +1",
        ),
        ({"augmentation.horizontal_flip": False}, "mirror off"),
        ({"model.start": "0012-shipped"}, "from run 12"),
    ],
)
def test_differences_from_the_recipe(settings: dict[str, Setting], name: str) -> None:
    recipe = override(load("compact"), settings)
    assert describe_difference({"recipe": "compact"}, recipe) == name


def test_a_fork_and_a_recipe_from_elsewhere() -> None:
    recipe = override(load("compact"), {"optimizer.learning_rate": 0.004, "training.epochs": 50})
    forked = {
        "recipe": "compact",
        "forked_from": "0001-compact",
        "changed": ["training.epochs", "schedule.begin_after"],
    }
    assert describe_difference(forked, recipe) == "50 epochs"  # type: ignore[arg-type]
    assert (
        describe_difference({"recipe": "mine", "settings": {"training.epochs": "50"}}, recipe) == "50 epochs"
    )
    assert describe_difference({"recipe": "mine"}, recipe) == ""
