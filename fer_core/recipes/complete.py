"""All tables of a recipe together."""

from __future__ import annotations

from pydantic import Field

from fer_core.recipes.label_noise import LabelNoise
from fer_core.recipes.losses import CrossEntropy, Distillation, Loss
from fer_core.recipes.model_spec import ModelSpec, Spec
from fer_core.recipes.schema import (
    Adam,
    Augmentation,
    Constant,
    EarlyStopping,
    Optimizer,
    Progressive,
    Schedule,
    Training,
)


class Recipe(Spec):
    """A complete recipe, inheritance resolved. `name` and `extends` say where it comes from."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")
    extends: str = ""
    description: str = ""
    model: ModelSpec
    augmentation: Augmentation = Augmentation()
    loss: Loss = CrossEntropy()
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    early_stopping: EarlyStopping = EarlyStopping()
    training: Training = Training()
    progressive: Progressive = Progressive()
    noise: LabelNoise = LabelNoise()
    distillation: Distillation = Distillation()
