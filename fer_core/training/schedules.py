"""Learning rates over time, losses and optimizers: the tables of a recipe as Keras objects."""

from __future__ import annotations

from typing import Any

import keras

from fer_core.recipes.recipe import Recipe
from fer_core.recipes.schema import (
    SGD,
    AdamW,
    Cosine,
    EarlyStopping,
    FocalCrossEntropy,
    Loss,
    Muon,
    OneCycle,
    Optimizer,
    Plateau,
    Step,
)


def learning_rate(
    recipe: Recipe, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The rate to give the optimizer: a number, or a schedule over batches.

    Keras asks a schedule by the number of batches seen, also where it updates the weights once in several.
    """
    rate, schedule = recipe.optimizer.learning_rate, recipe.schedule
    if isinstance(schedule, Step):
        return keras.optimizers.schedules.ExponentialDecay(
            rate, schedule.every * steps_per_epoch, schedule.factor, staircase=True
        )
    if isinstance(schedule, OneCycle):
        total = recipe.training.epochs * steps_per_epoch
        rising = min(max(round(schedule.rising * total), 1), max(total - 1, 1))
        return keras.optimizers.schedules.CosineDecay(
            rate * schedule.start_fraction,
            max(total - rising, 1),
            alpha=schedule.final_fraction,
            warmup_target=rate,
            warmup_steps=rising,
        )
    if not isinstance(schedule, Cosine):
        return rate
    warmup = min(
        round(schedule.warmup_epochs * steps_per_epoch), recipe.training.epochs * steps_per_epoch - 1
    )
    steps = recipe.training.epochs * steps_per_epoch - warmup
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(rate, steps, alpha=schedule.final_fraction)
    return keras.optimizers.schedules.CosineDecay(
        rate / warmup, steps, alpha=schedule.final_fraction, warmup_target=rate, warmup_steps=warmup
    )


def optimizer(recipe: Recipe, steps_per_epoch: int) -> keras.Optimizer:
    """The recipe's optimizer with its learning-rate schedule."""
    spec = recipe.optimizer
    shared = {
        "learning_rate": learning_rate(recipe, steps_per_epoch),
        "global_clipnorm": spec.clipnorm or None,
        "gradient_accumulation_steps": spec.accumulation if spec.accumulation > 1 else None,
        "use_ema": spec.ema > 0,
        # Keras averages after every batch: after as many as make one update, the momentum is the recipe's.
        "ema_momentum": (spec.ema or 0.99) ** (1 / spec.accumulation),
    }
    built = _built(spec, shared)
    # At the end of every `fit` Keras would put the averages in the place of the weights; `averaging` does it where
    # they are judged and kept, and the weights themselves go on from part to part.
    built.finalize_variable_values = lambda var_list: None
    return built


def _built(spec: Optimizer, shared: dict[str, Any]) -> keras.Optimizer:
    if isinstance(spec, SGD):
        return keras.optimizers.SGD(momentum=spec.momentum, nesterov=spec.nesterov, **shared)
    if isinstance(spec, Muon):
        # Muon's own rate is for matrices; what it leaves to AdamW learns at the recipe's too.
        return keras.optimizers.Muon(weight_decay=spec.weight_decay, adam_lr_ratio=1.0, **shared)
    if isinstance(spec, AdamW):
        built = keras.optimizers.AdamW(weight_decay=spec.weight_decay, **shared)
        # Decay is for kernels: pulling normalisation and biases to zero only hurts (Goyal et al. 2017).
        built.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return built
    return keras.optimizers.Adam(**shared)


def loss(spec: Loss) -> keras.Loss:
    """The recipe's loss, on probabilities and one-hot or soft labels."""
    if isinstance(spec, FocalCrossEntropy):
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=spec.alpha, gamma=spec.gamma, label_smoothing=spec.label_smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=spec.label_smoothing)


def epoch_callbacks(recipe: Recipe) -> list[keras.callbacks.Callback]:
    """Keras's callbacks that act between epochs: plateau and early stopping, where the recipe has them."""
    callbacks: list[keras.callbacks.Callback] = []
    if isinstance(recipe.schedule, Plateau):
        plateau = recipe.schedule
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor=plateau.monitor,
                factor=plateau.factor,
                patience=plateau.patience,
                min_lr=plateau.min_learning_rate,
            )
        )
    stopping: EarlyStopping = recipe.early_stopping
    if stopping.patience:
        callbacks.append(keras.callbacks.EarlyStopping(monitor=stopping.monitor, patience=stopping.patience))
    return callbacks
