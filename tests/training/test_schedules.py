from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from tiny_faces import tiny_recipe

from fer_core.recipes.recipe import Recipe
from fer_core.training import losses, optimizers, schedules


def rates(recipe: object, steps: int, at: list[int]) -> list[float]:
    rate = schedules.learning_rate(recipe, steps)  # type: ignore[arg-type]
    assert not isinstance(rate, float)
    return [float(keras.ops.convert_to_numpy(rate(step))) for step in at]


def test_cosine_with_warm_up() -> None:
    recipe = tiny_recipe(
        schedule__name="cosine",
        schedule__warmup_epochs=2,
        schedule__final_fraction=0.1,
        training__epochs=12,
        optimizer__learning_rate=0.4,
    )
    found = rates(recipe, 10, [10, 20, 70, 120, 500])
    np.testing.assert_allclose(found, [0.21, 0.4, 0.22, 0.04, 0.04], rtol=0.02)


def test_cosine_without_warm_up_starts_at_the_full_rate() -> None:
    recipe = tiny_recipe(schedule__name="cosine", training__epochs=4, optimizer__learning_rate=0.4)
    np.testing.assert_allclose(rates(recipe, 5, [0, 10, 20]), [0.4, 0.2, 0.0], atol=1e-6)


def test_a_warm_up_longer_than_the_run_leaves_it_a_rate() -> None:
    recipe = tiny_recipe(schedule__name="cosine", schedule__warmup_epochs=50, training__epochs=1)
    assert all(0 < rate <= 0.0101 for rate in rates(recipe, 6, [0, 3, 5]))


@pytest.mark.parametrize("name", ["constant", "plateau"])
def test_other_schedules_start_from_the_rate_itself(name: str) -> None:
    assert schedules.learning_rate(tiny_recipe(schedule__name=name), 10) == 0.01


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "muon"])
def test_optimizers(name: str) -> None:
    recipe = tiny_recipe(optimizer__name=name, optimizer__learning_rate=0.03, optimizer__clipnorm=1.5)
    built = optimizers.optimizer(recipe, 10)
    assert type(built).__name__.lower() == f"counting{name}"
    assert float(keras.ops.convert_to_numpy(built.learning_rate)) == pytest.approx(0.03)
    assert built.global_clipnorm == 1.5
    assert optimizers.optimizer(tiny_recipe(optimizer__name=name), 10).global_clipnorm is None


def test_sgd_takes_momentum_and_nesterov() -> None:
    fields = {"optimizer__name": "sgd", "optimizer__momentum": 0.5, "optimizer__nesterov": False}
    built = optimizers.optimizer(tiny_recipe(**fields), 10)
    assert (built.momentum, built.nesterov) == (0.5, False)


def test_weight_decay_pulls_kernels_and_nothing_else() -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.BatchNormalization()])
    optimizer = optimizers.optimizer(tiny_recipe(optimizer__name="adamw", optimizer__weight_decay=0.5), 10)
    for weight in model.trainable_weights:
        weight.assign(np.ones(weight.shape))
    optimizer.build(model.trainable_weights)
    optimizer.apply([np.zeros(w.shape, dtype=np.float32) for w in model.trainable_weights])
    for weight in model.trainable_weights:
        value = keras.ops.convert_to_numpy(weight)
        assert (value < 1).all() if weight.name == "kernel" else (value == 1).all(), weight.path


def test_losses() -> None:
    truth, guess = np.array([[1.0, 0.0]]), np.array([[0.8, 0.2]])
    plain = float(losses.loss(tiny_recipe().loss, 2)(truth, guess))
    assert plain == pytest.approx(-np.log(0.8), rel=1e-5)
    smooth = float(losses.loss(tiny_recipe(loss__label_smoothing=0.2).loss, 2)(truth, guess))
    assert smooth == pytest.approx(-0.9 * np.log(0.8) - 0.1 * np.log(0.2), rel=1e-5)
    focal = tiny_recipe(loss__name="categorical_focal_crossentropy", loss__gamma=2.0, loss__alpha=0.25)
    found = float(losses.loss(focal.loss, 2)(truth, guess))
    assert found == pytest.approx(-0.25 * 0.2**2 * np.log(0.8), rel=1e-4)


def test_callbacks_between_epochs() -> None:
    assert schedules.epoch_callbacks(tiny_recipe()) == []
    recipe = tiny_recipe(schedule__name="plateau", schedule__patience=3, early_stopping__patience=4)
    plateau, stopping = schedules.epoch_callbacks(recipe)
    assert (plateau.monitor, plateau.factor, plateau.patience, plateau.min_lr) == ("val_loss", 0.5, 3, 1e-6)
    assert (stopping.monitor, stopping.patience) == ("val_accuracy", 4)


def test_step_multiplies_every_so_many_epochs() -> None:
    recipe = tiny_recipe(
        schedule__name="step", schedule__factor=0.5, schedule__every=3, optimizer__learning_rate=0.4
    )
    np.testing.assert_allclose(rates(recipe, 10, [0, 29, 30, 60]), [0.4, 0.4, 0.2, 0.1], rtol=1e-5)


