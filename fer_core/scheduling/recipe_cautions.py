"""What a recipe asks for that does nothing, or not what its name says, on a version: told before a run is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fer_core.recipes.model_spec import TransferSpec, has_body
from fer_core.scheduling.hardware import has_bfloat16, may_have_accelerator

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.recipes.recipe import Recipe


def sentences(recipe: Recipe, counted: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """(what is there, what follows and what to do) for each such thing.

    Args:
        recipe: complete.
        counted: images, splits × classes, from `manifest.counts`.
    """
    training, grows = recipe.training, recipe.progressive
    sizes = {str(split): int(count) for split, count in counted.sum(axis=1).items()}
    train = sizes.get("train", 0)
    if training.class_weight == "balanced" and training.sampling == "balanced":
        yield (
            "class_weight and sampling are both balanced",
            "Rare classes are drawn more often and weigh more too: set one of them to none or all",
        )
    if recipe.noise.share:
        yield (
            f"noise.share is {recipe.noise.share:g}",
            "So many training images get a wrong label on purpose, in this training alone: set it to 0 for a model to use",
        )
    if training.precision == "mixed_float16" and not may_have_accelerator():
        better = "mixed_bfloat16 or float32" if has_bfloat16() else "float32"
        yield (
            "training.precision is mixed_float16, and there is no GPU here",
            f"Processors are many times slower with it: take {better}",
        )
    if recipe.optimizer.swa and 0 < recipe.early_stopping.patience < training.epochs - 1:
        yield (
            f"early_stopping.patience is {recipe.early_stopping.patience}, and optimizer.swa averages the last epochs",
            "A run that stops before them averages nothing: set early_stopping.patience to 0",
        )
    if 0 < train < training.batch_size:
        yield (
            f"batch_size {training.batch_size:,} is more than the {train:,} images to train on",
            "An epoch is one batch: take a smaller one",
        )
    for split, verb in (("train", "cannot be learned"), ("val", "is not validated")):
        here = [counted.at[split, name] for name in counted.columns] if sizes.get(split) else []
        missing = [str(name) for name, count in zip(counted.columns, here, strict=False) if not count]
        if missing:
            yield (
                f"{split} has no {', '.join(missing)}",
                f"What has no images there {verb}: split again, by classes",
            )
    if not has_body(recipe.model) and grows.layer_decay < 1:
        yield (
            f"progressive.layer_decay is {grows.layer_decay:g}, and this model has no backbone and no start",
            "It does nothing: take a transfer recipe, set model.start, or set it to 1",
        )
    if grows.stages and isinstance(recipe.model, TransferSpec) and recipe.model.trainable_layers:
        yield (
            f"model.trainable_layers is {recipe.model.trainable_layers}, and there are stages",
            "The stages say what is trained, from the first epoch on: it does nothing",
        )
    needed = sum(stage.epochs for stage in grows.stages[:-1])
    if grows.stages and training.epochs <= needed:
        yield (
            f"{training.epochs:,} epochs end before the last of {len(grows.stages)} stages",
            f"It begins after epoch {needed:,}: train longer, or shorten the stages",
        )
