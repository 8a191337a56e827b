"""What a run would take, measured in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_faces import CLASSES, COUNTS, tiny_dataset, tiny_recipe

from fer_core.base.errors import RecipeError, RunError
from fer_core.models import registry
from fer_core.recipes.recipe import load
from fer_core.scheduling.estimate import estimate


def test_an_estimate_is_near_what_a_run_takes_and_leaves_nothing(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = estimate(dataset, None, tiny_recipe(), {"training.epochs": 5})
    assert sorted(tmp_path.rglob("*")) == before
    size = registry.parameters_of(registry.build(tiny_recipe().model, len(CLASSES)))
    assert (found["parameters"], found["trainable_parameters"]) == (
        size.parameters,
        size.trainable_parameters,
    )
    steps = -(-COUNTS["train"] // 16)
    assert found["epoch_seconds"] >= found["step_seconds"] * steps * 0.99
    assert found["total_seconds"] == pytest.approx(5 * found["epoch_seconds"], abs=0.1)
    assert found["images_per_second"] == pytest.approx(
        COUNTS["train"] / (steps * found["step_seconds"]), rel=0.05
    )
    assert 5e7 < found["memory_bytes"] < 2e10
    assert (found["epochs"], found["version"]) == (5, dataset.head)


def test_what_cannot_be_trained_is_said(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    with pytest.raises(RecipeError):
        estimate(dataset, None, tiny_recipe(), {"training.epochs": 0})
    with pytest.raises(RunError, match=r"cannot be trained here.*batch_norm|cannot be trained here"):
        estimate(dataset, None, load("compact"), {"model.color": "rgb", "model.input_size": 9})
