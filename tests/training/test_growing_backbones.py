"""Images that grow for a backbone, through whole trainings: what it sees, that it goes on the same, what is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from small import data_for, reduced

from fer_core.base.jsonl import read_lines
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.training import loop
from fer_core.training.stages import plan

GROWS = {
    "progressive.resizing": 0.8,
    "progressive.start_size": 0.5,
    "progressive.steps": 2,
    "training.epochs": 5,
}
FULL = 64


def grown(**fields: object) -> Recipe:
    recipe = reduced(load("mobilenetv2_finetuned_48"))
    return override(recipe, {"model.backbone_size": FULL, **GROWS, **fields})


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sides of what the backbone is given, as it is given them."""
    seen: list[int] = []
    plain = layers.Resizing.call

    def call(layer: layers.Resizing, data: Any) -> Any:
        found = plain(layer, data)
        if hasattr(found, "numpy"):  # an image; not a network that is being described
            seen.append(int(found.shape[1]))
        return found

    monkeypatch.setattr(layers.Resizing, "call", call)
    return seen


def fit(folder: Path, recipe: Recipe, pauses: list[bool]) -> keras.Model:
    folder.mkdir(exist_ok=True)
    keras.utils.set_random_seed(1)
    data = data_for(recipe)
    model = loop.build(recipe, len(data.classes))
    looks = iter([*pauses, *[False] * 9])
    loop.train(model, data, recipe, folder, lambda: False, lambda: next(looks))
    return model


def test_the_plan_counts_from_the_size_of_the_backbone() -> None:
    recipe = override(load("mobilenetv2_finetuned_224"), {**GROWS, "progressive.start_size": 176 / 224})
    assert [(part.begin, part.size) for part in plan(recipe)] == [(0, 176), (2, 200), (4, 224)]


@pytest.mark.usefixtures("backbones", "eager")
def test_it_sees_larger_images_from_part_to_part_and_whole_ones_in_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watched(monkeypatch)
    fit(tmp_path / "run", grown(), [])
    # One batch an epoch, then one pass over val: 32 and 64, 32 and 64, 48 and 64, 48 and 64, 64 and 64.
    assert seen == [32, 64, 32, 64, 48, 64, 48, 64, 64, 64]


@pytest.mark.usefixtures("backbones")
def test_built_graphs_follow_and_a_paused_run_goes_on_the_same(tmp_path: Path) -> None:
    """Not eager: graphs are kept from step to step, so one that was not built anew would go on with the old size."""
    recipe = grown(**{"training.seed": 3, "model.trainable_layers": 2})
    whole = fit(tmp_path / "whole", recipe, [])
    for pauses in ([False, True], [True], []):  # within a size, and between two
        parts = fit(tmp_path / "parts", recipe, pauses)
    rows = [read_lines(tmp_path / name / "metrics.jsonl")[0] for name in ("whole", "parts")]
    for key in ("loss", "val_loss", "val_accuracy"):
        assert [row[key] for row in rows[0]] == pytest.approx([row[key] for row in rows[1]], rel=1e-5), key
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    # What is saved is the network of full size, with these weights, and it answers as validation did.
    saved = registry.build(recipe.model, 3)
    saved.set_weights(whole.get_weights())
    data = data_for(recipe)
    images = np.asarray(data.pixels[data.val.rows])
    np.testing.assert_allclose(saved.predict(images, verbose=0), whole.predict(images, verbose=0), atol=1e-6)
    assert [layer.height for layer in whole.layers if isinstance(layer, layers.Resizing)] == [FULL]
    # A training at full size all the time is another one: the sizes acted.
    plain = fit(tmp_path / "plain", override(recipe, {"progressive.resizing": 0.0}), [])
    assert (
        max(np.abs(a - b).max() for a, b in zip(whole.get_weights(), plain.get_weights(), strict=True)) > 1e-4
    )
