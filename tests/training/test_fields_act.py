"""Every field of a recipe acts: for each, two values that differ must differ in what is trained, or with what.

A new field without an entry here fails `test_every_field_is_here`.
"""

from __future__ import annotations

from typing import Any

import pytest
from probes import (
    Probe,
    built,
    coloured,
    devices,
    drawn,
    held_together,
    kept,
    layer_rates,
    momenta,
    network,
    optimizer_kind,
    parts,
    penalty,
    policy,
    rates,
    remembered,
    seeded,
    stages,
    start,
    targets,
    told_by,
    views,
    watchers,
)
from recipe_fields import known_fields
from tiny_faces import tiny_recipe

from fer_core.models import body, registry, transfer
from fer_core.recipes.recipe import load, override

Case = tuple[dict[str, Any], dict[str, Any], Probe]
pytestmark = pytest.mark.usefixtures("backbones")
RAMP = {"progressive.resizing": 0.5, "progressive.dropout": 0.5}
GAP = [{"kind": "conv", "filters": 4, "convs": 1}, {"kind": "global_average", "dropout": 0.4}]


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
    **{f"augmentation.{name}": ({}, {f"augmentation.{name}": 0.3}, coloured) for name in ("saturation", "hue")},
    "augmentation.auto_augment": augmented("auto_augment", True),
    "augmentation.rand_augment": augmented("rand_augment", 2),
    "augmentation.magnitude": augmented("magnitude", 0.9, rand_augment=3),
    "loss.name": ({}, {"loss.name": "categorical_focal_crossentropy"}, penalty),
    "loss.label_smoothing": ({}, {"loss.label_smoothing": 0.2}, penalty),
    "loss.alpha": ({"loss.name": "categorical_focal_crossentropy"}, {"loss.alpha": 0.9}, penalty),
    "loss.class_alpha": ({"loss.name": "categorical_focal_crossentropy"}, {"loss.class_alpha": [0.2, 0.9, 0.5]}, penalty),
    "loss.q": ({"loss.name": "generalized_crossentropy"}, {"loss.q": 0.2}, penalty),
    "loss.forward": ({"loss.name": "symmetric_crossentropy"}, {"loss.forward": 0.5}, penalty),
    "loss.reverse": ({"loss.name": "symmetric_crossentropy"}, {"loss.reverse": 0.5}, penalty),
    "loss.target_momentum": ({"loss.name": "early_learning"}, {"loss.target_momentum": 0.2}, remembered),
    "loss.strength": ({"loss.name": "early_learning"}, {"loss.strength": 1.0}, remembered),
    "loss.consistency": (
        {"loss.name": "flip_consistency", "model.blocks": GAP}, {"loss.consistency": 1.0}, held_together),
    "loss.gamma": ({"loss.name": "categorical_focal_crossentropy"}, {"loss.gamma": 0.5}, penalty),
    "optimizer.name": ({}, {"optimizer.name": "muon"}, optimizer_kind),
    "optimizer.learning_rate": ({}, {"optimizer.learning_rate": 0.3}, built),
    "optimizer.clipnorm": ({}, {"optimizer.clipnorm": 1.0}, built),
    "optimizer.accumulation": ({}, {"optimizer.accumulation": 3}, built),
    "optimizer.ema": ({}, {"optimizer.ema": 0.9}, built),
    "optimizer.swa": ({}, {"optimizer.swa": 0.5}, built),
    "optimizer.weight_decay": ({"optimizer.name": "adamw"}, {"optimizer.weight_decay": 0.3}, built),
    "optimizer.beta_1": ({}, {"optimizer.beta_1": 0.5}, built),
    "optimizer.beta_2": ({"optimizer.name": "adamw"}, {"optimizer.beta_2": 0.9}, built),
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
    "training.best": ({}, {"training.best": "val_macro_f1"}, told_by),
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
    "noise.share": ({}, {"noise.share": 0.5}, drawn),
    "noise.seed": ({"noise.share": 0.5}, {"noise.seed": 1}, drawn),
    "noise.confusions": ({"noise.share": 0.2}, {"noise.confusions": [{"label": "sad", "given": "happy", "share": 1}]}, drawn),
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
                                       lambda r: body.backbone_of(registry.build(r.model, 3)).input_shape),
    "model.trainable_layers": transferred("vgg16", {"model.trainable_layers": 5}),
    "model.attention": transferred("vgg16", {"model.attention": 2}),
    "model.head_norm": transferred("vgg16", {"model.head_norm": True}),
    "model.head_dropout": transferred("resnet50_enhanced", {"model.head_dropout": 0.0}),
    "model.head": transferred("vgg16", {"model.head": [{"units": 3}]}),
}  # fmt: skip
ELSEWHERE = {
    **{f"distillation.{field}": "test_distillation.py" for field in ("teacher", "temperature", "weight")},
    "model.start": "test_warm_start.py: it begins with the weights of the start",
    "training.deterministic": "test_resume.py: a killed run ends with the same bits",
}


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
