"""All fields that a recipe can have."""

from __future__ import annotations

from typing import Any, get_args

from fer_core.recipes.label_noise import LabelNoise
from fer_core.recipes.losses import Distillation, Loss
from fer_core.recipes.model_spec import TransferSpec
from fer_core.recipes.recipe import load
from fer_core.recipes.schema import (
    Augmentation,
    EarlyStopping,
    Optimizer,
    Progressive,
    Schedule,
    Training,
)


def known_fields() -> set[str]:
    """Dotted names, of every kind of loss, optimizer, schedule and model."""
    tables: dict[str, tuple[Any, ...]] = {
        "augmentation": (Augmentation,), "early_stopping": (EarlyStopping,), "training": (Training,),
        "progressive": (Progressive,), "noise": (LabelNoise,), "distillation": (Distillation,),
        "loss": get_args(get_args(Loss)[0]),
        "optimizer": get_args(get_args(Optimizer)[0]), "schedule": get_args(get_args(Schedule)[0]),
    }  # fmt: skip
    found = {
        f"{name}.{field}" for name, kinds in tables.items() for kind in kinds for field in kind.model_fields
    }
    cnn = type(load("base").model).model_fields
    found |= {f"model.{field}" for field in (*cnn, *TransferSpec.model_fields) if field != "l2"}
    return found | {f"model.l2.{field}" for field in ("conv", "dense", "output")}