def one_cycle(step: int, total: int, rising: float, start: float, peak: float, end: float) -> float:
    """`torch.optim.lr_scheduler.OneCycleLR` with two phases, annealed by cosines: from its documentation and code."""
    turn = rising * total - 1
    first, last, share = (start, peak, step / turn) if step <= turn else (
        peak, end, (step - turn) / (total - 1 - turn))  # fmt: skip
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))


def test_one_cycle_is_that_of_pytorch_in_every_step() -> None:
    recipe = tiny_recipe(schedule__name="one_cycle", training__epochs=8, optimizer__learning_rate=0.4)
    expected = [one_cycle(step, 80, 0.3, 0.4 / 25, 0.4, 0.4 / 25 / 1e4) for step in range(80)]
    np.testing.assert_allclose(rates(recipe, 10, list(range(80))), expected, rtol=2e-5, atol=1e-7)
    assert rates(recipe, 10, [200]) == pytest.approx([0.4 / 25 / 1e4], rel=0.05)


@pytest.mark.parametrize("epochs", [1, 2])
def test_one_cycle_of_a_batch_or_two_has_rates(epochs: int) -> None:
    recipe = tiny_recipe(schedule__name="one_cycle", training__epochs=epochs)
    assert np.isfinite(rates(recipe, 1, [0, 1])).all()


GRADIENTS = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)


def after(recipe: Recipe, gradients: np.ndarray) -> np.ndarray:
    """What an optimizer makes of ones."""
    variable = keras.Variable(np.ones(3, np.float32), name="bias")
    built = optimizers.optimizer(recipe, 6)
    built.build([variable])
    for gradient in gradients:
        built.apply([gradient])
    return np.asarray(keras.ops.convert_to_numpy(variable))


@pytest.mark.parametrize("nesterov", [False, True])
def test_one_cycle_lowers_the_momentum_of_sgd_while_the_rate_rises(nesterov: bool) -> None:
    recipe = tiny_recipe(
        schedule__name="one_cycle", training__epochs=2, optimizer__name="sgd", optimizer__nesterov=nesterov,
        optimizer__learning_rate=0.1,
    )  # fmt: skip
    weight, held = np.ones(3), np.zeros(3)
    for step, gradient in enumerate(GRADIENTS):
        rate = one_cycle(step, 12, 0.3, 0.1 / 25, 0.1, 0.1 / 25e4)
        momentum = one_cycle(step, 12, 0.3, 0.95, 0.85, 0.95)
        held = momentum * held - rate * gradient
        weight = weight + (momentum * held - rate * gradient if nesterov else held)
    np.testing.assert_allclose(after(recipe, GRADIENTS), weight, rtol=1e-5)


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize("cycled", [False, True])
def test_adam_is_its_formula_with_accumulation_and_with_a_cycle(accumulation: int, cycled: bool) -> None:
    recipe = tiny_recipe(
        schedule__name="one_cycle", training__epochs=2, schedule__cycle_momentum=cycled,
        optimizer__accumulation=accumulation, optimizer__learning_rate=0.1,
    )  # fmt: skip
    weight, m, v = np.ones(3), np.zeros(3), np.zeros(3)
    for update in range(1, 12 // accumulation + 1):
        last = update * accumulation - 1  # the batch that completes it
        gradient = GRADIENTS[last + 1 - accumulation : last + 1].astype(np.float64).mean(axis=0)
        rate = one_cycle(last, 12, 0.3, 0.1 / 25, 0.1, 0.1 / 25e4)
        beta = one_cycle(last, 12, 0.3, 0.95, 0.85, 0.95) if cycled else 0.9
        m, v = beta * m + (1 - beta) * gradient, 0.999 * v + 0.001 * gradient**2
        weight = weight - rate * (m / (1 - beta**update)) / (np.sqrt(v / (1 - 0.999**update)) + 1e-7)
    np.testing.assert_allclose(after(recipe, GRADIENTS), weight, rtol=2e-5)


def test_muon_decays_kernels_by_the_recipe_and_nothing_else() -> None:
    """Also those that it leaves to AdamW, whose decay of Keras's own would be .004."""
    still = np.zeros((4, 3), np.float32)
    recipe = tiny_recipe(optimizer__name="muon", optimizer__weight_decay=0.5)
    assert np.array_equal(after(recipe, still), np.ones(3))


def test_accumulation_and_average_reach_the_optimizer() -> None:
    built = optimizers.optimizer(tiny_recipe(optimizer__accumulation=4, optimizer__ema=0.9), 10)
    assert (built.gradient_accumulation_steps, built.use_ema) == (4, True)
    assert built.ema_momentum == 0.9
    plain = optimizers.optimizer(tiny_recipe(), 10)
    assert (plain.gradient_accumulation_steps, plain.use_ema) == (None, False)


def test_accumulated_batches_are_one_larger_batch() -> None:
    grads = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)

    def weight(accumulation: int, given: np.ndarray) -> np.ndarray:
        built = optimizers.optimizer(
            tiny_recipe(optimizer__name="sgd", optimizer__momentum=0, optimizer__accumulation=accumulation), 4
        )
        variable = keras.Variable(np.zeros(3, np.float32))
        built.build([variable])
        for grad in given:
            built.apply([keras.ops.convert_to_tensor(grad)])
        return np.asarray(keras.ops.convert_to_numpy(variable))

    np.testing.assert_allclose(weight(4, grads), weight(1, grads.mean(axis=0, keepdims=True)), atol=1e-6)
