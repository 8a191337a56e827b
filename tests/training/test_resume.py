"""Going on: a resumed run is the uninterrupted one, whatever counts between epochs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tiny_faces import CLASSES, tiny_data, tiny_dataset, tiny_recipe

from fer_core.base import checksums
from fer_core.base.errors import RunError
from fer_core.base.jsonl import append_line, read_lines
from fer_core.models import registry
from fer_core.recipes.recipe import Recipe
from fer_core.scheduling import resume, start
from fer_core.training import loop
from fer_core.training.checkpoint import load_state, load_weights, save_state

PATIENCE = 120.0
COUNTS = {"train": 48, "val": 30}
SCORES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
DROPOUT = [
    {"kind": "conv", "filters": 8, "convs": 1, "strides": 2, "batch_norm": "before_activation", "dropout": 0.3},
    {"kind": "flatten", "dropout": 0.4},
]  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "adam, augmentation, mixed pictures, accumulated gradients": {
        "augmentation.translation": 0.1, "augmentation.contrast": 0.2, "augmentation.mixup": 0.2,
        "optimizer.accumulation": 2,
    },
    "adamw, cosine with warm-up, average of the last epochs": {
        "optimizer.name": "adamw", "optimizer.swa": 0.8, "schedule.name": "cosine", "schedule.warmup_epochs": 1,
    },
    "sgd with momentum, plateau and early stopping": {
        "schedule.name": "plateau", "schedule.patience": 1, "schedule.monitor": "loss", "schedule.factor": 0.5,
        "optimizer.name": "sgd", "optimizer.momentum": 0.9, "optimizer.learning_rate": 0.5, "early_stopping.patience": 4,
    },
    "muon, average of the weights": {"optimizer.name": "muon", "optimizer.ema": 0.8},
}  # fmt: skip


def recipe_of(settings: dict[str, Any]) -> Recipe:
    fields: dict[str, Any] = {"training.epochs": 6, "model.blocks": DROPOUT, **settings}
    return tiny_recipe(**{key.replace(".", "__"): value for key, value in fields.items()})


def fit(
    folder: Path, recipe: Recipe, pause: Callable[[], bool] = lambda: False
) -> tuple[keras.Model, loop.TrainingResult]:
    """Train in this folder, in a model of its own, from wherever the folder's checkpoint ends."""
    folder.mkdir(exist_ok=True)
    keras.utils.set_random_seed(recipe.training.seed)
    model = registry.build(recipe.model, len(CLASSES))
    return model, loop.train(model, tiny_data(COUNTS), recipe, folder, lambda: False, pause)


def curve(folder: Path) -> np.ndarray:
    return np.array([[row[key] for key in SCORES] for row in read_lines(folder / "metrics.jsonl")[0]])


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("kind", KINDS)
def test_a_paused_run_goes_on_as_if_nothing_had_happened(kind: str, tmp_path: Path) -> None:
    recipe = recipe_of(KINDS[kind])
    whole, _ = fit(tmp_path / "whole", recipe)
    looks = iter([False, True])  # after the second epoch
    _, outcome = fit(tmp_path / "parts", recipe, lambda: next(looks))
    assert outcome.paused
    assert len(curve(tmp_path / "parts")) == 2
    resumed, outcome = fit(tmp_path / "parts", recipe)
    assert not outcome.paused
    wanted = curve(tmp_path / "whole")
    assert wanted[:, 0].std() > 0.001  # it learns, so the epochs differ
    np.testing.assert_allclose(curve(tmp_path / "parts"), wanted, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(curve(tmp_path / "parts")[:, -1], wanted[:, -1], rtol=1e-6)
    for one, other in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=0.02)


