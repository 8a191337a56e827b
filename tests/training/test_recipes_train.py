"""Every recipe trains: two epochs at reduced size, all its techniques with it."""

from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest
from small import data_for, reduced

from fer_core.base.jsonl import read_lines
from fer_core.recipes.recipe import builtin_names, load
from fer_core.training import loop


@pytest.mark.usefixtures("backbones", "eager")
@pytest.mark.parametrize("name", builtin_names())
def test_every_recipe_trains_two_epochs(name: str, tmp_path: Path) -> None:
    recipe = reduced(load(name))
    keras.utils.set_random_seed(recipe.training.seed)
    data = data_for(recipe)
    model = loop.build(recipe, len(data.classes))
    before = model.get_weights()
    outcome = loop.train(model, data, recipe, tmp_path, lambda: False)
    rows = read_lines(tmp_path / "metrics.jsonl")[0]
    assert outcome.has_weights
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(math.isfinite(row[key]) for row in rows for key in ("loss", "val_loss"))
    moved = [np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True)]
    assert any(moved)
