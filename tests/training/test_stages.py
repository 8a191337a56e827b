"""Training whose conditions change: the plan, and that a resumed run follows it as an uninterrupted one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small import data_for, reduced

from fer_core.base.errors import RecipeError
from fer_core.base.jsonl import read_lines, read_object
from fer_core.models import body, registry
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.training import loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.checkpoint import load_state
from fer_core.training.parts import compile_model, set_layer_rates
from fer_core.training.stages import plan, recipe_of_stage

STAGES = [
    {"epochs": 2, "trainable": 0.0, "learning_rate": 1e-2},
    {"epochs": 2, "trainable": 0.5, "learning_rate": 1e-3},
    {"epochs": 1, "trainable": 1.0, "learning_rate": 1e-4},
]


pytestmark = pytest.mark.usefixtures("backbones", "eager")


def staged(**settings: Any) -> Recipe:
    recipe = reduced(load("progressive"), epochs=5)
    return override(
        recipe, {"progressive.stages": STAGES, **{k.replace("__", "."): v for k, v in settings.items()}}
    )


def test_a_recipe_without_changes_is_one_part() -> None:
    (part,) = plan(load("compact"))
    assert (part.begin, part.end, part.stage, part.size, part.dropout) == (0, 36, None, 48, 1.0)


def test_stages_follow_each_other_and_the_last_goes_on() -> None:
    parts = plan(staged(training__epochs=9))
    assert [(p.begin, p.end, p.stage) for p in parts] == [(0, 2, 0), (2, 4, 1), (4, 9, 2)]
    recipes = [recipe_of_stage(staged(training__epochs=9), part) for part in parts]
    assert [r.optimizer.learning_rate for r in recipes] == [1e-2, 1e-3, 1e-4]
    assert [r.training.epochs for r in recipes] == [2, 2, 5]
    assert [(p.begin, p.end) for p in plan(staged(training__epochs=3))] == [(0, 2), (2, 3)]


def test_images_and_dropout_grow_in_steps_to_all_there_is() -> None:
    fields = {"training.epochs": 10, "progressive.resizing": 0.6, "progressive.start_size": 0.5}
    parts = plan(override(load("compact"), {**fields, "progressive.dropout": 0.3, "progressive.steps": 3}))
    assert [(p.begin, p.size) for p in parts if p.dropout == 1] == [(3, 32), (4, 40), (6, 48)]
    assert [round(p.dropout, 2) for p in parts][:3] == [0.0, 0.33, 0.67]
    assert parts[-1].end == 10


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("compact", {"progressive.stages": STAGES}, "this model has none"),
        ("model_b", {"progressive.resizing": 0.5}, "a CNN that ends in global_average"),
        ("vit_tiny", {"progressive.resizing": 0.5}, "without patches or attention"),
        ("vgg16", {"progressive.resizing": 0.5, "model.attention": 2}, "needs a backbone without attention"),
        ("compact", {"training.devices": 3}, "multiple of `training.devices`"),
        ("compact", {"schedule.begin_after": 36}, "must be below `training.epochs`"),
        (
            "mobilenetv2_frozen_48",
            {"progressive.stages": STAGES, "schedule.name": "cosine", "schedule.begin_after": 1},
            "does not go with `progressive.stages`",
        ),
    ],
)
def test_what_does_not_go_together_is_said(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        override(load(name), settings)


def test_a_stage_trains_its_layers_and_a_resumed_run_goes_through_the_same_stages(tmp_path: Path) -> None:
    recipe = staged()
    data = data_for(recipe)

    def fit(folder: Path, pauses: list[bool]) -> keras.Model:
        folder.mkdir(exist_ok=True)
        keras.utils.set_random_seed(1)
        model = loop.build(recipe, len(data.classes))
        looks = iter([*pauses, *[False] * 9])
        loop.train(model, data, recipe, folder, lambda: False, lambda: next(looks))
        return model

    whole = fit(tmp_path / "whole", [])
    # Paused in the second stage, then between it and the third.
    for pauses in ([False, False, True], [True], []):
        model = fit(tmp_path / "parts", pauses)
    rows = [read_lines(tmp_path / name / "metrics.jsonl")[0] for name in ("whole", "parts")]
    keys = ("epoch", "loss", "val_loss", "learning_rate")
    for one, other in zip(*rows, strict=True):
        assert [one[k] for k in keys] == pytest.approx([other[k] for k in keys], rel=2e-3)
    rates = [row["learning_rate"] for row in rows[0]]
    assert rates[0] > rates[2] > rates[4]
    for one, other in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=0.02)
    assert len(body.backbone_of(whole).trainable_variables) == 3  # all convolutions, no normalisation


def test_early_stopping_ends_the_stage_and_a_resumed_run_goes_the_same_way(tmp_path: Path) -> None:
    """Nothing improves on accuracy that stays as it is: each stage ends after the epochs of its patience."""
    fields = {"training__epochs": 16, "early_stopping__patience": 2, "schedule__name": "constant"}
    stages = [
        {"epochs": 5, "trainable": s, "learning_rate": r} for s, r in ((0.0, 1e-9), (0.5, 2e-9), (1, 3e-9))
    ]
    recipe = staged(**fields, progressive__stages=stages)
    data = data_for(recipe)

    def fit(folder: Path, pauses: list[bool]) -> bool:
        folder.mkdir(exist_ok=True)
        keras.utils.set_random_seed(1)
        looks = iter([*pauses, *[False] * 20])
        return loop.train(
            loop.build(recipe, 3), data, recipe, folder, lambda: False, lambda: next(looks)
        ).paused

    fit(tmp_path / "whole", [])
    # Paused in the first stage, in the epoch that ends it early, and in the second; asked in the last, it just ends.
    paused = [
        fit(tmp_path / "parts", asked) for asked in ([False, True], [True], [True], [False] * 4 + [True])
    ]
    assert paused == [True, True, True, False]
    rows = [read_lines(tmp_path / name / "metrics.jsonl")[0] for name in ("whole", "parts")]
    for told in rows:
        assert [row["epoch"] for row in told] == list(range(1, 10)), "three epochs a stage, not five"
        np.testing.assert_allclose(
            [row["learning_rate"] for row in told], np.repeat([1e-9, 2e-9, 3e-9], 3), rtol=1e-6
        )
    assert [row["loss"] for row in rows[0]] == pytest.approx([row["loss"] for row in rows[1]], rel=1e-3)
    assert load_state(tmp_path / "parts" / "checkpoints" / "last.npz").stages_ended == [3, 6]
    for epoch, left in ((2, 14), (3, 11), (4, 10), (6, 6), (9, 3)):  # two stages have ended two epochs early
        usual = np.median([row["seconds"] for row in rows[0][max(epoch - 5, 0) : epoch]])
        assert rows[0][epoch - 1]["eta_seconds"] == pytest.approx(left * usual, rel=0.03, abs=0.1)
    assert read_object(tmp_path / "whole" / "progress.json")["details"]["epochs"] == 12


def test_a_pause_in_the_last_epoch_that_is_left_after_a_stage_ended_early_is_none(tmp_path: Path) -> None:
    stages = [{"epochs": n, "trainable": 0.0, "learning_rate": 1e-9} for n in (5, 1)]
    fields = {"early_stopping__patience": 1, "schedule__name": "constant"}
    recipe = staged(training__epochs=6, progressive__stages=stages, **fields)
    looks = iter([False, False, True])
    ended = loop.train(
        loop.build(recipe, 3), data_for(recipe), recipe, tmp_path, lambda: False, lambda: next(looks)
    )
    assert [row["epoch"] for row in read_lines(tmp_path / "metrics.jsonl")[0]] == [1, 2, 3]
    assert not ended.paused


def scaled_by_layer(recipe: Recipe) -> tuple[keras.Model, list[tuple[keras.Variable, float]]]:
    """A compiled network whose layers learn by factors of their own, and these."""
    model = loop.build(recipe, 3)
    body.unfreeze(model, 1.0)
    compile_model(model, recipe, 1)
    factors = body.learning_rate_factors(model, 0.5)
    set_layer_rates(model.optimizer, factors)
    return model, factors


def test_earlier_layers_move_less() -> None:
    recipe = staged(optimizer__name="sgd", optimizer__momentum=0.0, schedule__name="constant")
    model, factors = scaled_by_layer(recipe)
    values = [factor for _, factor in factors]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0.5**5, 0.5**2)  # two layers without weights end it
    optimizer, variables = model.optimizer, model.trainable_variables
    before = [keras.ops.convert_to_numpy(v) for v in variables]
    optimizer.build(variables)
    optimizer.apply([np.ones(v.shape, np.float32) for v in variables])
    known = {id(variable): factor for variable, factor in factors}
    rate = recipe.optimizer.learning_rate
    for old, variable in zip(before, variables, strict=True):
        moved = old - keras.ops.convert_to_numpy(variable)
        np.testing.assert_allclose(moved, rate * known.get(id(variable), 1.0), rtol=1e-2, atol=1e-7)


def test_earlier_layers_are_pulled_to_zero_less() -> None:
    """Decay goes by the rate: at the full one a layer that hardly learns would only shrink."""
    recipe = staged(optimizer__name="adamw", optimizer__weight_decay=0.5, schedule__name="constant")
    model, factors = scaled_by_layer(recipe)
    known, variables = {id(v): factor for v, factor in factors}, model.trainable_variables
    for variable in variables:
        variable.assign(np.ones(variable.shape))
    model.optimizer.build(variables)
    model.optimizer.apply([np.zeros(v.shape, np.float32) for v in variables])
    shrunk = {v.path: 1 - float(np.mean(keras.ops.convert_to_numpy(v))) for v in variables}
    wanted = {
        v.path: 0.5 * recipe.optimizer.learning_rate * known.get(id(v), 1.0) * (v.name == "kernel")
        for v in variables
    }
    assert shrunk == pytest.approx(wanted, rel=1e-2, abs=1e-7)
    assert len({round(value, 9) for value in shrunk.values()}) > 3


def test_images_that_grow_reach_the_network_and_its_weights_fit_the_full_size(tmp_path: Path) -> None:
    fields = {"progressive.resizing": 0.5, "progressive.steps": 1, "progressive.dropout": 0.5}
    recipe = override(reduced(load("compact")), fields)
    data = data_for(recipe)
    model = loop.build(recipe, len(data.classes))
    full = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    seen: list[tuple[int, list[float]]] = []

    call = TrainingBatches.__getitem__

    def spy(self: TrainingBatches, index: int) -> Any:
        batch = call(self, index)
        seen.append(
            (batch[0].shape[1], [x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)])
        )
        return batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingBatches, "__getitem__", spy)
        loop.train(model, data, recipe, tmp_path, lambda: False)
    assert {size for size, _ in seen} == {8, 16}
    assert {tuple(rates) for size, rates in seen if size == 8} == {(0.0,) * len(full)}
    assert [x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)] == full
    fixed = registry.build(recipe.model, len(data.classes))
    fixed.set_weights(model.get_weights())
    images = np.asarray(data.pixels[data.val.rows], np.float32)
    np.testing.assert_allclose(fixed(images), model(images), atol=1e-6)
