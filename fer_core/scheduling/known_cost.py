"""What a run would take, as earlier runs of the same network in the same batches told; nothing is measured here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from fer_core.recipes.recipe import Recipe
from fer_core.runs.records import Epoch, RunInfo


@dataclass(frozen=True)
class PastRun:
    """What is read of a run."""

    id: str
    info: RunInfo
    rows: Sequence[Epoch]
    recipe: Recipe | None


@dataclass(frozen=True)
class ExpectedCost:
    """What a run takes.

    Attributes:
        parameters, trainable_parameters: of its network.
        epoch_seconds: of an epoch with its validation.
        memory_bytes: of the process; 0 where nobody told.
        run: whose figures these are; "" of measured ones.
        scaled: whether the seconds were brought from so many images to these.
    """

    parameters: int
    trainable_parameters: int
    epoch_seconds: float
    memory_bytes: float
    run: str = ""
    scaled: bool = False


def cost_of(past: Iterable[PastRun], recipe: Recipe, version: str, images: int) -> ExpectedCost | None:
    """What the newest such run took, on the same version if one did; None of none.

    Args:
        past: runs, newest first.
        recipe: what would be trained; network, size of batches, precision, device count, kind of loss and what grows have to
            be the same.
        version: id of what it would learn from.
        images: of its train and val splits; an epoch on another version is taken to grow with them.
    """
    timed = [(one, seconds) for one in past if (seconds := epoch_seconds(one.rows)) is not None]
    alike = [(one, seconds) for one, seconds in timed if _alike(one, recipe)]
    for one, seconds in alike:
        if one.info.get("version") == version:
            return _cost(one, seconds, scaled=False)
    for one, seconds in alike:
        told = one.info.get("images") or {}
        if seen := sum(int(told.get(split) or 0) for split in ("train", "val")):
            return _cost(one, seconds * images / seen, scaled=True)
    return None


def epoch_seconds(rows: Sequence[Epoch]) -> float | None:
    """Median of the whole epochs; None where none was finished, or none told its time."""
    told = [float(seconds) for row in rows if not row.get("partial") and (seconds := row.get("seconds"))]
    return median(told) if told else None


def _alike(one: PastRun, recipe: Recipe) -> bool:
    if one.recipe is None or not one.info.get("parameters"):
        return False
    return _what_takes_time(one.recipe) == _what_takes_time(recipe)


def _what_takes_time(recipe: Recipe) -> tuple[object, ...]:
    network, training = recipe.model.model_copy(update={"start": ""}), recipe.training
    return (
        network, training.batch_size, training.precision, training.devices, recipe.loss.name, recipe.progressive,
    )  # fmt: skip


def _cost(one: PastRun, seconds: float, *, scaled: bool) -> ExpectedCost:
    memory = max((float(row.get("rss_mb") or 0.0) for row in one.rows), default=0.0)
    whole = int(one.info["parameters"])
    return ExpectedCost(
        whole, int(one.info.get("trainable_parameters") or whole), seconds, memory * 1e6, one.id, scaled
    )  # fmt: skip
