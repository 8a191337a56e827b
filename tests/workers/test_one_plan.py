"""Folds and estimates go through the parts of a recipe's plan as training does: images that grow, stages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_faces import CLASSES, tiny_data, tiny_recipe

from fer_core.training import loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.stages import plan
from fer_core.workers import measure, train_folds

GROWING = tiny_recipe(
    model__blocks=[{"kind": "conv", "filters": 4, "convs": 1}, {"kind": "global_average"}],
    training__epochs=4, progressive__resizing=0.5, progressive__start_size=0.5, progressive__steps=2,
)  # fmt: skip


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sides of the images of every batch that is drawn."""
    seen: list[int] = []
    draw = TrainingBatches.__getitem__

    def noted(self: TrainingBatches, index: int) -> tuple[np.ndarray, ...]:
        found = draw(self, index)
        seen.append(found[0].shape[1])
        return found

    monkeypatch.setattr(TrainingBatches, "__getitem__", noted)
    return seen


def test_images_of_folds_grow_as_in_training(sides: list[int], tmp_path: Path) -> None:
    told = train_folds._Told(tmp_path, 1, "", lambda *_: None)
    data = tiny_data({"train": 48, "val": 12})
    model = loop.build(GROWING, len(CLASSES))
    said = train_folds.train_one(model, data, GROWING, 1, told)
    assert said.shape == (12, 3)
    assert list(dict.fromkeys(sides)) == [part.size for part in plan(GROWING)]


def test_an_estimate_measures_each_part(sides: list[int]) -> None:
    reported: list[tuple[int, int]] = []

    def report(done: int, total: int, words: str = "") -> None:
        reported.append((done, total))

    found = measure.measure(tiny_data(), GROWING, report)
    assert set(sides) == {part.size for part in plan(GROWING)}
    count = len(plan(GROWING)) * (measure.WARM + measure.TIMED)
    assert reported == [(number, count) for number in range(count)]
    assert found["total_seconds"] == pytest.approx(4 * found["epoch_seconds"], abs=0.06)
