"""Going through the parts of a training's plan: what is trained, at which rates, on which size of image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras

from fer_core.base.errors import RunError
from fer_core.models import body
from fer_core.recipes.losses import FlipConsistency
from fer_core.recipes.model_spec import TransferSpec, has_body
from fer_core.recipes.recipe import Recipe
from fer_core.training import losses, optimizers
from fer_core.training.batches import TrainingBatches
from fer_core.training.device import compile_just_in_time
from fer_core.training.flip_consistency import add_consistency_loss
from fer_core.training.stages import Part, plan, recipe_of_stage


class Parts:
    """Iterates over (first epoch, epoch after the last) of what is left, the model being made ready for each part.

    A stage of unfreezing begins with a new optimizer; otherwise the optimizer goes on from part to part. When it is
    made, the model is compiled for the first part that is left, so that a checkpoint can be put back.

    Attributes:
        goes_on: whether that part's optimizer has done epochs before.
        ended: after how many epochs stages were ended early.
        moved_on: whether that happened in the part that was gone through last.
        memory: what the loss remembers of the training images, through all parts; None of most losses.
    """

    def __init__(
        self,
        model: keras.Model,
        recipe: Recipe,
        batches: TrainingBatches,
        done: int,
        ended: Sequence[int] = (),
    ) -> None:
        self._model, self._recipe, self._batches, self._done = model, recipe, batches, done
        self.ended, self.moved_on = list(ended), False
        every = self._every = plan(recipe, self.ended)
        self.memory = losses.running_answers(recipe.loss, batches.labels, model.output_shape[-1])
        self._left = [part for part in every if part.end > done]
        first = (self._left or every[-1:])[0]
        self.goes_on = done > first.stage_begin
        self._full = every[-1].size
        self._dropouts = [(layer, layer.rate) for layer in _dropouts(model)]
        self._stage, self._stage_end = first.stage, _end_of_stage(first, self._left)
        self._compile(first)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        stage = self._left[0].stage if self._left else None
        try:
            while self._left:
                part, self.moved_on = self._left.pop(0), False
                self._stage, self._stage_end = part.stage, _end_of_stage(part, self._left)
                if part.stage != stage:
                    stage = part.stage
                    self._compile(part)
                self._drop(part.dropout)
                self._grow(part.size)
                yield max(part.begin, self._done), part.end
        finally:
            self._drop(1.0)
            self._grow(self._full)

    @contextmanager
    def conditions_of_last_epoch(self) -> Iterator[None]:
        """Batches, dropout and images as in the last epoch done: a run that goes on makes of them what it made then."""
        last = next((part for part in self._every if part.begin < self._done <= part.end), None)
        if last is not None:
            self._batches.epoch = self._done - 1
            self._drop(last.dropout)
            self._grow(last.size)
        try:
            yield
        finally:
            self._drop(1.0)
            self._grow(self._full)

    def end(self) -> int:
        """After how many epochs the plan ends: the recipe's, less those of stages that were ended early."""
        return plan(self._recipe, self.ended)[-1].end

    def over_after(self, epoch: int) -> bool:
        """Whether training is over after so many epochs, as planned or because something stopped it in its last stage."""
        return epoch >= self.end() or (self._model.stop_training and not self.moved_on)

    def end_stage(self, epoch: int) -> bool:
        """Go on with the next stage after so many epochs; False in the last stage, and where there are no stages."""
        if self._stage is None or self._stage + 1 >= len(self._recipe.progressive.stages):
            return False
        self.ended.append(epoch)
        self._done, self.moved_on = epoch, True
        self._left = [part for part in plan(self._recipe, self.ended) if part.end > epoch]
        return True

    def at_end_of_stage(self, epoch: int) -> bool:
        """Whether a stage is over after so many epochs, as planned or early."""
        return self._stage is not None and (self.moved_on or epoch == self._stage_end)

    def _compile(self, part: Part) -> None:
        stages, decay = self._recipe.progressive.stages, self._recipe.progressive.layer_decay
        if part.stage is not None:
            body.unfreeze(self._model, stages[part.stage].trainable)
        compile_model(self._model, recipe_of_stage(self._recipe, part), len(self._batches), self.memory)
        if decay < 1 and has_body(self._recipe.model):
            set_layer_rates(self._model.optimizer, body.learning_rate_factors(self._model, decay))

    def _grow(self, side: int) -> None:
        """Train on images of this side from now on; a backbone sees them so, whatever their own size."""
        model = self._recipe.model
        if not isinstance(model, TransferSpec):
            self._batches.side = side
        elif self._recipe.progressive.resizing and body.set_backbone_size(self._model, side):
            self._model.make_train_function(force=True)

    def _drop(self, share: float) -> None:
        rates = [rate * share for _, rate in self._dropouts]
        if [layer.rate for layer, _ in self._dropouts] == rates:
            return
        for (layer, _), rate in zip(self._dropouts, rates, strict=True):
            layer.rate = rate
        self._model.make_train_function(force=True)  # the rate is part of the graph


def compile_model(
    model: keras.Model, recipe: Recipe, steps_per_epoch: int, memory: losses.RunningAnswers | None = None
) -> None:
    """Give the model its optimizer, loss and metrics; `memory` as `Parts` has it."""
    loss, metrics = losses.loss_and_metrics(recipe.loss, model.output_shape[-1], memory, recipe.distillation)
    model.compile(
        optimizer=optimizers.optimizer(recipe, steps_per_epoch),
        loss=loss,
        metrics=metrics,
        jit_compile=compile_just_in_time(),
    )
    if isinstance(recipe.loss, FlipConsistency) and recipe.loss.consistency:
        add_consistency_loss(model, recipe.loss.consistency)


def set_layer_rates(optimizer: keras.Optimizer, factors: list[tuple[keras.Variable, float]]) -> None:
    """Multiply the learning rate and the weight decay of some variables by factors of their own.

    One optimizer, so that schedules, averages and checkpoints stay what they are; `MultiOptimizer` has neither one
    rate to follow nor an average.

    Raises:
        RunError: the backend updates all variables at once.
    """
    if keras.backend.backend() == "torch":
        raise RunError(
            "Rates by layer cannot be had with this backend",
            received="KERAS_BACKEND=torch",
            hint="Set progressive.layer_decay=1, or use tensorflow or jax",
        )
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # under 16 bits it is wrapped
    inner.factors = {inner._var_key(variable): factor for variable, factor in factors}


def _end_of_stage(part: Part, others: list[Part]) -> int:
    return max(each.end for each in (part, *others) if each.stage == part.stage)


def _dropouts(model: keras.Model) -> list[keras.layers.Dropout]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
