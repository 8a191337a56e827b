"""The `[noise]` table of a recipe: wrong labels on purpose."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from fer_core.base.errors import RunError
from fer_core.recipes.model_spec import Fraction, Spec


class LabelConfusion(Spec):
    """Images of `label` that get the label `given`; shares of a recipe count against each other."""

    label: str
    given: str
    share: float = Field(gt=0)


def check_confusions(spec: LabelNoise, classes: Sequence[str]) -> None:
    """Raise RunError for confusions that do not turn one of these classes into another."""
    for each in spec.confusions:
        if each.label not in classes or each.given not in classes or each.label == each.given:
            raise RunError(
                "`noise.confusions` must turn one class of this version into another",
                received=f"{each.label} to {each.given}",
                hint=f"The classes are {', '.join(classes)}",
            )


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
