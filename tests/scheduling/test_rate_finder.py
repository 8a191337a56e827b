"""Looking for a learning rate: what is read off a planted curve, and that the steps are those of plain Keras."""

from __future__ import annotations

import json
import math
from pathlib import Path

import keras
import numpy as np
import pytest
from tiny_faces import tiny_data, tiny_dataset, tiny_recipe

import fer_core as fer
from fer_core.base.errors import RecipeError
from fer_core.cli import run
from fer_core.models import registry
from fer_core.recipes.recipe import load, to_toml
from fer_core.scheduling import rate_finder
from fer_core.training import loop
from fer_core.training.batches import TrainingBatches
from fer_core.workers import find_rate


def test_two_rates_are_read_off_a_curve_that_is_known() -> None:
    rates = rate_finder.ramp(1e-6, 1.0, 121)  # twenty to a power of ten
    np.testing.assert_allclose(np.diff(np.log10(rates)), 0.05)
    # A dip whose lowest place is 1e-2 and whose steepest lies 1.4 / sqrt(2) powers of ten before it, then a rise.
    places = np.log10(rates)
    planted = 2 - np.exp(-(((places + 2) / 1.4) ** 2)) + 40 * np.clip(places + 1.5, 0, None) ** 2
    noisy = planted + np.random.default_rng(0).normal(0, 0.02, len(planted))
    upto = next(n for n in range(1, len(rates) + 1) if rate_finder.broken(noisy[:n].tolist()))
    found = rate_finder.read_off(rates, noisy[:upto].tolist())
    assert found["broke"]
    assert math.log10(found["steepest"] or 0) == pytest.approx(-2 - 1.4 / math.sqrt(2), abs=0.3)
    assert math.log10(found["lowest"] or 0) == pytest.approx(-2, abs=0.3)
    assert found["tenth"] == pytest.approx((found["lowest"] or 0) / 10)
    assert found["proposed"] == min(found["steepest"] or 0, found["tenth"] or 0)
    assert len(found["rates"]) == len(found["smoothed"]) == upto


def test_what_scatters_before_the_fall_is_not_taken_for_it() -> None:
    """Small batches: steps scatter by .13 around a loss that falls from a rate of 1e-4 to one of 1e-2 alone."""
    rates = rate_finder.ramp(1e-6, 1.0, 300)
    places = np.log10(rates)
    planted = 1.6 - 0.6 * np.clip((places + 4) / 2, 0, 1) + 3 * np.clip(places + 1, 0, None) ** 2
    for seed in range(60):
        losses = planted + np.random.default_rng(seed).normal(0, 0.13, 300)
        assert 1e-4 < (rate_finder.read_off(rates, losses.tolist())["proposed"] or 0) < 1e-2


@pytest.mark.parametrize("end", [[4.0, 30.0], [1.2, 30.0], [1.2, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0]])
def test_a_rate_is_proposed_where_the_loss_breaks_away_at_once(end: list[float]) -> None:
    """The normal ending of a ramp: what rises at the end says nothing about how far steps scatter before."""
    rates = rate_finder.ramp(1e-6, 1.0, 100)
    before = [1.6] * 30 + np.linspace(1.6, 1.0, 40).tolist()
    losses = (np.array(before) + np.random.default_rng(0).normal(0, 0.02, 70)).tolist() + end
    assert [rate_finder.broken(losses[:n]) for n in (70, len(losses))] == [False, True]
    found = rate_finder.read_off(rates, losses)
    assert rates[30] / 10 <= (found["proposed"] or 0) <= rates[69]


def test_a_loss_below_zero_breaks_only_where_it_rises_far() -> None:
    """That of early_learning goes below zero; from there it breaks by the scale it began with."""
    falls = np.linspace(1.0, -2.0, 40).tolist()
    assert not any(rate_finder.broken(falls[:n]) for n in range(1, 41))
    assert not any(rate_finder.broken([*falls, *[-1.5] * n]) for n in range(1, 9))
    assert rate_finder.broken([*falls, 5.0, 40.0])
    through = np.linspace(1.0, 0.001, 40).tolist()
    assert not rate_finder.broken([*through, 0.01]), "a hair above 0"


