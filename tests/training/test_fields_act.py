"""Every field of a recipe acts: for each, two values that differ must differ in what is trained, or with what.

A new field without an entry here fails `test_every_field_is_here`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pandas as pd
import pytest
from small import data_for
from tiny_faces import pictures, table, tiny_data, tiny_recipe

from fer_core.base.errors import RunError
from fer_core.models import pretrained, registry, transfer
from fer_core.recipes.model_spec import TransferSpec
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.recipes.schema import (
    Augmentation,
    EarlyStopping,
    Loss,
    Optimizer,
    Progressive,
    Schedule,
    Training,
)
from fer_core.training import data, device, loop, optimizers, predictions, resume, schedules
from fer_core.training.batches import TrainingBatches
from fer_core.training.parts import Parts
from fer_core.training.stages import plan, recipe_of_stage

Probe = Callable[[Recipe], Any]
Case = tuple[dict[str, Any], dict[str, Any], Probe]
pytestmark = pytest.mark.usefixtures("backbones")
RAMP = {"progressive.resizing": 0.5, "progressive.dropout": 0.5}
GAP = [{"kind": "conv", "filters": 4, "convs": 1}, {"kind": "global_average", "dropout": 0.4}]


def drawn(recipe: Recipe) -> Any:
    """The images, targets and weights of an epoch's batches."""
    batches = TrainingBatches(tiny_data({"train": 13, "val": 3}), recipe)
    return [np.asarray(part).tobytes() for index in range(len(batches)) for part in batches[index]]


def network(recipe: Recipe) -> Any:
    model = registry.build(recipe.model, 3)
    penalties = [layer.kernel_regularizer for layer in model.layers if hasattr(layer, "kernel_regularizer")]
    shapes = [(type(x).__name__, getattr(x, "rate", 0), getattr(x, "momentum", 0)) for x in model.layers]
    weights = [w.shape for w in model.weights], [w.shape for w in model.trainable_weights]
    return model.input_shape, weights, shapes, [p and p.get_config() for p in penalties]


def built(recipe: Recipe) -> Any:
    config = optimizers.optimizer(recipe, 10).get_config()
    rate = config.pop("learning_rate")
    return config | {"name": ""}, rate if isinstance(rate, float) else rate["config"]


def over_time(value: Any) -> list[float]:
    return [float(keras.ops.convert_to_numpy(value(step))) for step in (0, 5, 15, 60, 200)]


def momenta(recipe: Recipe) -> Any:
    cycle = optimizers.optimizer(recipe, 10).cycle
    return cycle and over_time(cycle)


def optimizer_kind(recipe: Recipe) -> Any:
    return type(optimizers.optimizer(recipe, 10)).__name__


def rates(recipe: Recipe) -> Any:
    rate = schedules.learning_rate(recipe, 10)
    if isinstance(rate, float):
        return rate, [type(c).__name__ for c in schedules.epoch_callbacks(recipe)]
    return over_time(rate)


def watchers(recipe: Recipe) -> Any:
    keys = ("monitor", "factor", "patience", "min_lr")
    return [{k: getattr(c, k, None) for k in keys} for c in schedules.epoch_callbacks(recipe)]


def penalty(recipe: Recipe) -> float:
    truth, said = np.float32([[1, 0, 0], [0, 1, 0]]), np.float32([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]])
    return float(keras.ops.convert_to_numpy(schedules.loss(recipe.loss)(truth, said)))


def parts(recipe: Recipe) -> Any:
    return [(p.begin, p.end, p.size, p.dropout) for p in plan(recipe)]


def stages(recipe: Recipe) -> Any:
    return [(p.begin, p.end, recipe_of_stage(recipe, p).optimizer.learning_rate) for p in plan(recipe)]


def layer_rates(recipe: Recipe) -> Any:
    """How far one step of equal gradients moves each variable."""
    model = loop.build(recipe, 3)
    Parts(model, recipe, TrainingBatches(data_for(recipe), recipe), 0)
    variables = model.trainable_variables
    before = [keras.ops.convert_to_numpy(v) for v in variables]
    model.optimizer.build(variables)
    model.optimizer.apply([np.ones(v.shape, np.float32) for v in variables])
    after = [keras.ops.convert_to_numpy(v) for v in variables]
    return [round(float(np.abs(a - b).mean()), 7) for a, b in zip(before, after, strict=True)]


