"""Keras's optimizers, counting updates where several batches make one, and with what some recipes ask of them.

    built = optimizer(recipe, steps_per_epoch)

Keras counts batches: under accumulation Adam corrects its bias, and the average of the weights moves, that many times too fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
from keras import ops

from fer_core.models.blocks import Tensor
from fer_core.recipes import schema
from fer_core.recipes.combinations import begin_after
from fer_core.recipes.recipe import Recipe
from fer_core.training import schedules


def optimizer(recipe: Recipe, steps_per_epoch: int) -> keras.Optimizer:
    """The recipe's optimizer with its learning-rate schedule."""
    spec, schedule = recipe.optimizer, recipe.schedule
    built = _built(spec, {
        "learning_rate": schedules.learning_rate(recipe, steps_per_epoch),
        "global_clipnorm": spec.clipnorm or None,
        "gradient_accumulation_steps": spec.accumulation if spec.accumulation > 1 else None,
        "use_ema": spec.ema > 0 or spec.swa > 0,
        "ema_momentum": spec.ema or 0.99,
    })  # fmt: skip
    if isinstance(schedule, schema.OneCycle) and schedule.cycle_momentum:
        total = (recipe.training.epochs - schedule.begin_after) * steps_per_epoch
        low, high = schedule.momentum_low, schedule.momentum_high
        cycle = schedules.OneCycleRate(total, schedule.rising, high, low, high)
        built.cycle = schedules.DelayedSchedule(cycle, schedule.begin_after * steps_per_epoch)
    if spec.swa:
        epochs = recipe.training.epochs
        built.averaged = AveragedEpochs(epochs - max(round(spec.swa * epochs), 1), steps_per_epoch)
    # At the end of every `fit` Keras would put the averages in the place of the weights; `averaging` does it where
    # they are judged and kept, and the weights themselves go on from part to part.
    built.finalize_variable_values = lambda var_list: None
    return built


def begin_schedule(built: keras.Optimizer, recipe: Recipe, done: int, steps_per_epoch: int) -> None:
    """Let a schedule that begins late begin in its epoch, however many batches there were before it.

    A fork may have another batch size, or a new optimizer that has counted nothing yet. Averaged epochs likewise.
    """
    begin = begin_after(recipe)
    inner = getattr(built, "inner_optimizer", built)  # under 16 bits it is wrapped
    if inner.averaged is not None:
        inner.averaged.offset = int(ops.convert_to_numpy(inner._iterations)) - done * steps_per_epoch
    if not begin or done < begin:
        return
    offset = int(ops.convert_to_numpy(inner._iterations)) - (done - begin) * steps_per_epoch
    for schedule in (inner._learning_rate, inner.cycle):
        if isinstance(schedule, schedules.DelayedSchedule):
            schedule.offset = offset


def _built(spec: schema.Optimizer, shared: dict[str, Any]) -> CountsUpdates:
    if isinstance(spec, schema.SGD):
        return CountingSGD(momentum=spec.momentum, nesterov=spec.nesterov, **shared)
    if isinstance(spec, schema.Adam):
        return CountingAdam(beta_1=spec.beta_1, beta_2=spec.beta_2, **shared)
    decay = spec.weight_decay
    if isinstance(spec, schema.Muon):
        # Muon's own rate and decay are for matrices; what it leaves to AdamW learns by the recipe's too.
        built: CountsUpdates = CountingMuon(
            weight_decay=decay, adam_weight_decay=decay, adam_lr_ratio=1.0, **shared
        )
    else:
        built = CountingAdamW(weight_decay=decay, beta_1=spec.beta_1, beta_2=spec.beta_2, **shared)
    # Decay is for kernels: pulling normalisation and biases to zero only hurts (Goyal et al. 2017).
    built.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return built


@dataclass
class AveragedEpochs:
    """Which epochs SWA averages: those after `begin`, of so many batches each; `offset` batches count for nothing."""

    begin: int
    batches: int
    offset: int = 0

    def momentum(self, batches: Tensor) -> Tensor:
        """What is kept of the average after so many batches; it is the weights themselves up to the end of the first epoch."""
        counted = batches - self.offset
        number = ops.cast(ops.floor_divide(counted, self.batches) - self.begin, "float32")
        after_one = ops.where(counted % self.batches == 0, (number - 1) / ops.maximum(number, 1.0), 1.0)
        return ops.where(number < 1, 0.0, after_one)


