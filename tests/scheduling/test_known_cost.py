"""What earlier runs tell of another one; and the presets that stand on it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fer_core.recipes.recipe import Recipe, load, override
from fer_core.runs.records import Epoch, RunInfo
from fer_core.scheduling.known_cost import ExpectedCost, PastRun, cost_of
from fer_core.scheduling.presets import FAST, named, presets, recipe_for_start
from fer_core.ui.train import estimate


def past(name: str, recipe: Recipe, version: str, seconds: float, images: int = 100) -> PastRun:
    info: RunInfo = {
        "version": version,
        "parameters": 10,
        "images": {"train": images - 20, "val": 20, "test": 999},
    }
    rows: list[Epoch] = [{"seconds": seconds * each, "rss_mb": 500.0} for each in (9, 1, 1)]
    return PastRun(name, info, rows, recipe)


def test_the_newest_alike_on_the_same_version_tells_else_another_by_its_images() -> None:
    compact = load("compact")
    longer = override(compact, {"training.epochs": 3, "model.start": "41"})
    runs = [
        past("0004-b", load("model_b"), "v2", 99.0),
        past("0003-c", override(compact, {"training.batch_size": 8}), "v2", 98.0),
        past("0002-c", longer, "v1", 4.0),
        past("0001-c", compact, "v2", 6.0),
    ]
    found = cost_of(runs, compact, "v2", 300)
    assert found is not None
    assert (found.run, found.epoch_seconds, found.memory_bytes, found.scaled) == ("0001-c", 6.0, 5e8, False)
    scaled = cost_of(runs[:3], compact, "v2", 300)
    assert scaled is not None
    assert (scaled.run, scaled.epoch_seconds, scaled.scaled) == ("0002-c", 12.0, True)
    assert cost_of(runs[:2], compact, "v2", 300) is None


def test_epochs_cut_short_and_untimed_ones_tell_no_time() -> None:
    compact = load("compact")
    whole = past("0001-c", compact, "v2", 6.0)
    cut: Epoch = {"seconds": 0.4, "partial": True}
    stopped = replace(whole, id="0002-c", rows=[cut])
    untimed = replace(whole, id="0003-c", rows=[{"epoch": 1}])
    assert cost_of([untimed, stopped], compact, "v2", 100) is None
    found = cost_of([untimed, stopped, replace(whole, rows=[*whole.rows, *[cut] * 9])], compact, "v2", 100)
    assert found is not None
    assert (found.run, found.epoch_seconds) == ("0001-c", 6.0)


@pytest.mark.parametrize(
    "settings",
    [{"loss.name": "flip_consistency"}, {"progressive.resizing": 0.6, "progressive.start_size": 0.5}],
)
def test_what_makes_epochs_longer_or_shorter_is_another_run(settings: dict[str, object]) -> None:
    compact = load("compact")
    other = override(compact, settings)
    assert cost_of([past("0001-c", compact, "v2", 6.0)], other, "v2", 100) is None
    assert cost_of([past("0001-c", other, "v2", 6.0)], other, "v2", 100) is not None


def test_how_much_faster_the_fast_recipe_is_goes_by_whole_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("fer_core.ui.train.estimate.st.html", said.append)
    cut: Epoch = {"seconds": 0.01, "partial": True}

    def told(*rows: Epoch) -> list[str]:
        said.clear()
        fast: Any = SimpleNamespace(
            id="0007-f", run=SimpleNamespace(version="v2"), info={"recipe": FAST}, rows=list(rows)
        )
        estimate._verdicts(ExpectedCost(10, 10, 10.0, 0.0), "slow", [fast], "v2")
        return said

    assert told(cut) == told({"epoch": 1}) == []
    assert "5× faster" in told({"seconds": 2.0}, cut)[0]


def test_presets_are_valid_and_the_best_goes_by_the_machine() -> None:
    for accelerator in (False, True):
        for one in presets(accelerator):
            assert override(load(one.recipe), one.settings).name == one.recipe
    assert [one.recipe for one in presets(True)] == ["compact", "compact", "best"]
    assert presets(False)[-1].recipe == recipe_for_start("shipped") == "shipped"
    assert named("compact", {}) == "solid"
    assert named("compact", {"training.epochs": 9}) is None
