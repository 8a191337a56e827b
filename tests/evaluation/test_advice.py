"""Verdicts from numbers: each is said where it is true, and what it advises can be trained."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from fer_core.evaluation.advice import Advice, advice_for, advice_for_failure, patience_left, trend
from fer_core.evaluation.report import CHANCE, DISTRUST
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.runs.records import Epoch
from fer_core.training.failures import failure_message


def rows(train: list[float], val: list[float]) -> list[dict[str, Any]]:
    return [
        {"epoch": n, "accuracy": a, "val_accuracy": b}
        for n, (a, b) in enumerate(zip(train, val, strict=True), start=1)
    ]


def rising(start: float, end: float, epochs: int = 20) -> list[float]:
    return list(np.linspace(start, end, epochs))


def said(found: list[Advice]) -> dict[str, Advice]:
    return {entry.word: entry for entry in found}


def test_nothing_is_said_before_there_is_something_to_say() -> None:
    assert advice_for(rows([0.9] * 4, [0.5] * 4), load("compact")) == []


@pytest.mark.parametrize(
    ("gap", "word", "level"),
    [(-8, "check for leaks or hard augmentation", "warn"), (-2, "validation ahead", "warn"), (2, "healthy", "good"),
     (7, "moderate", "warn"), (12, "high", "warn"), (25, "severe overfitting", "bad")],
)  # fmt: skip
def test_the_gap_is_named(gap: float, word: str, level: str) -> None:
    val = rising(0.4, 0.7)
    found = advice_for(rows([v + gap / 100 for v in val], val), load("model_0"))
    assert (found[0].word, found[0].level) == (word, level)
    assert f"{abs(gap)}" in found[0].text
    assert bool(found[0].settings) == (gap >= 5)


@pytest.mark.parametrize("name", ["model_0", "model_b_plus_plus", "compact", "vgg16"])
def test_what_is_advised_against_overfitting_is_a_change_and_a_valid_recipe(name: str) -> None:
    recipe = load(name)
    val = rising(0.4, 0.6)
    (advice,) = [
        a for a in advice_for(rows([v + 0.3 for v in val], val), recipe) if a.word == "severe overfitting"
    ]
    changed = override(recipe, advice.settings)
    assert changed != recipe
    again = advice_for(rows([v + 0.3 for v in val], val), changed)[0]
    assert again.settings == {}  # what is in the recipe already is not advised again
    assert "smaller network" in again.text


def test_a_plateau_advises_a_falling_rate_where_there_is_none() -> None:
    val = [*rising(0.4, 0.7, 12), *[0.69] * 10]
    flat = said(advice_for(rows(val, val), load("model_0")))["plateau"]
    assert override(load("model_0"), flat.settings).schedule.name == "cosine"
    assert said(advice_for(rows(val, val), load("compact")))["plateau"].settings == {}
    assert "plateau" not in said(advice_for(rows(rising(0.4, 0.7), rising(0.4, 0.7)), load("model_0")))


def test_jumps_are_unstable_and_advise_a_lower_rate() -> None:
    val = [0.6 + 0.08 * (n % 2) for n in range(20)]
    found = said(advice_for(rows([0.65] * 20, val), load("model_0")))["unstable"]
    changed: Recipe = override(load("model_0"), found.settings)
    assert changed.optimizer.learning_rate < load("model_0").optimizer.learning_rate
    assert "8.0 points" in found.text


def test_underfitting_is_said_at_the_end_alone() -> None:
    recipe = override(load("model_0"), {"training.epochs": 20})
    curve = rising(0.3, 0.5)
    assert said(advice_for(rows(curve, curve), recipe))["underfitting"].settings == {"training.epochs": 40}
    assert "underfitting" not in said(advice_for(rows(curve[:10], curve[:10]), recipe))


def test_validation_far_ahead_says_copies_and_halves_what_augmentation_there_is() -> None:
    val = rising(0.4, 0.7)
    ahead = rows([v - 0.08 for v in val], val)
    assert advice_for(ahead, load("model_0"))[0].settings == {}
    (found, *_) = advice_for(ahead, load("compact"))
    assert "copies" in found.text
    changed, before = override(load("compact"), found.settings).augmentation, load("compact").augmentation
    assert (changed.rotation, changed.horizontal_flip) == (before.rotation / 2, before.horizontal_flip)


def test_a_weak_class_is_named_with_the_next_thing_that_is_not_in_the_recipe() -> None:
    val = rising(0.4, 0.7)
    told = [
        {**row, "val_recall": {"happy": 0.9, "sad": 0.8, "fear": 0.3, "none": None}} for row in rows(val, val)
    ]
    first = said(advice_for(told, load("model_0")))["weak class"]
    assert first.text.startswith("fear is recognised 30% of the time at the best epoch, the others 85%")
    balanced = override(load("model_0"), first.settings)
    assert balanced.training.sampling == "balanced"
    second = said(advice_for(told, balanced))["weak class"]
    focal = override(balanced, second.settings)
    assert focal.loss.name == "categorical_focal_crossentropy"
    assert said(advice_for(told, focal))["weak class"].settings == {}
    level = [{**row, "val_recall": {"happy": 0.7, "sad": 0.65}} for row in told]
    assert "weak class" not in said(advice_for(level, load("model_0")))


def test_a_failure_is_answered_with_what_would_have_helped() -> None:
    recipe = load("model_0")
    memory = advice_for_failure(failure_message(MemoryError()), recipe)
    assert memory is not None
    changed = override(recipe, memory.settings)
    assert changed.training.batch_size * changed.optimizer.accumulation == recipe.training.batch_size
    nan = advice_for_failure("The loss is no longer a finite number. Received: loss=nan at batch 3.", recipe)
    assert nan is not None
    assert override(recipe, nan.settings).optimizer.learning_rate < recipe.optimizer.learning_rate
    assert advice_for_failure("The disk is full. Free some space and start the run again.", recipe) is None
    assert (
        advice_for_failure("The training process ended without a word: killed, out of memory, or", recipe)
        is None
    )


def test_where_a_score_is_going() -> None:
    assert trend([0.5]) == "level"
    assert trend([0.1, 0.9, 0.5, 0.5, 0.5, 0.5, 0.5]) == "falling"  # against five epochs before: .9
    assert trend([0.5, 0.505]) == "level"
    assert trend([0.5, 0.52]) == "rising"


@pytest.mark.parametrize(
    ("monitor", "values", "left"),
    [
        ("val_accuracy", [0.5, 0.6, 0.6, 0.4], 1),  # the first of two equal ones is the best: waited 2 of 3
        ("val_accuracy", [0.5, 0.6, 0.7], 3),
        ("val_loss", [1.0, 0.5, 0.9, 0.8, 0.7, 0.6], 0),
    ],
)
def test_patience_left(monitor: str, values: list[float], left: int) -> None:
    recipe = override(load("compact"), {"early_stopping.patience": 3, "early_stopping.monitor": monitor})
    epochs = [cast(Epoch, {monitor: value}) for value in values]
    assert patience_left(epochs, recipe) == (left, 3)
    assert patience_left([], recipe) is None
    assert patience_left(epochs[:1], override(recipe, {"early_stopping.patience": 0})) is None


def test_ten_points_ahead_are_not_trusted_and_on_splits_apart_nobody_looks_for_copies() -> None:
    val = rising(0.4, 0.7)
    ahead = rows([v - 0.12 for v in val], val)
    (found, *_) = advice_for(ahead, load("model_0"))
    assert (found.word, found.level) == (DISTRUST, "bad")
    (apart, *_) = advice_for(ahead, load("model_0"), apart=True)
    assert "share no copies" in apart.text
    assert "leaks" not in apart.word


def test_a_model_that_guesses_is_told_so_and_what_to_try() -> None:
    flat = [0.25, 0.24, 0.26, 0.25, 0.25, 0.26]
    (found, *_) = advice_for(rows(flat, flat), load("model_0"), chance=0.28)
    assert (found.word, found.level) == (CHANCE, "bad")
    lower = override(load("model_0"), found.settings).optimizer.learning_rate
    assert lower < load("model_0").optimizer.learning_rate
    by_heart = advice_for(rows([0.9] * 6, flat), load("model_0"), chance=0.28)[0]
    assert by_heart.settings == {}
    assert "by heart" in by_heart.text


@pytest.mark.parametrize("epochs", [5, 6, 20])
def test_a_curve_that_still_rises_at_the_planned_end_is_to_be_trained_longer(epochs: int) -> None:
    recipe = override(load("model_0"), {"training.epochs": epochs})
    curve = rising(0.7, 0.9, epochs)
    found = said(advice_for(rows(curve, curve), recipe))
    longer = override(recipe, found["still rising"].settings).training.epochs
    assert longer > epochs
    stopped_early = override(recipe, {"training.epochs": epochs + 1})
    assert "still rising" not in said(advice_for(rows(curve, curve), stopped_early))
    level = [*curve[:-3], 0.89, 0.8, 0.8]
    assert "still rising" not in said(advice_for(rows(level, level), recipe))
