"""The tables of a recipe besides `[model]` and `[loss]`: augmentation, optimizer, schedule, stopping and training.

A table with several kinds (`optimizer`, `schedule`, `loss`) is chosen by its `name`; each kind has just the
fields that act on it. Field names are Keras's where Keras has the thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fer_core.recipes.model_spec import Fraction, Positive, Spec

Rate = Annotated[float, Field(gt=0)]
Monitor = Literal["val_loss", "val_accuracy", "val_macro_f1", "loss", "accuracy"]


PRESETS: dict[str, dict[str, bool | float]] = {
    "soft": {"horizontal_flip": True, "rotation": 0.05, "zoom": 0.05, "contrast": 0.05},
    "strong": {
        "horizontal_flip": True,
        "rotation": 0.08,
        "zoom": 0.15,
        "translation": 0.1,
        "contrast": 0.3,
        "brightness": 0.15,
        "perspective": 0.08,
        "erasing": 0.25,
        "rand_augment": 1,
        "magnitude": 0.3,
    },
}
"""What `augmentation.preset` fills in where a recipe does not say otherwise."""


class Augmentation(Spec):
    """Random changes to every training image, drawn anew each epoch; 0 or false is none.

    The ranges are those of Keras's Random* layers. Another preset starts the table anew.
    """

    preset: Literal["custom", "soft", "strong"] = Field(
        default="custom", description="soft and strong fill in the fields that a recipe does not give"
    )
    horizontal_flip: bool = Field(default=False, description="Mirror half of the images")
    rotation: float = Field(
        default=0.0, ge=0, le=0.5, description="Up to this share of a full turn, either way"
    )
    zoom: float = Field(default=0.0, ge=0, lt=1, description="In or out by up to this share")
    translation: float = Field(default=0.0, ge=0, lt=1, description="Shift by up to this share of the side")
    contrast: float = Field(default=0.0, ge=0, lt=1, description="Stretch around the mean by 1 - x to 1 + x")
    brightness: float = Field(
        default=0.0, ge=0, le=1, description="Lighten or darken by up to this share of white"
    )
    saturation: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Colour between 1 - x and 1 + x of its strength; gray stays as it is",
    )
    hue: float = Field(
        default=0.0, ge=0, le=0.5, description="Turn colours by up to this share of the circle, either way"
    )
    perspective: float = Field(
        default=0.0, ge=0, lt=0.5, description="Move each corner by up to this share of the side"
    )
    erasing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of images that lose a rectangle of 2 % to 20 % of their area",
    )
    rand_augment: int = Field(
        default=0,
        ge=0,
        le=8,
        description="RandAugment: so many operations on each image, drawn from fourteen",
    )
    auto_augment: bool = Field(
        default=False, description="AutoAugment: two operations on each image, by the pairs found on ImageNet"
    )
    magnitude: float = Field(default=0.3, ge=0, le=1, description="How strongly RandAugment's operations act")
    mixup: float = Field(default=0.0, ge=0, description="Blend pairs of images; alpha of a Beta distribution")
    cutmix: float = Field(
        default=0.0, ge=0, description="Paste a part of another image; alpha of a Beta distribution"
    )

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, given: Any) -> Any:
        name = given.get("preset") if isinstance(given, Mapping) else None
        return {**PRESETS[name], **given} if name in PRESETS else given


class _Optimizer(Spec):
    learning_rate: Rate = 1e-3
    clipnorm: float = Field(
        default=0.0, ge=0, description="Clip the gradients, all together, to this norm; 0: do not"
    )
    accumulation: Positive = Field(
        default=1,
        description="Batches whose gradients are averaged into one step: a larger batch in less memory",
    )
    ema: Fraction = Field(
        default=0.0, description="Momentum of an average of the weights, which is validated and kept; 0: none"
    )
    swa: Fraction = Field(
        default=0.0,
        description="Share of the epochs, the last ones, whose weights are averaged alike (SWA, Izmailov et al. 2018); 0: none",
    )


class Adam(_Optimizer):
    """Steps by running means of the gradient and of its square (Kingma and Ba 2014)."""

    name: Literal["adam"] = "adam"
    beta_1: Fraction = Field(
        default=0.9, description="Share of the mean gradient that is kept; one_cycle moves it"
    )
    beta_2: Fraction = Field(default=0.999, description="Share of the mean squared gradient that is kept")


class AdamW(_Optimizer):
    """Adam with decoupled weight decay, on kernels alone (Loshchilov and Hutter 2017)."""

    name: Literal["adamw"] = "adamw"
    beta_1: Fraction = Field(
        default=0.9, description="Share of the mean gradient that is kept; one_cycle moves it"
    )
    beta_2: Fraction = Field(default=0.999, description="Share of the mean squared gradient that is kept")
    weight_decay: float = Field(default=0.004, ge=0)


class SGD(_Optimizer):
    name: Literal["sgd"] = "sgd"
    learning_rate: Rate = 1e-2
    momentum: Fraction = 0.9
    nesterov: bool = True


class Muon(_Optimizer):
    """Momentum with orthogonalised updates for matrices, AdamW for all else (Jordan 2024)."""

    name: Literal["muon"] = "muon"
    weight_decay: float = Field(default=0.004, ge=0)


class Constant(Spec):
    """The learning rate stays."""

    name: Literal["constant"] = "constant"


class Plateau(Spec):
    """ReduceLROnPlateau: multiply by `factor` when `monitor` has not improved for `patience` epochs."""

    name: Literal["plateau"] = "plateau"
    monitor: Monitor = "val_loss"
    factor: float = Field(default=0.5, gt=0, lt=1)
    patience: Positive = 5
    min_learning_rate: float = Field(default=1e-6, ge=0)


class _OverSteps(Spec):
    begin_after: int = Field(
        default=0, ge=0, description="Epochs before it begins; set by a fork with another rate or schedule"
    )


class Cosine(_OverSteps):
    """Linear warm-up, then half a cosine to `final_fraction` of the rate (Loshchilov and Hutter 2016)."""

    name: Literal["cosine"] = "cosine"
    warmup_epochs: float = Field(default=0.0, ge=0)
    final_fraction: float = Field(default=0.0, ge=0, le=1)


class Step(_OverSteps):
    """Multiply by `factor` every so many epochs."""

    name: Literal["step"] = "step"
    factor: float = Field(default=0.1, gt=0, lt=1)
    every: Positive = 10


class OneCycle(_OverSteps):
    """Half a cosine up to the rate and half a one down to next to nothing, the momentum the other way (Smith and Topin 2017).

    Values and defaults are those of PyTorch's `OneCycleLR`.
    """

    name: Literal["one_cycle"] = "one_cycle"
    rising: float = Field(default=0.3, gt=0, lt=1, description="Share of the steps in which the rate rises")
    start_fraction: float = Field(default=0.04, gt=0, le=1)
    final_fraction: float = Field(default=4e-6, ge=0, le=1)
    cycle_momentum: bool = Field(
        default=True, description="In place of the optimizer's momentum (beta_1 of Adam): high, low, high"
    )
    momentum_low: Fraction = 0.85
    momentum_high: Fraction = 0.95


class EarlyStopping(Spec):
    """Stop when `monitor` has not improved for `patience` epochs; the best weights are kept in any case.

    With stages of unfreezing it ends the stage, and the next one begins; in the last stage it ends the run.
    """

    monitor: Monitor = "val_accuracy"
    patience: int = Field(
        default=0,
        ge=0,
        description="Epochs without improvement that end the run, or the stage where there are stages; 0: train all epochs",
    )


class Stage(Spec):
    """So many epochs in which so much of the backbone is trained, at a rate of its own."""

    epochs: Positive
    trainable: float = Field(ge=0, le=1, description="Share of the backbone's layers, from its end")
    learning_rate: Rate


class Progressive(Spec):
    """What grows while training goes on: how much of a backbone is trained, the images, dropout."""

    stages: list[Stage] = Field(
        default=[],
        description="Of unfreezing a backbone, one after the other, each with a new optimizer; the last goes on to the end",
    )
    layer_decay: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Factor on the rate for each fifth of the backbone further from its end",
    )
    resizing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the epochs in which images grow to their full size; 0: full size at once",
    )
    start_size: float = Field(default=0.5, gt=0, le=1, description="Share of the side that images begin with")
    dropout: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the epochs in which dropout grows from 0 to the recipe's; 0: in full at once",
    )
    steps: int = Field(default=3, ge=1, le=10, description="In which images and dropout grow")


class Training(Spec):
    """How long, in which portions, and with which weight for each class."""

    epochs: Positive = 30
    batch_size: Positive = 64
    best: Literal["val_accuracy", "val_macro_f1"] = Field(
        default="val_accuracy",
        description="By which the best epoch is told, whose weights are kept; macro F1 where rare classes count as others do",
    )
    class_weight: Literal["none", "balanced"] = Field(
        default="none", description="balanced: a class counts as if all had equally many images"
    )
    sampling: Literal["all", "balanced"] = Field(
        default="all", description="balanced: as many images of each class, rare ones several times an epoch"
    )
    soft_labels: Literal["review", "votes", "none"] = Field(
        default="review",
        description="Learned as distributions: images a reviewer called ambiguous; votes: also those that people voted on",
    )
    test_time_augmentation: Literal["none", "flip", "flip_shift", "flip_shift_turn_light"] = Field(
        default="none",
        description="Means over image and mirror, also shifted four ways, also turned, scaled and lit: 2, 10 or 22 views",
    )
    devices: Positive = Field(
        default=1,
        description="GPUs that share each batch (DataParallel); more than one needs KERAS_BACKEND=jax",
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        default="float32", description="16 bits where the device is fast with them; the saved model has 32"
    )
    seed: int = Field(default=42, ge=0, description="Of initial weights, order, augmentation and dropout")
    checkpoints: Literal["last", "every"] = Field(
        default="last", description="every: a run can be forked from any epoch; takes a file per epoch"
    )
    deterministic: bool = Field(
        default=False, description="The same numbers bit by bit on the same machine; slower"
    )


Optimizer = Annotated[Adam | AdamW | SGD | Muon, Field(discriminator="name")]
Schedule = Annotated[Constant | Plateau | Cosine | Step | OneCycle, Field(discriminator="name")]
