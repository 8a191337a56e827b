"""What fields of a recipe do not go together, and which do not fit the classes of a version."""

from __future__ import annotations

from collections.abc import Sequence

from fer_core.base.errors import RecipeError
from fer_core.recipes.complete import Recipe
from fer_core.recipes.label_noise import check_confusions
from fer_core.recipes.losses import EarlyLearning, FlipConsistency, check_class_alpha
from fer_core.recipes.model_spec import (
    FEWEST_NORMALISED,
    AttentionBlock,
    Block,
    CnnSpec,
    ConvBlock,
    ConvNextBlock,
    DenseBlock,
    DepthwiseBlock,
    Flatten,
    GlobalAverage,
    ModelSpec,
    Patches,
    RepVggBlock,
    ResidualBlock,
    SqueezeExcite,
    any_size,
    has_body,
)

MOST_PARAMETERS = 1_000_000_000
"""Sixteen gigabytes with what Adam keeps of them; the largest recipe that ships has 14 million."""
_ON_VECTORS = ("dense", "flatten")


def check_combination(recipe: Recipe) -> None:
    """Raise RecipeError for fields that are valid each, but not with each other."""
    _check_size(recipe)
    _check_growth(recipe)
    _check_average(recipe)
    _check_blocks(recipe)
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


def _check_size(recipe: Recipe) -> None:
    found = _least_parameters(recipe.model)
    if found > MOST_PARAMETERS:
        raise RecipeError(
            f"This network has more than {MOST_PARAMETERS:,} parameters: no machine that this program runs on trains it",
            received=f"{found:,} parameters" if found < 10**18 else "more than 10^18 parameters",
            hint="Take fewer filters or units, or pool more often",
        )


def _least_parameters(model: ModelSpec) -> int:
    """A bound from below that needs no Keras: all but biases, normalisations and, of a transfer network, the backbone."""
    total, (side, width) = (
        0,
        (model.input_size, model.input_shape[-1]) if isinstance(model, CnnSpec) else (1, 1),
    )
    for block in model.blocks if isinstance(model, CnnSpec) else model.head:
        total += _kernels(block, side, width)
        side, width = _after(block, side, width)
    return total


def _kernels(block: Block, side: int, width: int) -> int:
    """Parameters of a block on a map of that side and so many channels."""
    match block:
        case ConvBlock():
            return block.kernel_size**2 * block.filters * (width + (block.convs - 1) * block.filters)
        case ResidualBlock():
            return 9 * block.filters * (width + block.filters)
        case DepthwiseBlock():
            return width * (block.kernel_size**2 + block.filters)
        case RepVggBlock():
            return (9 + 1) * width * block.filters
        case ConvNextBlock():
            first = block.strides**2 * width if block.strides > 1 or width != block.filters else 0
            return block.filters * (first + block.kernel_size**2 + 2 * block.expansion * block.filters)
        case SqueezeExcite():
            return 2 * width * max(width // block.reduction, 1)
        case Patches():
            return block.units * (block.size**2 * width + (side // block.size) ** 2)
        case AttentionBlock():
            heads = block.heads * max(width // block.heads, 1)
            return block.repeats * width * (4 * heads + 2 * block.expansion * width)
        case DenseBlock():
            return width * block.units
    return 0


def _after(block: Block, side: int, width: int) -> tuple[int, int]:
    """Side and channels of what a block makes of a map; a vector is a map of side 1."""
    match block:
        case Flatten():
            return 1, width * side**2
        case GlobalAverage():
            return 1, width
        case DenseBlock():
            return side, block.units
        case Patches():
            return side // block.size, block.units
        case SqueezeExcite() | AttentionBlock():
            return side, width
    side = -(-side // block.strides)
    return side // 2 if isinstance(block, ConvBlock) and block.pool != "none" else side, block.filters


def _check_growth(recipe: Recipe) -> None:
    """Stages, images that grow, and schedules that begin late."""
    model, grows = recipe.model, recipe.progressive
    if grows.stages and not has_body(model):
        raise RecipeError(
            "`progressive.stages` unfreezes a backbone or a start, and this model has none",
            received=f"model.architecture={model.architecture!r}",
            hint="Begin with a transfer recipe, set model.start, or take the stages out",
        )
    if grows.resizing and not any_size(model):
        raise RecipeError(
            "`progressive.resizing` needs a backbone without attention, or a CNN that ends in global_average without patches or "
            "attention: their weights fit any size",
            received=f"progressive.resizing={grows.resizing:g}",
            hint="compact, model_d and the transfer recipes are such networks",
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


def _check_blocks(recipe: Recipe) -> None:
    """Blocks that work on a feature map, in front of what makes a vector of it."""
    model = recipe.model
    if not isinstance(model, CnnSpec):
        return
    made, (side, width), kinds = "", (model.input_size, model.input_shape[-1]), list[str]()
    for place, block in enumerate(model.blocks):
        if made and block.kind not in _ON_VECTORS:
            what = f"A block of kind {block.kind} works on a feature map, and {made} before it has made a vector of it"
            raise RecipeError(what, received=_block(place))
        _check_block(block, side, width, kinds, _block(place))
        side, width = _after(block, side, width)
        if side < 1:
            raise RecipeError(
                "Nothing is left of the image after this block",
                received=f"{_block(place)}, model.input_size={model.input_size}",
                hint="Pool less often, or take a larger model.input_size",
            )
        kinds.append(block.kind)
        made = made or (block.kind if block.kind in ("flatten", "global_average") else "")
    if not made:
        raise RecipeError(
            "The blocks end in a feature map, and the classes need a vector",
            received=_block(len(model.blocks) - 1),
            hint="Add a block of kind global_average or flatten",
        )


def _block(place: int) -> str:
    return f"block {place + 1} of model.blocks"


def _check_block(block: Block, side: int, width: int, before: Sequence[str], where: str) -> None:
    """A block against the map it is given."""
    if isinstance(block, Patches) and block.size > side:
        raise RecipeError(
            "A patch is larger than the image, or than what the blocks before it leave of it",
            received=f"{block.size} pixels of {side}, {where}",
        )
    if isinstance(block, Patches) and block.kind in before:
        raise RecipeError(
            "An image is cut into patches once",
            received=f"{where} is of kind patches too",
            hint="A conv or convnext block with strides makes a map smaller",
        )
    channels = block.filters if isinstance(block, ConvNextBlock) else width
    if isinstance(block, (ConvNextBlock, AttentionBlock)) and channels < FEWEST_NORMALISED:
        raise RecipeError(
            f"A block of kind {block.kind} normalises over its channels, and of fewer than {FEWEST_NORMALISED} nothing is left",
            received=f"{channels} channels, {where}",
            hint="Take more filters, or put a conv or patches block before it",
        )


def _check_loss(recipe: Recipe) -> None:
    model = recipe.model
    if isinstance(recipe.loss, FlipConsistency) and not (
        isinstance(model, CnnSpec) and model.blocks[-1].kind == "global_average"
    ):
        raise RecipeError(
            "`loss.name` flip_consistency compares attention maps, which a CNN has whose last block is global_average",
            received=f"model.architecture={model.architecture!r}",
            hint="compact, model_d, best and vit_tiny are such networks",
        )
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