def targets(recipe: Recipe) -> Any:
    """What an image is learned as: one a reviewer called ambiguous, one with votes, one with neither."""
    manifest = table({"train": 6, "val": 3})
    manifest["soft_label"] = pd.Series([[0.5, 0.5, 0.0], *[None] * 8], dtype="object")
    votes = [[9, 0, 1, 0], [3, 0, 1, 4], None, [0, 0, 0, 7], *[None] * 5]
    manifest["votes"] = pd.Series(votes, dtype="object")

    class Held:
        about = {"vote_classes": ["sad", "fear", "happy", "neutral"]}  # noqa: RUF012

        def manifest(self, version: str) -> pd.DataFrame:
            return manifest

        def pixels(self, size: int, color: str) -> np.ndarray:
            return pictures(manifest)

    found = data.load(Held(), "v", recipe.model, recipe.training.soft_labels)  # type: ignore[arg-type]
    return found.train.targets.round(4).tolist()


def views(recipe: Recipe) -> Any:
    model, found = registry.build(recipe.model, 3), tiny_data({"train": 6, "val": 6})
    answer = predictions.predict(model, found, found.val, recipe.training.test_time_augmentation)
    return answer.attrs["test_time_augmentation"], len(
        predictions.views_of(found.pixels[:2], recipe.training.test_time_augmentation)
    )


def policy(recipe: Recipe) -> Any:
    device.set_precision(recipe.training.precision)
    try:
        return network(recipe), registry.build(recipe.model, 3).layers[2].compute_dtype
    finally:
        device.set_precision("float32")


def kept(recipe: Recipe) -> Any:
    return resume.KeepStates(Path(), [], None, recipe.training.checkpoints == "every")._every


def devices(recipe: Recipe) -> Any:
    try:
        device.distribute(recipe.training.devices)
    except RunError as error:
        return str(error)
    return len(TrainingBatches(tiny_data({"train": 41, "val": 6}), recipe))


def start(recipe: Recipe) -> Any:
    try:
        return pretrained.find_weights(recipe.model)
    except RunError as error:
        return str(error)


def seeded(recipe: Recipe) -> Any:
    keras.utils.set_random_seed(recipe.training.seed)
    return drawn(recipe), registry.build(recipe.model, 3).get_weights()[0].tobytes()


def augmented(name: str, value: Any, **others: Any) -> Case:
    base = {f"augmentation.{key}": each for key, each in others.items()}
    return base, {f"augmentation.{name}": value}, drawn


def transferred(recipe: str, change: dict[str, Any], probe: Probe = network) -> Case:
    return {"": recipe, "model.weights": "none", "model.backbone_size": 32}, change, probe