def test_a_run_killed_in_an_epoch_ends_with_the_same_bits_as_one_that_was_not(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    recipe = tiny_recipe(
        training__epochs=12,
        training__deterministic=True,
        model__blocks=DROPOUT,
        augmentation__translation=0.1,
    )
    whole = start.wait(start.start(dataset.workspace, dataset, None, recipe))
    assert whole.state == "finished", whole.log_tail()
    run = start.start(dataset.workspace, dataset, None, recipe)
    deadline = time.monotonic() + PATIENCE
    while len(run.epochs_since()[0]) < 3:
        assert time.monotonic() < deadline
        assert run.active, run.log_tail()
        time.sleep(0.01)
    os.kill(run.info["pid"], signal.SIGKILL)
    began = time.monotonic()
    while run.active:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    state, reason = run.status()
    assert (state, run.summary()["state"]) == ("lost", "lost")
    assert "killed" in reason
    assert "training images" in run.log_tail()
    assert run.summary()["best_epoch"] >= 1
    assert (run.folder / "checkpoints" / "best.npz").exists()
    done = len(run.epochs_since()[0])
    assert done < 12
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write('{"epoch": 99, "val_accuracy": 1.0}\n{"epoch"')  # told, but no checkpoint stands for it
    resume.resume(run)
    assert start.wait(run, timeout=PATIENCE).state == "finished", run.log_tail()
    np.testing.assert_array_equal(curve(run.folder), curve(whole.folder))
    for name in ("best.npz", "last.npz"):
        pair = [r.folder / "checkpoints" / name for r in (run, whole)]
        if name == "best.npz":
            found, wanted = (load_weights(path) for path in pair)
        else:
            found, wanted = (load_state(path).model + load_state(path).optimizer for path in pair)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    assert run.predictions("val").equals(whole.predictions("val"))


def test_a_best_epoch_whose_weights_were_not_written_yet_is_not_lost(tmp_path: Path) -> None:
    recipe = recipe_of({"training.epochs": 2})
    fit(tmp_path / "a", recipe)
    state = load_state(tmp_path / "a" / "checkpoints" / "last.npz")
    row = state.row | {"val_accuracy": 1.1}  # better than all before, and its weights are in the state alone
    save_state(tmp_path / "a" / "checkpoints" / "last.npz", type(state)(**{**vars(state), "row": row}))
    (tmp_path / "a" / "checkpoints" / "best.npz").unlink()
    model, outcome = fit(tmp_path / "a", recipe)
    assert outcome.has_weights
    assert read_lines(tmp_path / "a" / "metrics.jsonl")[0][-1]["val_accuracy"] == 1.1
    kept = load_weights(tmp_path / "a" / "checkpoints" / "best.npz")
    for one, other in zip(model.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_epoch_can_be_kept(tmp_path: Path) -> None:
    fit(tmp_path / "a", recipe_of({"training.epochs": 3, "training.checkpoints": "every"}))
    names = sorted(path.name for path in (tmp_path / "a" / "checkpoints").glob("*.npz"))
    assert names == ["best-state.npz", "best.npz", *(f"epoch-000{n}.npz" for n in (1, 2, 3)), "last.npz"]
    assert {checksums.file_state(tmp_path / "a" / "checkpoints" / name) for name in names} == {"whole"}
    assert [load_state(tmp_path / "a" / "checkpoints" / f"epoch-000{n}.npz").epoch for n in (1, 2, 3)] == [
        1,
        2,
        3,
    ]


def test_a_damaged_checkpoint_and_one_of_another_model_are_refused(tmp_path: Path) -> None:
    recipe = recipe_of({"training.epochs": 1})
    fit(tmp_path / "a", recipe)
    other = recipe_of({"training.epochs": 2, "model.blocks": [{"kind": "flatten"}]})
    with pytest.raises(RunError, match="another model"):
        fit(tmp_path / "a", other)
    (tmp_path / "a" / "checkpoints" / "last.npz").write_bytes(b"half")
    with pytest.raises(RunError, match="cannot be read"):
        fit(tmp_path / "a", recipe)


def test_rows_are_those_the_checkpoint_stands_for(tmp_path: Path) -> None:
    for row in ({"epoch": 1, "val_accuracy": 0.5}, {"epoch": 1, "val_accuracy": 0.5, "partial": True}):
        append_line(tmp_path / "metrics.jsonl", row)
    assert loop.keep_rows(tmp_path / "metrics.jsonl", None) == []
    assert (tmp_path / "metrics.jsonl").read_text() == ""


@pytest.mark.usefixtures("eager")
def test_an_epoch_as_good_as_the_best_before_a_pause_does_not_replace_it(tmp_path: Path) -> None:
    recipe = recipe_of({"optimizer.learning_rate": 1e-9, "training.epochs": 3})
    counts = {"train": 48, "val": 21}  # six decimals of most 21sts are a little less than they are

    def train(name: str, pause: Callable[[], bool] = lambda: False) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        keras.utils.set_random_seed(recipe.training.seed)
        model = registry.build(recipe.model, len(CLASSES))
        loop.train(model, tiny_data(counts), recipe, folder, lambda: False, pause)
        return folder

    whole = train("whole")
    accuracy = {row["val_accuracy"] for row in read_lines(whole / "metrics.jsonl")[0]}
    assert len(accuracy) == 1
    best = accuracy.pop()
    assert best < round(best * 21) / 21  # written as less than it is
    looks = iter([True])
    train("parts", lambda: next(looks))
    parts = train("parts")
    for one, other in zip(
        *(load_weights(f / "checkpoints" / "best.npz") for f in (whole, parts)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
