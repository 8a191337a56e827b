"""The plan of a training whose conditions change: stages of unfreezing, images and dropout that grow.

>>> from fer_core.recipes.recipe import load
>>> [(part.begin, part.end) for part in plan(load("compact"))]
[(0, 36)]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from fer_core.recipes.model_spec import TransferSpec
from fer_core.recipes.recipe import Recipe, override

LEAST = 32
"""Pixels below which a backbone sees nothing."""


@dataclass(frozen=True)
class Part:
    """Epochs under the same conditions.

    Attributes:
        begin: first epoch, from 0.
        end: the epoch after the last.
        stage: which of `progressive.stages`; None of a recipe without.
        stage_begin: first epoch of that stage, where its optimizer is new.
        size: pixels along each side of the training images, of a backbone: of what it sees.
        dropout: share of the recipe's dropout rates.
    """

    begin: int
    end: int
    stage: int | None
    stage_begin: int
    size: int
    dropout: float


def plan(recipe: Recipe, ended: Sequence[int] = ()) -> list[Part]:
    """All epochs of a recipe, in order.

    Args:
        recipe: complete.
        ended: after how many epochs stages were ended early; the stages after them keep their lengths.
    """
    grows, last = recipe.progressive, len(recipe.progressive.stages) - 1
    numbers: list[int] = []
    for number, planned in enumerate(grows.stages[:last] if grows.stages else []):
        begin = len(numbers)
        lengths = [epoch - begin for epoch in ended if begin < epoch <= begin + planned.epochs]
        numbers += [number] * min([planned.epochs, *lengths])
    saved = sum(each.epochs for each in grows.stages[:last]) - len(numbers) if grows.stages else 0
    epochs = recipe.training.epochs - saved
    full, least = (
        (recipe.model.backbone_size, LEAST)
        if isinstance(recipe.model, TransferSpec)
        else (recipe.model.input_size, 8)
    )

    def at(epoch: int) -> tuple[int | None, int, float]:
        stage = (numbers[epoch] if epoch < len(numbers) else last) if grows.stages else None
        reached = _reached(epoch, grows.resizing * recipe.training.epochs, grows.steps)
        share = grows.start_size + (1 - grows.start_size) * reached
        size = max(round(full * share), least)
        return stage, size, _reached(epoch, grows.dropout * recipe.training.epochs, grows.steps)

    parts, stage_begin, before = [], 0, None
    for (stage, size, dropout), group in groupby(range(epochs), key=at):
        members = list(group)
        if stage != before:
            stage_begin, before = members[0], stage
        parts.append(Part(members[0], members[-1] + 1, stage, stage_begin, size, dropout))
    return parts


def recipe_of_stage(recipe: Recipe, part: Part) -> Recipe:
    """The recipe as its stage has it: the stage's rate, and a schedule over the stage's epochs alone."""
    if part.stage is None:
        return recipe
    stages = recipe.progressive.stages
    epochs = recipe.training.epochs - sum(stage.epochs for stage in stages[: part.stage])
    if part.stage + 1 < len(stages):
        epochs = min(epochs, stages[part.stage].epochs)
    rate = stages[part.stage].learning_rate
    return override(recipe, {"optimizer.learning_rate": rate, "training.epochs": epochs})


def _reached(epoch: int, growing: float, steps: int) -> float:
    """0..1 in steps: how far what grows over `growing` epochs has come."""
    return 1.0 if epoch >= growing else int(epoch / growing * steps) / steps