OTHER = {"architecture": "transfer", "backbone": "vgg16", "weights": "none", "head": [{"units": 4}]}
STAGED = {"": "progressive", "model.weights": "none", "model.backbone_size": 32, "training.epochs": 12}
CASES: dict[str, Case] = {
    "augmentation.preset": augmented("preset", "soft"),
    "augmentation.horizontal_flip": augmented("horizontal_flip", True),
    **{f"augmentation.{name}": augmented(name, 0.3) for name in
       ("rotation", "zoom", "translation", "contrast", "brightness", "perspective", "erasing", "mixup", "cutmix")},
    "augmentation.rand_augment": augmented("rand_augment", 2),
    "augmentation.magnitude": augmented("magnitude", 0.9, rand_augment=3),
    "loss.name": ({}, {"loss.name": "categorical_focal_crossentropy"}, penalty),
    "loss.label_smoothing": ({}, {"loss.label_smoothing": 0.2}, penalty),
    "loss.alpha": ({"loss.name": "categorical_focal_crossentropy"}, {"loss.alpha": 0.9}, penalty),
    "loss.gamma": ({"loss.name": "categorical_focal_crossentropy"}, {"loss.gamma": 0.5}, penalty),
    "optimizer.name": ({}, {"optimizer.name": "muon"}, optimizer_kind),
    "optimizer.learning_rate": ({}, {"optimizer.learning_rate": 0.3}, built),
    "optimizer.clipnorm": ({}, {"optimizer.clipnorm": 1.0}, built),
    "optimizer.accumulation": ({}, {"optimizer.accumulation": 3}, built),
    "optimizer.ema": ({}, {"optimizer.ema": 0.9}, built),
    "optimizer.weight_decay": ({"optimizer.name": "adamw"}, {"optimizer.weight_decay": 0.3}, built),
    "optimizer.momentum": ({"optimizer.name": "sgd"}, {"optimizer.momentum": 0.5}, built),
    "optimizer.nesterov": ({"optimizer.name": "sgd"}, {"optimizer.nesterov": False}, built),
    "schedule.name": ({}, {"schedule.name": "cosine"}, rates),
    "schedule.monitor": ({"schedule.name": "plateau"}, {"schedule.monitor": "loss"}, watchers),
    "schedule.patience": ({"schedule.name": "plateau"}, {"schedule.patience": 2}, watchers),
    "schedule.min_learning_rate": ({"schedule.name": "plateau"}, {"schedule.min_learning_rate": 0.1}, watchers),
    "schedule.factor": ({"schedule.name": "plateau"}, {"schedule.factor": 0.9}, watchers),
    "schedule.every": ({"schedule.name": "step"}, {"schedule.every": 1}, rates),
    "schedule.warmup_epochs": ({"schedule.name": "cosine"}, {"schedule.warmup_epochs": 1}, rates),
    "schedule.final_fraction": ({"schedule.name": "cosine"}, {"schedule.final_fraction": 0.5}, rates),
    "schedule.begin_after": ({"schedule.name": "cosine"}, {"schedule.begin_after": 1}, rates),
    "schedule.rising": ({"schedule.name": "one_cycle"}, {"schedule.rising": 0.8}, rates),
    "schedule.cycle_momentum": ({"schedule.name": "one_cycle"}, {"schedule.cycle_momentum": False}, momenta),
    "schedule.momentum_low": ({"schedule.name": "one_cycle"}, {"schedule.momentum_low": 0.5}, momenta),
    "schedule.momentum_high": ({"schedule.name": "one_cycle"}, {"schedule.momentum_high": 0.99}, momenta),
    "schedule.start_fraction": ({"schedule.name": "one_cycle"}, {"schedule.start_fraction": 0.5}, rates),
    "early_stopping.patience": ({}, {"early_stopping.patience": 3}, watchers),
    "early_stopping.monitor": ({"early_stopping.patience": 3}, {"early_stopping.monitor": "loss"}, watchers),
    "training.epochs": ({}, {"training.epochs": 5}, parts),
    "training.batch_size": ({}, {"training.batch_size": 5}, drawn),
    "training.class_weight": ({}, {"training.class_weight": "balanced"}, drawn),
    "training.sampling": ({}, {"training.sampling": "balanced"}, drawn),
    "training.soft_labels": ({}, {"training.soft_labels": "votes"}, targets),
    "training.test_time_augmentation": ({}, {"training.test_time_augmentation": "flip"}, views),
    "training.devices": ({}, {"training.devices": 2}, devices),
    "training.precision": ({}, {"training.precision": "mixed_bfloat16"}, policy),
    "training.seed": ({}, {"training.seed": 1}, seeded),
    "training.checkpoints": ({}, {"training.checkpoints": "every"}, kept),
    "progressive.stages": (STAGED, {"progressive.stages": []}, stages),
    "progressive.layer_decay": (
        STAGED | {"progressive.stages": [{"epochs": 9, "trainable": 1.0, "learning_rate": 0.1}]},
        {"progressive.layer_decay": 0.2}, layer_rates),
    "progressive.resizing": ({"model.blocks": GAP}, {"progressive.resizing": 0.5}, parts),
    "progressive.start_size": ({"model.blocks": GAP, **RAMP}, {"progressive.start_size": 0.8}, parts),
    "progressive.dropout": ({"model.blocks": GAP}, {"progressive.dropout": 0.5}, parts),
    "progressive.steps": ({"model.blocks": GAP, "training.epochs": 20, **RAMP}, {"progressive.steps": 5}, parts),
    "model.architecture": ({}, {"model": OTHER}, network),
    "model.input_size": ({}, {"model.input_size": 32}, network),
    "model.color": ({}, {"model.color": "rgb"}, network),
    "model.blocks": ({}, {"model.blocks": GAP}, network),
    **{f"model.l2.{part}": ({"model.blocks": [*GAP, {"kind": "dense", "units": 4}]}, {f"model.l2.{part}": 0.1}, network)
       for part in ("conv", "dense", "output")},
    "model.batch_norm_momentum": ({}, {"model.batch_norm_momentum": 0.7}, network),
    "model.backbone": transferred("vgg16", {"model.backbone": "resnet50v2"},
                                  lambda r: transfer._BACKBONES[r.model.backbone].scaling),  # type: ignore[union-attr]
    "model.weights": transferred("vgg16", {"model.weights": "imagenet", "model.weights_file": "nowhere.h5"}, start),
    "model.weights_file": ({"": "vgg16", "model.weights_file": "a.h5"}, {"model.weights_file": "b.h5"}, start),
    "model.backbone_size": transferred("vgg16", {"model.backbone_size": 64},
                                       lambda r: transfer.backbone_of(registry.build(r.model, 3)).input_shape),
    "model.trainable_layers": transferred("vgg16", {"model.trainable_layers": 5}),
    "model.attention": transferred("vgg16", {"model.attention": 2}),
    "model.head_norm": transferred("vgg16", {"model.head_norm": True}),
    "model.head_dropout": transferred("resnet50_enhanced", {"model.head_dropout": 0.0}),
    "model.head": transferred("vgg16", {"model.head": [{"units": 3}]}),
}  # fmt: skip
ELSEWHERE = {
    "training.deterministic": "test_resume.py: a killed run ends with the same bits",
}


