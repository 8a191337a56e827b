"""What a network is made of, as data: the `[model]` table of a recipe.

A CNN is a list of blocks, read from the input to the last hidden layer; a transfer network is a published
backbone and a head. The softmax over the classes is always added. No Keras here, so that pages and the command
line can read and check recipes without it.

    >>> CnnSpec(blocks=[{"kind": "conv", "filters": 32}, {"kind": "flatten"}]).blocks[0].convs
    2
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]
Shape = tuple[int | None, int | None, int]
"""Height, width and channels of an input; None is any."""
FEWEST_NORMALISED = 4
"""Channels that layer normalisation needs: of one it leaves nothing, of two a sign, of a gray picture's three nothing."""


class Spec(BaseModel):
    """A table of a recipe: unknown fields are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Start = Annotated[
    str,
    BeforeValidator(lambda given: str(given) if type(given) is int else given),  # 41 is a run
    Field(
        description="What the body begins with: nothing (random), shipped, a run such as 41, or a Keras file; "
        "the head is new where the classes are others"
    ),
]


class ConvBlock(Spec):
    """[convolution, normalisation and activation] x `convs`, then pooling and dropout."""

    kind: Literal["conv"] = "conv"
    filters: Positive
    convs: Positive = 2
    kernel_size: Positive = 3
    strides: Positive = Field(default=1, description="Of the first convolution of the block")
    batch_norm: Literal["none", "before_activation", "after_activation", "after_last"] = Field(
        default="after_activation",
        description="Where batch normalisation stands; `after_last`: once, at the end of the block",
    )
    pool: Literal["none", "max", "average"] = "max"
    dropout: Fraction = 0.0


class ResidualBlock(Spec):
    """Two 3x3 convolutions with batch normalisation and a shortcut (He et al. 2015), then dropout.

    Where the shape changes the shortcut is average-pooled and projected (He et al. 2018, ResNet-D).
    """

    kind: Literal["residual"] = "residual"
    filters: Positive
    strides: Positive = 1
    dropout: Fraction = 0.0


class DepthwiseBlock(Spec):
    """Depthwise separable convolution (Howard et al. 2017): 3x3 in each channel, then 1x1, each normalised, ReLU."""

    kind: Literal["depthwise"] = "depthwise"
    filters: Positive
    kernel_size: Positive = 3
    strides: Positive = 1
    dropout: Fraction = 0.0


class RepVggBlock(Spec):
    """3x3, 1x1 and, where the shape stays, the input itself, each normalised, summed, ReLU (RepVGG, Ding et al. 2021).

    The form it is trained in; the exported file keeps the branches, which could be added up to one convolution.
    """

    kind: Literal["repvgg"] = "repvgg"
    filters: Positive
    strides: Positive = 1
    dropout: Fraction = 0.0


class ConvNextBlock(Spec):
    """7x7 in each channel, layer normalisation, 1x1 to `expansion` times the channels, GELU, 1x1 back, added (Liu et al. 2022).

    The branch begins scaled by 1e-6. Where the shape changes, layer normalisation and a convolution of `strides` come first;
    on an image the convolution comes before it.
    """

    kind: Literal["convnext"] = "convnext"
    filters: Positive
    strides: Positive = 1
    kernel_size: Positive = 7
    expansion: Positive = 4
    dropout: Fraction = 0.0


class SqueezeExcite(Spec):
    """Each channel times a factor that follows from the means of all of them (Hu et al. 2018)."""

    kind: Literal["squeeze_excite"] = "squeeze_excite"
    reduction: Positive = Field(default=16, description="Times fewer units between means and factors")
    dropout: Fraction = 0.0


class Patches(Spec):
    """The image in squares, each projected to `units`, plus a learned vector for its place (Dosovitskiy et al. 2021)."""

    kind: Literal["patches"] = "patches"
    size: Positive = Field(description="Pixels along each side of a square")
    units: Positive
    dropout: Fraction = 0.0


class AttentionBlock(Spec):
    """Encoder of a Transformer over the places of the feature map, normalised first (Dosovitskiy et al. 2021), `repeats` times.

    Dropout is within its branches. The last one is followed by layer normalisation.
    """

    kind: Literal["attention"] = "attention"
    heads: Positive = 3
    expansion: Positive = Field(default=4, description="Times more units within its dense branch")
    repeats: Positive = 1
    dropout: Fraction = 0.0


class Flatten(Spec):
    """Feature map to vector, by keeping everything."""

    kind: Literal["flatten"] = "flatten"
    dropout: Fraction = 0.0


class GlobalAverage(Spec):
    """Feature map to vector, by the mean of each channel."""

    kind: Literal["global_average"] = "global_average"
    dropout: Fraction = 0.0


class DenseBlock(Spec):
    """Fully connected layer, activation, optional batch normalisation, dropout."""

    kind: Literal["dense"] = "dense"
    units: Positive
    activation: Literal["relu", "gelu", "silu"] = "relu"
    batch_norm: bool = False
    dropout: Fraction = 0.0


Block = Annotated[
    ConvBlock
    | ResidualBlock
    | DepthwiseBlock
    | RepVggBlock
    | ConvNextBlock
    | SqueezeExcite
    | Patches
    | AttentionBlock
    | Flatten
    | GlobalAverage
    | DenseBlock,
    Field(discriminator="kind"),
]


class L2(Spec):
    """L2 penalty on the kernels, per kind of layer; 0 is none."""

    conv: float = Field(default=0.0, ge=0)
    dense: float = Field(default=0.0, ge=0, description="Hidden dense layers")
    output: float = Field(default=0.0, ge=0, description="The softmax layer")


class CnnSpec(Spec):
    """A network described block by block."""

    architecture: Literal["cnn"] = "cnn"
    start: Start = ""
    input_size: int = Field(default=48, ge=8, le=512, description="Pixels along each side")
    color: Literal["gray", "rgb"] = "gray"
    blocks: list[Block] = Field(min_length=1)
    l2: L2 = L2()
    batch_norm_momentum: Fraction = Field(
        default=0.99,
        description="Of the running mean and variance; lower follows sooner, for few steps an epoch",
    )

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the input."""
        return self.input_size, self.input_size, 1 if self.color == "gray" else 3