class CountsUpdates(keras.optimizers.Optimizer):
    """What the optimizers here have in common.

    Attributes:
        cycle: the momentum over batches, where it has a cycle of its own; else None.
        averaged: the epochs that SWA averages, else None.
        factors: variable key -> factor on its learning rate and on its decay.
    """

    cycle: schedules.DelayedSchedule | None = None
    averaged: AveragedEpochs | None = None
    factors: Mapping[Any, float] = MappingProxyType({})

    @property
    def _every(self) -> int:
        return self.gradient_accumulation_steps or 1

    @property
    def iterations(self) -> Tensor:
        """How many updates there were; `_iterations` are batches, by which the learning rate goes."""
        return self._iterations if self._every == 1 else ops.floor_divide(self._iterations, self._every)

    @property
    def keeps_average(self) -> bool:
        """Whether there is an average that is more than the weights of the moment."""
        if self.averaged is None:
            return bool(self.use_ema)
        done = int(ops.convert_to_numpy(self._iterations)) - self.averaged.offset
        return done // self.averaged.batches > self.averaged.begin

    def scaled(self, variable: Tensor, learning_rate: Tensor) -> Tensor:
        factor = self.factors.get(self._var_key(variable), 1.0)
        return learning_rate if factor == 1.0 else learning_rate * factor

    def _update_model_variables_moving_average(self, trainable_variables: list[keras.Variable]) -> None:
        """One step of the average after each update.

        It is the weights up to the first update, and remembers little at first, min(ema, (1 + t) / (10 + t)) after t updates, as
        TensorFlow's `ExponentialMovingAverage` with `num_updates`: else a short training is mostly its random start.
        """
        if not self.use_ema:
            return
        batches = self._iterations + 1
        t = ops.cast(ops.floor_divide(batches, self._every), "float32")
        momentum = ops.where(t <= 1, 0.0, ops.minimum(self.ema_momentum, (1 + t) / (10 + t)))
        between = ops.logical_and(t >= 1, ops.not_equal(batches % self._every, 0))
        momentum = ops.where(between, 1.0, momentum)
        if self.averaged is not None:
            momentum = self.averaged.momentum(batches)
        for variable, average in zip(trainable_variables, self._model_variables_moving_average, strict=True):
            if average is not None:
                m = ops.cast(momentum, variable.dtype)
                average.assign(m * average + (1 - m) * variable)

    def _apply_weight_decay(self, variables: list[keras.Variable]) -> None:
        """Decoupled decay, by the same factors as the learning rate: what learns slowly is not pulled to zero at full speed."""
        if self.weight_decay is None:
            return
        for variable in variables:
            if self._use_weight_decay(variable):
                rate = ops.cast(self.scaled(variable, self.learning_rate), variable.dtype)
                variable.assign(variable - variable * self.weight_decay * rate)


class _Cycled(CountsUpdates):
    """Lays the momentum of the moment into the attributes that hold it."""

    held_in: tuple[str, ...] = ("beta_1",)

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        plain = {name: getattr(self, name) for name in self.held_in}
        if self.cycle is not None:
            for name in plain:
                setattr(self, name, self.cycle(self._iterations))
        super().update_step(gradient, variable, self.scaled(variable, learning_rate))
        for name, value in plain.items():
            setattr(self, name, value)


class CountingAdam(_Cycled, keras.optimizers.Adam):
    """`keras.optimizers.Adam`; the momentum is `beta_1`."""


class CountingAdamW(_Cycled, keras.optimizers.AdamW):
    """`keras.optimizers.AdamW`; the momentum is `beta_1`."""


class CountingMuon(_Cycled, keras.optimizers.Muon):
    """`keras.optimizers.Muon`; its own momentum, and AdamW's for all that is no matrix."""

    held_in = ("momentum", "adam_beta_1")


class CountingSGD(CountsUpdates, keras.optimizers.SGD):
    """`keras.optimizers.SGD`, whose step asks whether its momentum is 0, which a number of the graph cannot tell."""

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        rate = self.scaled(variable, learning_rate)
        if self.cycle is None:
            super().update_step(gradient, variable, rate)
            return
        held = self.momentums[self._get_variable_index(variable)]
        momentum = ops.cast(self.cycle(self._iterations), variable.dtype)
        step = ops.cast(gradient, variable.dtype) * ops.cast(rate, variable.dtype)
        self.assign(held, held * momentum - step)
        self.assign_add(variable, held * momentum - step if self.nesterov else held)
