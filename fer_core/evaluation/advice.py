"""What the curves of a run say, in words, and what to try: verdicts from numbers, each with settings for a fork.

for advice in advice_for(run.epochs_since()[0], run.recipe):
    print(advice.word, advice.text, advice.settings)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Literal

from fer_core.evaluation.report import CHANCE, DISTRUST, HARD, gap_level, gap_verdict, shown_gap
from fer_core.recipes.losses import CrossEntropy, FocalCrossEntropy
from fer_core.recipes.recipe import Recipe, Setting
from fer_core.recipes.schema import Augmentation
from fer_core.runs.records import Epoch

AdviceLevel = Literal["good", "warn", "bad"]
_FLAT_EPOCHS = 8
_FLAT_POINTS = 0.2
_LOW_TRAIN = 0.7
_UNSTABLE = 0.03
MIN_EPOCHS = 5
"""Epochs before the curves say anything: in the first ones validation is ahead of training as a rule."""
TREND_EPOCHS, TREND_LEVEL = 5, 0.01
"""A score that moved by no more over so many epochs is level."""
_HARD, _HEALTHY, _HIGH = -5.0, 5.0, 10.0
_WEAK, _BEHIND = 0.6, 0.15
_DECAY = 0.05


@dataclass(frozen=True)
class Advice:
    """One thing the curves say.

    Attributes:
        word: the verdict, short.
        level: how it is to be taken.
        text: what was measured and what to try, a sentence or two.
        settings: fields for a fork that tries it; {} where there is nothing to change.
    """

    word: str
    level: AdviceLevel
    text: str
    settings: dict[str, Setting]


def advice_for(
    rows: Sequence[Epoch], recipe: Recipe, apart: bool = False, chance: float = 0.0
) -> list[Advice]:
    """What to say of a run so far; nothing before it has a few epochs.

    Args:
        rows: of `metrics.jsonl`: accuracy, val_accuracy and, where it is there, val_recall are read.
        recipe: what it trains by; what is in it already is not advised.
        apart: whether its splits are known to have no copies in common, at the usual reach: nobody is sent to look
            for leaks then.
        chance: `chance.chance_level` of its classes and images: a model that is no better has learned nothing.
    """
    if len(rows) < MIN_EPOCHS:
        return []
    best = max(rows, key=lambda row: row["val_accuracy"])
    gap = shown_gap(best["accuracy"], best["val_accuracy"])
    word = gap_verdict(best["accuracy"], best["val_accuracy"], apart, chance)
    level = gap_level(word)
    if word == CHANCE:
        found = [_no_better(best, gap, chance, recipe)]
    elif gap >= _HEALTHY:
        found = [_overfitting(word, level, gap, recipe)]
    elif gap < _HARD:
        found = [_too_hard(word, level, gap, recipe, apart)]
    else:
        found = [Advice(word, level, _near(gap), {})]
    validation = [row["val_accuracy"] for row in rows]
    if found_ := _unstable(validation, recipe):
        found.append(found_)
    elif flat := _flat(rows, best, recipe):
        found.append(flat)
    ended = len(rows) >= recipe.training.epochs
    if word == CHANCE or level == "bad":
        pass  # what comes first says what to do; longer training is not it
    elif gap < 5 and best["accuracy"] < _LOW_TRAIN and ended:
        text = f"It has learned {best['accuracy']:.0%} of its own images: more epochs, or a larger network."
        found.append(Advice("underfitting", "warn", text, {"training.epochs": 2 * recipe.training.epochs}))
    elif ended and (rises := _still_rising(validation, recipe)):
        found.append(rises)
    if weak := _weak_class(best.get("val_recall") or {}, recipe):
        found.append(weak)
    return found


def is_early(word: str, epochs: int) -> bool:
    """Whether so few epochs do not yet tell that training is made hard: training accuracy is a mean over an epoch in which the
    weights change fast, so validation, measured at its end, leads in any case."""
    return word == HARD and epochs < MIN_EPOCHS


def trend(values: Sequence[float]) -> Literal["rising", "falling", "level"]:
    """Where a score of a class (0..1, one per epoch) is going, over `TREND_EPOCHS`."""
    moved = values[-1] - values[max(len(values) - 1 - TREND_EPOCHS, 0)]
    return "level" if abs(moved) <= TREND_LEVEL else "rising" if moved > 0 else "falling"


def patience_left(rows: Sequence[Epoch], recipe: Recipe) -> tuple[int, int] | None:
    """Epochs that may still pass without a better one, and how many may in all; None where none stops it."""
    rule = recipe.early_stopping
    if not rule.patience or not rows:
        return None
    values = [float(row.get(rule.monitor, 0.0)) for row in rows]
    best = max(values) if rule.monitor.endswith("accuracy") else min(values)
    waited = len(values) - 1 - values.index(best)
    return max(rule.patience - waited, 0), rule.patience


def advice_for_failure(reason: str, recipe: Recipe) -> Advice | None:
    """What to change before a failed run is tried again; None where its settings are not to blame.

    Args:
        reason: why it failed, as `run.json` says.
        recipe: what it trained by.
    """
    words = reason.lower()
    if "memory" in words and "ended without a word" not in words and recipe.training.batch_size > 1:
        half = max(recipe.training.batch_size // 2, 1)
        settings: dict[str, Setting] = {
            "training.batch_size": half,
            "optimizer.accumulation": 2 * recipe.optimizer.accumulation,
        }
        text = f"Half the batch, {half} images, and twice as many batches to a step: the same steps in less memory."
        return Advice("too little memory", "bad", text, settings)
    if "finite number" in words:
        settings = {"optimizer.learning_rate": recipe.optimizer.learning_rate / 3}
        if not recipe.optimizer.clipnorm:
            settings["optimizer.clipnorm"] = 1.0
        return Advice(
            "the loss broke", "bad", "A third of the learning rate, and clipped gradients.", settings
        )
    return None


def _no_better(best: Epoch, gap: float, chance: float, recipe: Recipe) -> Advice:
    """Accuracy that guessing reaches too."""
    said = f"{best['val_accuracy']:.3f} on validation is no better than guessing, which reaches {chance:.3f} by luck"
    if gap >= _HIGH:
        text = f"{said}, and {best['accuracy']:.3f} on its own images: it learns them by heart, or labels are mixed up."
        return Advice(CHANCE, "bad", text, {})
    text = f"{said}: try a third of the learning rate, and look at the labels."
    return Advice(CHANCE, "bad", text, {"optimizer.learning_rate": recipe.optimizer.learning_rate / 3})


def _still_rising(validation: Sequence[float], recipe: Recipe) -> Advice | None:
    """Planned epochs that ended too early: the best was among the last two, and the trend goes up."""
    if max(validation[:-2]) >= max(validation[-2:]) or trend(validation) != "rising":
        return None
    steps = min(TREND_EPOCHS, len(validation) - 1)
    gained = 100 * (validation[-1] - validation[-1 - steps])
    longer = -(-3 * recipe.training.epochs // 2)
    text = f"Validation accuracy gained {gained:.1f} points in the last {steps} epochs: train longer."
    return Advice("still rising", "warn", text, {"training.epochs": longer})


def _near(gap: float) -> str:
    if abs(gap) < 0.05:
        return "Training and validation are level; nothing to do."
    if gap < 0:
        return f"Validation is {-gap:.1f} points ahead of training, as dropout and augmentation make it; nothing to do."
    return f"Training is {gap:.1f} points ahead of validation: it learns what holds for new faces too."


def _too_hard(word: str, level: AdviceLevel, gap: float, recipe: Recipe, apart: bool) -> Advice:
    """Validation far ahead: copies of training images in it, or training images made harder than real ones."""
    old = recipe.augmentation
    settings: dict[str, Setting] = {
        f"augmentation.{name}": round(value / 2, 4)
        for name in ("rotation", "zoom", "translation", "contrast", "brightness", "perspective", "erasing")
        if (value := getattr(old, name))
    }
    settings |= {f"augmentation.{name}": 0.0 for name in ("mixup", "cutmix") if getattr(old, name)}
    if word == DISTRUST:
        text = (
            f"Validation is {-gap:.1f} points ahead: as a rule copies of its faces are among the training images, and the "
            "score means nothing until that is ruled out."
        )
        return Advice(word, level, text, settings)
    if apart:
        tried = ": half of it is worth a try" if settings else ""
        text = f"Validation is {-gap:.1f} points ahead, and its splits share no copies: training is made hard{tried}."
        return Advice(word, level, text, settings)
    tried = "; if there are none, half the augmentation" if settings else ""
    text = f"Validation is {-gap:.1f} points ahead: look for copies of its faces among the training images{tried}."
    return Advice(word, level, text, settings)


def _weak_class(recall: Mapping[str, float | None], recipe: Recipe) -> Advice | None:
    """The class that is recognised far less often than the others."""
    known = {name: value for name, value in recall.items() if value is not None}
    if len(known) < 2:
        return None
    name = min(known, key=known.__getitem__)
    others = fmean(value for other, value in known.items() if other != name)
    if known[name] >= _WEAK or others - known[name] < _BEHIND:
        return None
    settings: dict[str, Setting] = {}
    if recipe.training.sampling != "balanced":
        settings, tried = {"training.sampling": "balanced"}, "as many images of each class in an epoch"
    elif not isinstance(recipe.loss, FocalCrossEntropy):
        settings, tried = (
            {"loss.name": FocalCrossEntropy().name},
            "focal loss, which works on the hard images",
        )
    else:
        tried = "more of its images, or its labels reviewed"
    text = f"{name} is recognised {known[name]:.0%} of the time at the best epoch, the others {others:.0%}: try {tried}."
    return Advice("weak class", "warn", text, settings)


def _overfitting(word: str, level: AdviceLevel, gap: float, recipe: Recipe) -> Advice:
    old = recipe.augmentation
    settings: dict[str, Setting] = {}
    if old == Augmentation() or not old.horizontal_flip:
        settings |= {"augmentation.horizontal_flip": True}
    for name, value in (("rotation", 0.05), ("zoom", 0.1), ("translation", 0.08), ("contrast", 0.2)):
        if getattr(old, name) < value:
            settings[f"augmentation.{name}"] = value
    if not old.erasing:
        settings["augmentation.erasing"] = 0.25
    decay = getattr(recipe.optimizer, "weight_decay", _DECAY)
    if gap >= _HIGH and decay < _DECAY / 2:
        settings["optimizer.weight_decay"] = _DECAY
    loss = recipe.loss
    if isinstance(loss, CrossEntropy | FocalCrossEntropy) and loss.label_smoothing < 0.1:
        settings["loss.label_smoothing"] = 0.1
    tried = (
        "stronger augmentation and softer labels"
        if settings
        else "more images, more dropout or a smaller network"
    )
    return Advice(
        word, level, f"It knows its own images {gap:.1f} points better than new ones: try {tried}.", settings
    )


def _unstable(validation: Sequence[float], recipe: Recipe) -> Advice | None:
    last = validation[-_FLAT_EPOCHS:]
    jumps = [b - a for a, b in pairwise(last)]
    if len(jumps) < MIN_EPOCHS or pstdev(jumps) < _UNSTABLE:
        return None
    rate = recipe.optimizer.learning_rate / 3
    size = 100 * fmean(map(abs, jumps))
    text = f"Validation accuracy jumps by {size:.1f} points an epoch: try a lower rate and an average of the weights."
    return Advice("unstable", "warn", text, {"optimizer.learning_rate": rate, "optimizer.ema": 0.99})


def _flat(rows: Sequence[Epoch], best: Epoch, recipe: Recipe) -> Advice | None:
    since = len(rows) - (list(rows).index(best) + 1)
    before = [row["val_accuracy"] for row in rows[:-_FLAT_EPOCHS]]
    if not before or since < 1:
        return None
    gained = 100 * (max(row["val_accuracy"] for row in rows[-_FLAT_EPOCHS:]) - max(before))
    if gained > _FLAT_POINTS:
        return None
    amount = f"{max(gained, 0.0):.1f} points in {_FLAT_EPOCHS} epochs"
    text = f"Validation accuracy has gained {amount}: try a falling rate, or stop here."
    settings: dict[str, Setting] = {"schedule.name": "cosine"} if recipe.schedule.name != "cosine" else {}
    return Advice("plateau", "warn", text, settings)
