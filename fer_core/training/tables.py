"""The tables of a recipe besides `[model]`: augmentation, loss, optimizer, schedule, stopping and training.

A table with several kinds (`optimizer`, `schedule`, `loss`) is chosen by its `name`; each kind has just the
fields that act on it. Field names are Keras's where Keras has the thing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fer_core.models.spec import Fraction, Positive, Spec

Rate = Annotated[float, Field(gt=0)]
Monitor = Literal["val_loss", "val_accuracy", "loss", "accuracy"]


class Augmentation(Spec):
    """Random changes to every training image, drawn anew each epoch; 0 or false is none.

    The ranges are those of Keras's Random* layers.
    """

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
    perspective: float = Field(
        default=0.0, ge=0, lt=0.5, description="Move each corner by up to this share of the side"
    )
    erasing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of images that lose a rectangle of 2 % to 20 % of their area",
    )
    mixup: float = Field(default=0.0, ge=0, description="Blend pairs of images; alpha of a Beta distribution")
    cutmix: float = Field(
        default=0.0, ge=0, description="Paste a part of another image; alpha of a Beta distribution"
    )


class CrossEntropy(Spec):
    """Categorical cross-entropy."""

    name: Literal["categorical_crossentropy"] = "categorical_crossentropy"
    label_smoothing: Fraction = 0.0


class FocalCrossEntropy(Spec):
    """Focal loss, which weighs easy images down (Lin et al. 2017)."""

    name: Literal["categorical_focal_crossentropy"] = "categorical_focal_crossentropy"
    label_smoothing: Fraction = 0.0
    alpha: float = Field(default=0.25, gt=0, le=1)
    gamma: float = Field(default=2.0, ge=0)


class _Optimizer(Spec):
    learning_rate: Rate = 1e-3
    clipnorm: float = Field(default=0.0, ge=0, description="Clip each gradient to this norm; 0: do not")
    accumulation: Positive = Field(
        default=1,
        description="Batches whose gradients are averaged into one step: a larger batch in less memory",
    )
    ema: Fraction = Field(
        default=0.0, description="Momentum of an average of the weights, which is validated and kept; 0: none"
    )


class Adam(_Optimizer):
    name: Literal["adam"] = "adam"


class AdamW(_Optimizer):
    """Adam with decoupled weight decay, on kernels alone (Loshchilov and Hutter 2017)."""

    name: Literal["adamw"] = "adamw"
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


class Cosine(Spec):
    """Linear warm-up, then half a cosine to `final_fraction` of the rate (Loshchilov and Hutter 2016)."""

    name: Literal["cosine"] = "cosine"
    warmup_epochs: float = Field(default=0.0, ge=0)
    final_fraction: float = Field(default=0.0, ge=0, le=1)


class Step(Spec):
    """Multiply by `factor` every so many epochs."""

    name: Literal["step"] = "step"
    factor: float = Field(default=0.1, gt=0, lt=1)
    every: Positive = 10


class OneCycle(Spec):
    """Up from a fraction of the rate to all of it, then down a cosine to next to nothing (Smith and Topin 2017)."""

    name: Literal["one_cycle"] = "one_cycle"
    rising: float = Field(default=0.3, gt=0, lt=1, description="Share of the steps in which the rate rises")
    start_fraction: float = Field(default=0.04, gt=0, le=1)
    final_fraction: float = Field(default=1e-4, ge=0, le=1)


class EarlyStopping(Spec):
    """Stop when `monitor` has not improved for `patience` epochs; the best weights are kept in any case."""

    monitor: Monitor = "val_accuracy"
    patience: int = Field(default=0, ge=0, description="0: train all epochs")


class Training(Spec):
    """How long, in which portions, and with which weight for each class."""

    epochs: Positive = 30
    batch_size: Positive = 64
    class_weight: Literal["none", "balanced"] = Field(
        default="none", description="balanced: a class counts as if all had equally many images"
    )
    sampling: Literal["all", "balanced"] = Field(
        default="all", description="balanced: as many images of each class, rare ones several times an epoch"
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


Loss = Annotated[CrossEntropy | FocalCrossEntropy, Field(discriminator="name")]
Optimizer = Annotated[Adam | AdamW | SGD | Muon, Field(discriminator="name")]
Schedule = Annotated[Constant | Plateau | Cosine | Step | OneCycle, Field(discriminator="name")]