def known_fields() -> set[str]:
    tables: dict[str, tuple[Any, ...]] = {
        "augmentation": (Augmentation,), "early_stopping": (EarlyStopping,), "training": (Training,),
        "progressive": (Progressive,), "loss": get_args(get_args(Loss)[0]),
        "optimizer": get_args(get_args(Optimizer)[0]), "schedule": get_args(get_args(Schedule)[0]),
    }  # fmt: skip
    found = {
        f"{name}.{field}" for name, kinds in tables.items() for kind in kinds for field in kind.model_fields
    }
    cnn = type(load("base").model).model_fields
    found |= {f"model.{field}" for field in (*cnn, *TransferSpec.model_fields) if field != "l2"}
    return found | {f"model.l2.{field}" for field in ("conv", "dense", "output")}


def test_every_field_is_here() -> None:
    assert set(CASES) | set(ELSEWHERE) == known_fields()


@pytest.mark.parametrize("field", CASES)
def test_a_field_acts(field: str) -> None:
    given, change, probe = CASES[field]
    name = given.get("")
    start_from = load(name) if name else tiny_recipe()
    recipe = override(start_from, {key: value for key, value in given.items() if key})
    changed = override(recipe, change)
    assert changed != recipe
    before = probe(recipe)
    assert probe(changed) != before
    assert probe(recipe) == before  # it is the field that made the difference


def test_votes_are_learned_as_shares_and_a_reviewer_comes_first() -> None:
    # Classes are happy, neutral, sad; votes count sad, fear, happy, neutral.
    found = targets(tiny_recipe(training__soft_labels="votes"))
    assert found[0] == [0.5, 0.5, 0.0]
    assert found[1] == [0.125, 0.5, 0.375]
    assert found[2] == [0.0, 0.0, 1.0]
    assert found[3] == [0.0, 1.0, 0.0]
    assert targets(tiny_recipe(training__soft_labels="none"))[0] == [1.0, 0.0, 0.0]
