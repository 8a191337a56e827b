"""The `[noise]` table of a recipe: wrong labels on purpose."""

from __future__ import annotations

from pydantic import Field

from fer_core.recipes.model_spec import Fraction, Spec


class LabelConfusion(Spec):
    """Images of `label` that get the label `given`; shares of a recipe count against each other."""

    label: str
    given: str
    share: float = Field(gt=0)


class LabelNoise(Spec):
    """Wrong labels on purpose, to see what a technique stands: for this training alone, never in the dataset.

    The same images are wrong, in the same way, at every larger share with the same seed.
    """

    share: Fraction = Field(default=0.0, description="Share of the training images that get another label")
    confusions: list[LabelConfusion] = Field(
        default=[],
        description="Which labels become which, and how often; empty: any becomes any other, all alike",
    )
    seed: int = Field(default=0, ge=0, description="Of which images, and of their labels")