def test_nothing_is_proposed_where_the_loss_does_not_fall() -> None:
    rates = rate_finder.ramp(1e-6, 1.0, 30)
    flat = rate_finder.read_off(rates, [1.1] * 30)
    assert (flat["proposed"], flat["steepest"], flat["broke"]) == (None, None, False)
    scatters = [np.random.default_rng(seed).normal(1.5, 0.1, 30).tolist() for seed in range(20)]
    assert {rate_finder.read_off(rates, luck)["proposed"] for luck in scatters} == {None}
    lost = rate_finder.read_off(rates, [1.1, 1.1, float("nan")])
    assert (lost["proposed"], lost["broke"], len(lost["losses"])) == (None, True, 2)
    assert json.dumps(lost, allow_nan=False)


def test_a_step_is_that_of_plain_keras_at_the_rate_of_the_moment() -> None:
    recipe = tiny_recipe(optimizer__name="sgd", optimizer__momentum=0.0, schedule__name="constant")
    rates = rate_finder.ramp(1e-3, 0.1, 8)
    data = tiny_data()

    def network() -> keras.Model:
        keras.utils.set_random_seed(3)
        return registry.build(recipe.model, 3)

    told = find_rate.rise(network(), data, recipe, rates, lambda done, total, what: None)
    model, batches, plain = network(), TrainingBatches(data, recipe), []
    model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy", jit_compile=False)
    for number, rate in enumerate(rates):
        batches.epoch = 1 + number // len(batches)
        images, targets = batches[number % len(batches)]
        model.optimizer.learning_rate.assign(rate)
        model.reset_metrics()
        plain.append(float(model.train_on_batch(images, targets)))
    np.testing.assert_allclose(told, plain, rtol=1e-3)
    assert len(set(told)) == len(told)


def test_the_verb_and_the_front_door_find_a_rate_that_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    tiny_dataset(tmp_path)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(to_toml(tiny_recipe(training__epochs=1)))
    before = sorted(tmp_path.rglob("*"))
    assert run(["find-rate", "--dataset", "tiny", "--recipe", str(recipe), "--steps", "60", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(tmp_path.rglob("*")) == before, "nothing is kept"
    assert 1e-5 < told["proposed"] < 0.3
    found = fer.find_rate("tiny", str(recipe), steps=60)
    assert found.proposed == pytest.approx(told["proposed"], rel=0.5)
    assert list(found.table.columns) == ["rate", "loss", "smoothed"]
    assert f"{found.proposed:.2g}" in found._repr_html_()

    def loss_after_an_epoch(rate: float) -> float:
        keras.utils.set_random_seed(1)
        chosen = tiny_recipe(training__epochs=1, optimizer__learning_rate=rate)
        folder = tmp_path / f"{rate}"
        folder.mkdir()
        loop.train(registry.build(chosen.model, 3), tiny_data(), chosen, folder, lambda: False)
        row = json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])
        return float(row["loss"])

    assert loss_after_an_epoch(told["proposed"]) < loss_after_an_epoch(told["proposed"] / 100)


@pytest.mark.parametrize(
    ("settings", "ramp"), [({}, {"low": 0.0}), ({}, {"low": 1.0, "high": 0.1}), ({}, {"steps": 5}), ({"batch_size": 0}, {})]
)  # fmt: skip
def test_what_cannot_be_looked_for_is_refused(
    settings: dict[str, int], ramp: dict[str, float], tmp_path: Path
) -> None:
    with pytest.raises(RecipeError):
        rate_finder.find_rate(tiny_dataset(tmp_path), None, tiny_recipe(), settings, **ramp)  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="a rate for each"):
        rate_finder.find_rate(tiny_dataset(tmp_path / "other"), None, load("progressive"))