class TransferSpec(Spec):
    """A published backbone, frozen or trained in its last layers, global average pooling and dense layers."""

    architecture: Literal["transfer"] = "transfer"
    start: Start = ""
    backbone: Literal[
        "vgg16", "resnet50", "resnet50v2", "densenet121", "mobilenetv2", "efficientnetb0", "efficientnetv2b0"
    ]
    weights: Literal["imagenet", "none"] = Field(
        default="imagenet", description="imagenet: downloaded once by Keras; none: from nothing"
    )
    weights_file: str = Field(
        default="",
        description="File with the backbone's published weights (.h5, without top), instead of Keras's cache",
    )
    input_size: int = Field(default=48, ge=8, le=512, description="Pixels along each side, as stored")
    color: Literal["gray", "rgb"] = "gray"
    backbone_size: int = Field(
        default=224, ge=32, le=512, description="Pixels along each side of what the backbone sees"
    )
    trainable_layers: int = Field(
        default=0, ge=0, description="Last layers of the backbone to train; 0: frozen"
    )
    attention: int = Field(
        default=0, ge=0, le=16, description="Heads of self-attention over the feature map; 0: none"
    )
    head_norm: bool = Field(
        default=False, description="Batch normalisation and `head_dropout` before the head"
    )
    head_dropout: Fraction = 0.0
    head: list[DenseBlock] = Field(min_length=1)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the input."""
        return self.input_size, self.input_size, 1 if self.color == "gray" else 3


ModelSpec = Annotated[CnnSpec | TransferSpec, Field(discriminator="architecture")]


def any_size(model: CnnSpec | TransferSpec) -> bool:
    """Whether its weights fit images of any size, so that they can grow."""
    if isinstance(model, TransferSpec):
        return not model.attention
    kinds = {block.kind for block in model.blocks}
    return "global_average" in kinds and not kinds & {"patches", "attention", "flatten"}


def has_body(model: CnnSpec | TransferSpec) -> bool:
    """Whether it begins with layers that have learned something, which can be frozen or trained at lower rates."""
    return isinstance(model, TransferSpec) or bool(model.start)
