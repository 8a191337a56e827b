"""What a recipe comes to, as something that can be compared: a probe for each kind of field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from small import data_for
from tiny_faces import pictures, table, tiny_data

from fer_core.base.errors import RunError
from fer_core.models import pretrained, registry
from fer_core.recipes.recipe import Recipe
from fer_core.training import data, device, loop, losses, optimizers, predictions, record, resume, schedules
from fer_core.training.augmentation.augment import augment
from fer_core.training.batches import TrainingBatches
from fer_core.training.callbacks import StopOnRequest
from fer_core.training.parts import Parts, compile_model
from fer_core.training.stages import plan, recipe_of_stage

Probe = Callable[[Recipe], Any]


def drawn(recipe: Recipe) -> Any:
    """The images, targets and weights of an epoch's batches."""
    batches = TrainingBatches(tiny_data({"train": 13, "val": 3}), recipe)
    return [np.asarray(part).tobytes() for index in range(len(batches)) for part in batches[index]]


def coloured(recipe: Recipe) -> Any:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    return augment(pixels, recipe.augmentation, np.random.default_rng(1)).tobytes()


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
    truth, said = (
        np.array([[1, 0, 0], [0, 1, 0]], np.float32),
        np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]], np.float32),
    )
    return float(keras.ops.convert_to_numpy(losses.loss(recipe.loss, 3)(truth, said)))


def held_together(recipe: Recipe) -> float:
    """The loss of a step on three images."""
    keras.utils.set_random_seed(0)
    model = registry.build(recipe.model, 3)
    compile_model(model, recipe, 1)
    images = np.random.default_rng(0).uniform(0, 255, (3, *model.input_shape[1:])).astype(np.float32)
    return round(
        float(keras.ops.convert_to_numpy(model.compute_loss(images, np.eye(3, dtype=np.float32)))), 6
    )


def remembered(recipe: Recipe) -> float:
    memory = losses.running_answers(recipe.loss, np.zeros(2, np.int64), 3)
    loss, _ = losses.loss_and_metrics(recipe.loss, 3, memory, recipe.distillation)
    truth, said = (
        np.array([[1, 0, 0, 0], [0, 1, 0, 1]], np.float32),
        np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3]], np.float32),
    )
    return float(keras.ops.convert_to_numpy(loss(truth, said)))


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
        predictions.augmented_views(found.pixels[:2], recipe.training.test_time_augmentation)
    )


def policy(recipe: Recipe) -> Any:
    keras.config.set_dtype_policy(recipe.training.precision)
    try:
        return network(recipe), registry.build(recipe.model, 3).layers[2].compute_dtype
    finally:
        keras.config.set_dtype_policy("float32")


def kept(recipe: Recipe) -> Any:
    return resume.KeepStates(Path(), [], None, recipe)._every


def told_by(recipe: Recipe) -> str:
    return str(record.Record(Path(), 1, recipe, StopOnRequest(lambda: False), print, int)._best_by)


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
