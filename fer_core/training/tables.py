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
    seed: int = Field(default=42, ge=0, description="Of initial weights, order, augmentation and dropout")


Loss = Annotated[CrossEntropy | FocalCrossEntropy, Field(discriminator="name")]
Optimizer = Annotated[Adam | AdamW | SGD, Field(discriminator="name")]
Schedule = Annotated[Constant | Plateau | Cosine, Field(discriminator="name")]
