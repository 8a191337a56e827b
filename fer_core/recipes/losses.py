"""The `[loss]` and `[distillation]` tables of a recipe: what training makes small, with the fields that act on each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from fer_core.base.errors import RunError
from fer_core.recipes.model_spec import Fraction, Spec

Weight = Annotated[float, Field(gt=0, le=1)]


class CrossEntropy(Spec):
    """Categorical cross-entropy."""

    name: Literal["categorical_crossentropy"] = "categorical_crossentropy"
    label_smoothing: Fraction = 0.0


class FocalCrossEntropy(Spec):
    """Focal loss, which weighs easy images down (Lin et al. 2017)."""

    name: Literal["categorical_focal_crossentropy"] = "categorical_focal_crossentropy"
    label_smoothing: Fraction = 0.0
    alpha: Weight = 0.25
    class_alpha: list[Weight] = Field(
        default=[],
        description="A weight for each class, in the order of the model's outputs, in place of alpha; empty: alpha for all",
    )
    gamma: float = Field(default=2.0, ge=0)


def check_class_alpha(loss: Loss, classes: int) -> None:
    """Raise RunError where a loss has weights of classes, and not one for each of so many."""
    if isinstance(loss, FocalCrossEntropy) and loss.class_alpha and len(loss.class_alpha) != classes:
        raise RunError(
            "`loss.class_alpha` needs one weight for each class",
            received=f"{len(loss.class_alpha)} weights, {classes} classes",
        )


class GeneralizedCrossEntropy(Spec):
    """(1 - p^q) / q: between cross-entropy and mean absolute error, which wrong labels hurt less (Zhang and Sabuncu 2018)."""

    name: Literal["generalized_crossentropy"] = "generalized_crossentropy"
    q: Weight = Field(
        default=0.7, description="Near 0: cross-entropy; 1: mean absolute error, which noise hurts least"
    )


class SymmetricCrossEntropy(Spec):
    """Cross-entropy and its reverse, which does not follow labels the network is sure are wrong (Wang et al. 2019)."""

    name: Literal["symmetric_crossentropy"] = "symmetric_crossentropy"
    forward: float = Field(default=0.1, ge=0, description="Weight of the cross-entropy (the paper's alpha)")
    reverse: float = Field(
        default=1.0, ge=0, description="Weight of the reverse one (beta), where log 0 counts as -4"
    )


class EarlyLearning(Spec):
    """ELR: cross-entropy, and a pull to what was said of each image before wrong labels are learned (Liu et al. 2020)."""

    name: Literal["early_learning"] = "early_learning"
    target_momentum: Fraction = Field(
        default=0.7, description="Share of an image's running answer that is kept in each epoch"
    )
    strength: float = Field(default=3.0, ge=0, description="Weight of the pull")


class FlipConsistency(Spec):
    """EAC: cross-entropy, and attention maps that a mirrored image has mirrored (Zhang et al. 2022).

    A network that remembers a wrong label looks elsewhere in the mirror image. Meant to go with `augmentation.erasing`.
    """

    name: Literal["flip_consistency"] = "flip_consistency"
    label_smoothing: Fraction = 0.0
    consistency: float = Field(
        default=5.0,
        ge=0,
        description="Weight of the mean squared difference of the maps (the paper's lambda)",
    )


class Distillation(Spec):
    """Learning from the answers of a teacher beside the labels (Hinton et al. 2015).

    The loss is (1 - weight) x the recipe's own + weight x temperature^2 x KL(teacher || network), both softened.
    """

    teacher: str = Field(
        default="",
        description="A run, an ensemble or a model that was added; asked once; nothing: no teacher",
    )
    temperature: float = Field(
        default=2.0,
        gt=0,
        description="Both answers are softened by it: the higher, the more unlikely classes tell",
    )
    weight: float = Field(default=0.5, ge=0, le=1, description="Of the teacher's answers, against the labels")

    @field_validator("teacher", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        return str(given) if type(given) is int else given  # 41 is a run


Loss = Annotated[
    CrossEntropy
    | FocalCrossEntropy
    | GeneralizedCrossEntropy
    | SymmetricCrossEntropy
    | EarlyLearning
    | FlipConsistency,
    Field(discriminator="name"),
]
