"""A fork with another rate: its schedule begins anew and runs over the epochs that are left, through whole trainings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from test_resume import COUNTS, fit
from tiny_faces import CLASSES, tiny_data, tiny_recipe

from fer_core.base.errors import RecipeError
from fer_core.base.jsonl import read_lines
from fer_core.base.workspace import Workspace
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe, override
from fer_core.runs.store import create_run
from fer_core.scheduling import queue, resume
from fer_core.training import loop

DONE, EPOCHS, RATE = 2, 6, 0.02


def forked(folder: Path, run: Path, recipe: Recipe, changed: str, pause_after: int = 99) -> list[float]:
    """Rates of a fork of `run` after epoch 2, paused and resumed after so many epochs of its own."""
    (folder / "checkpoints").mkdir(parents=True)
    shutil.copyfile(run / "checkpoints" / "epoch-0002.npz", folder / "checkpoints" / "last.npz")
    shutil.copyfile(run / "checkpoints" / "best.npz", folder / "checkpoints" / "best.npz")
    own = 0

    def pause() -> bool:
        nonlocal own
        own += 1
        return own == pause_after

    changes = {changed, changed.rpartition(".")[0]}  # until the fork has epochs of its own
    for _ in range(2 if pause_after < EPOCHS else 1):
        model = registry.build(recipe.model, len(CLASSES))
        loop.train(model, tiny_data(COUNTS), recipe, folder, lambda: False, pause, changes.__contains__)
        changes = set()
    return [row["learning_rate"] for row in read_lines(folder / "metrics.jsonl")[0] if row["epoch"] > DONE]


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"optimizer.ema": 0.9}, True),
        ({"optimizer.swa": 0.5}, True),
        ({"optimizer.accumulation": 2}, True),
        ({"optimizer.momentum": 0.0}, True),
        ({"training.precision": "mixed_float16"}, True),
        (
            {"optimizer.momentum": 0.5, "training.precision": "mixed_bfloat16", "optimizer.clipnorm": 1.0},
            False,
        ),
    ],
)
def test_a_fork_whose_optimizer_would_hold_other_numbers_is_refused(
    settings: dict[str, Any], refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "launch", lambda run: None)
    before = tiny_recipe(optimizer__name="sgd")
    run = create_run(Workspace(tmp_path), "tiny", "v", before)
    (run.folder / "metrics.jsonl").write_text('{"epoch": 1, "val_accuracy": 0.5, "accuracy": 0.5}\n')
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "last.npz").touch()
    held = []
    for recipe in (before, override(before, settings)):
        keras.config.set_dtype_policy(recipe.training.precision)
        try:
            model = registry.build(recipe.model, len(CLASSES))
        finally:
            keras.config.set_dtype_policy("float32")
        loop.compile_model(model, recipe, 3)
        model.optimizer.build(model.trainable_variables)
        held.append(sorted(tuple(variable.shape) for variable in model.optimizer.variables))
    assert (held[0] != held[1]) == refused
    if refused:
        with pytest.raises(RecipeError, match="cannot switch on or off what the optimizer keeps"):
            resume.fork(run, "last", settings)
        settings = {**settings, "optimizer.name": "adam"}
        settings.pop("optimizer.momentum", None)
    assert resume.fork(run, "last", settings).state == "queued"


@pytest.mark.parametrize(
    ("settings", "changed", "steps"),
    [
        ({}, "optimizer.learning_rate", 3),
        ({"optimizer.name": "adam"}, "optimizer.name", 3),  # which has counted nothing yet
        ({"training.batch_size": 24}, "optimizer.learning_rate", 2),
    ],
)
def test_a_cosine_runs_from_the_new_rate_to_its_end(
    settings: dict[str, Any], changed: str, steps: int, tmp_path: Path
) -> None:
    first = tiny_recipe(
        training__epochs=3, training__checkpoints="every", schedule__name="cosine", optimizer__name="sgd",
        optimizer__learning_rate=0.01,
    )  # fmt: skip
    fit(tmp_path / "run", first)
    fields = {
        "optimizer.learning_rate": RATE,
        "training.epochs": EPOCHS,
        "schedule.begin_after": DONE,
        **settings,
    }
    recipe = override(first, fields)
    left = (EPOCHS - DONE) * steps
    wanted = [RATE * 0.5 * (1 + np.cos(np.pi * epoch * steps / left)) for epoch in (1, 2, 3, 4)]
    whole = forked(tmp_path / "whole", tmp_path / "run", recipe, changed)
    np.testing.assert_allclose(whole, wanted, atol=1e-8)
    paused = forked(tmp_path / "paused", tmp_path / "run", recipe, changed, pause_after=2)
    np.testing.assert_allclose(paused, wanted, atol=1e-8)
