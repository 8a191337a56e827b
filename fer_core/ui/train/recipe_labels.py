"""The fields of a recipe in words: in which group of the form each stands, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from fer_core.ui.components import markup
from fer_core.ui.train.recipe_help import WHEN

GROUPS = (
    "Basics",
    "Overfitting",
    "Wrong labels",
    "Rare classes",
    "Rate",
    "Network",
    "Progressive",
    "Stopping",
    "Machine",
)
"""What somebody comes for."""
_GROUP_OF_TABLE = {
    "augmentation": "Overfitting",
    "model": "Network",
    "distillation": "Network",
    "loss": "Wrong labels",
    "noise": "Wrong labels",
    "optimizer": "Rate",
    "schedule": "Rate",
    "early_stopping": "Stopping",
    "progressive": "Progressive",
}
_GROUP_OF_FIELD = {
    "training.epochs": "Basics",
    "training.batch_size": "Basics",
    "optimizer.learning_rate": "Basics",
    "optimizer.weight_decay": "Overfitting",
    "loss.label_smoothing": "Overfitting",
    "model.l2.conv": "Overfitting",
    "model.l2.dense": "Overfitting",
    "model.l2.output": "Overfitting",
    "model.head_dropout": "Overfitting",
    "training.soft_labels": "Wrong labels",
    "training.sampling": "Rare classes",
    "training.class_weight": "Rare classes",
    "training.best": "Rare classes",
    "loss.class_alpha": "Rare classes",
    "optimizer.accumulation": "Machine",
}
_LABELS = {
    "loss.name": "loss",
    "model.start": "start from",
    "optimizer.name": "optimiser",
    "schedule.name": "schedule",
    "optimizer.accumulation": "accumulate batches",
    "optimizer.ema": "average of weights (EMA)",
    "optimizer.clipnorm": "clip gradients to",
    "augmentation.horizontal_flip": "mirror",
    "augmentation.translation": "shift",
    "model.l2.conv": "L2, convolutions",
    "model.l2.dense": "L2, dense layers",
    "model.l2.output": "L2, last layer",
    "model.batch_norm_momentum": "batch norm momentum",
    "schedule.min_learning_rate": "lowest rate",
    "early_stopping.patience": "patience, epochs",
    "early_stopping.monitor": "watches",
    "training.precision": "precision",
    "training.checkpoints": "checkpoints kept",
    "progressive.dropout": "dropout grows over",
    "progressive.resizing": "images grow over",
    "progressive.start_size": "images start at",
    "progressive.steps": "growth steps",
    "progressive.stages": "unfreezing stages",
    "progressive.layer_decay": "rate decay by depth",
    "noise.seed": "noise seed",
    "noise.share": "wrong labels on purpose",
    "training.best": "best epoch by",
    "training.test_time_augmentation": "test-time augmentation",
}
_VALUES = {
    "categorical_crossentropy": "cross-entropy",
    "categorical_focal_crossentropy": "focal",
    "generalized_crossentropy": "generalised cross-entropy",
    "symmetric_crossentropy": "symmetric cross-entropy",
    "early_learning": "early learning (ELR)",
    "flip_consistency": "flip consistency (EAC)",
    "one_cycle": "one cycle",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "muon": "Muon",
    "mixed_bfloat16": "16 bits (bfloat16)",
    "mixed_float16": "16 bits (float16)",
    "float32": "32 bits",
}
_ITEMS = {"progressive.stages": "stage", "noise.confusions": "confusion"}
"""What a list of tables is of, where they are no layers."""
_EXPLAINED = {
    "training.epochs": "How many times every training image is seen",
    "training.batch_size": "Images in one step. Larger is steadier and needs more memory",
    "optimizer.learning_rate": "Length of a step. Too high: the curves jump. Too low: they crawl",
    "optimizer.name": "What turns gradients into steps",
    "optimizer.momentum": "Share of the last step that is kept",
    "optimizer.nesterov": "Look ahead along the momentum before the gradient is taken",
    "optimizer.weight_decay": "Pulls kernels towards 0 a little in every step, apart from the gradient",
    "loss.name": "Focal works on the hard images. Generalised to flip consistency are for sets with many wrong labels",
    "loss.label_smoothing": "Share of each target that is spread over all classes; keeps the network from being overconfident",
    "loss.alpha": "Weight of the focal loss",
    "loss.gamma": "How much easy images are weighed down; 0: not at all",
    "schedule.name": "How the learning rate changes while training",
    "schedule.monitor": "What has to improve",
    "schedule.factor": "The rate is multiplied by this",
    "schedule.patience": "Epochs without improvement before the rate falls",
    "schedule.min_learning_rate": "It does not fall below this",
    "schedule.warmup_epochs": "Epochs in which the rate rises from 0",
    "schedule.final_fraction": "Share of the rate that is left at the end",
    "schedule.start_fraction": "Share of the rate it begins with",
    "schedule.momentum_low": "Momentum where the rate is highest",
    "schedule.momentum_high": "Momentum at the begin and at the end",
    "schedule.every": "Epochs between two falls",
    "early_stopping.monitor": "What has to improve; the best weights by validation accuracy are kept in any case",
    "model.l2.conv": "Penalty on large weights of convolutions; 0: none",
    "model.l2.output": "Penalty on large weights of the last layer; 0: none",
    "model.color": "Channels the network sees",
    "model.backbone": "Published network whose features are used",
    "model.head_dropout": "Share of features left out before the head",
}


def group(field: str) -> str:
    """The group of a dotted field; one that is not known here stands under Machine."""
    return _GROUP_OF_FIELD.get(field) or _GROUP_OF_TABLE.get(field.partition(".")[0], "Machine")


def label(field: str) -> str:
    """`optimizer.learning_rate` -> `learning rate`."""
    return _LABELS.get(field, field.rpartition(".")[2].replace("_", " "))


def help_text(field: str, description: str | None) -> str:
    """What a field does, its own description or else ours; when to touch it; and its name in a recipe file."""
    words = description or _EXPLAINED.get(field) or _EXPLAINED.get(f"loss.{field.rpartition('.')[2]}", "")
    when = f"Touch it when {WHEN[field]}." if field in WHEN else ""
    return "\n\n".join(filter(None, [words, when, f"`{field}`"]))


def searched(field: str, description: str | None) -> str:
    """What a field is found by."""
    return f"{label(field)} {group(field)} {help_text(field, description)}"


def value(what: Any, field: str = "") -> str:
    """A value, of a dotted field, as a person writes it."""
    if isinstance(what, bool):
        return "on" if what else "off"
    if isinstance(what, float):
        return f"{what:.6g}"
    if isinstance(what, list):
        tables = what and isinstance(what[0], Mapping | BaseModel)
        return markup.plural(len(what), _ITEMS.get(field, "layer")) if tables else ", ".join(map(str, what))
    return _VALUES.get(str(what), str(what).replace("_", " "))
