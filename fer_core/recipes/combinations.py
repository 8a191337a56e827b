"""What fields of a recipe do not go together, and which do not fit the classes of a version."""

from __future__ import annotations

from collections.abc import Sequence

from fer_core.base.errors import RecipeError
from fer_core.recipes.complete import Recipe
from fer_core.recipes.label_noise import check_confusions
from fer_core.recipes.losses import EarlyLearning, check_class_alpha
from fer_core.recipes.model_spec import CnnSpec, has_body


def check_combination(recipe: Recipe) -> None:
    """Raise RecipeError for fields that are valid each, but not with each other."""
    _check_growth(recipe)
    _check_average(recipe)
    _check_loss(recipe)
    if recipe.training.batch_size % recipe.training.devices:
        raise RecipeError(
            "`training.batch_size` must be a multiple of `training.devices`",
            received=f"{recipe.training.batch_size} images on {recipe.training.devices} devices",
        )


def check_classes(recipe: Recipe, classes: Sequence[str]) -> None:
    """Raise RunError for weights or confusions of a recipe that do not fit the classes of a version."""
    check_class_alpha(recipe.loss, len(classes))
    check_confusions(recipe.noise, classes)


def begin_after(recipe: Recipe) -> int | None:
    """Epochs before the schedule begins; None of one that has no begin."""
    return getattr(recipe.schedule, "begin_after", None)


def _check_growth(recipe: Recipe) -> None:
    """Stages, images that grow, and schedules that begin late."""
    model, grows = recipe.model, recipe.progressive
    if grows.stages and not has_body(model):
        raise RecipeError(
            "`progressive.stages` unfreezes a backbone or a start, and this model has none",
            received=f"model.architecture={model.architecture!r}",
            hint="Begin with a transfer recipe, set model.start, or take the stages out",
        )
    if grows.resizing and not (
        isinstance(model, CnnSpec) and any(block.kind == "global_average" for block in model.blocks)
    ):
        raise RecipeError(
            "`progressive.resizing` needs a CNN that ends in global_average, whose weights fit any size",
            received=f"progressive.resizing={grows.resizing:g}",
            hint="compact and model_d are such networks",
        )
    begin = begin_after(recipe)
    if begin and grows.stages:
        raise RecipeError(
            "`schedule.begin_after` does not go with `progressive.stages`: each stage has a schedule of its own",
            received=f"schedule.begin_after={begin}, {len(grows.stages)} stages",
            hint="Set schedule.begin_after=0",
        )
    if begin and begin >= recipe.training.epochs:
        raise RecipeError(
            "`schedule.begin_after` must be below `training.epochs`",
            received=f"schedule.begin_after={begin}, training.epochs={recipe.training.epochs}",
        )


def _check_average(recipe: Recipe) -> None:
    swa, stages = recipe.optimizer.swa, recipe.progressive.stages
    if swa and (recipe.optimizer.ema or stages):
        raise RecipeError(
            "`optimizer.swa` averages the last epochs, and goes neither with `optimizer.ema` nor with `progressive.stages`",
            received=f"swa={swa:g}, ema={recipe.optimizer.ema:g}, {len(stages)} stages",
            hint="Set optimizer.swa=0, or the others",
        )
    if swa and recipe.training.precision == "mixed_float16":
        raise RecipeError(
            "`optimizer.swa` goes by the number of steps, and mixed_float16 leaves out those that overflow",
            received=f"swa={swa:g}, precision=mixed_float16",
            hint="Set training.precision to mixed_bfloat16 or float32",
        )


def _check_loss(recipe: Recipe) -> None:
    if recipe.distillation.teacher and isinstance(recipe.loss, EarlyLearning):
        raise RecipeError(
            "A teacher does not go with early_learning, whose teacher is the network itself",
            received=f"distillation.teacher={recipe.distillation.teacher!r}",
        )
    mixed = recipe.augmentation.mixup or recipe.augmentation.cutmix
    if isinstance(recipe.loss, EarlyLearning) and mixed:
        raise RecipeError(
            "`loss.name` early_learning remembers what was said of each image, and mixed images are of two",
            received=f"augmentation.mixup={recipe.augmentation.mixup:g}, cutmix={recipe.augmentation.cutmix:g}",
            hint="Set augmentation.mixup=0 and augmentation.cutmix=0, or take another loss",
        )
