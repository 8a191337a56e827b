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
        recipe: what would be trained; network, size of batches, precision and device count have to be the same.
        version: id of what it would learn from.
        images: of its train and val splits; an epoch on another version is taken to grow with them.
    """
    alike = [one for one in past if _alike(one, recipe)]
    found = next((one for one in alike if one.info.get("version") == version), None)
    if found is not None:
        return _cost(found, 1.0, scaled=False)
    for one in alike:
        told = one.info.get("images") or {}
        if seen := sum(int(told.get(split) or 0) for split in ("train", "val")):
            return _cost(one, images / seen, scaled=True)
    return None


def _alike(one: PastRun, recipe: Recipe) -> bool:
    other = one.recipe
    if other is None or not one.rows or not one.info.get("parameters"):
        return False
    ours, theirs = recipe.training, other.training
    return _network(other) == _network(recipe) and (ours.batch_size, ours.precision, ours.devices) == (
        theirs.batch_size, theirs.precision, theirs.devices,
    )  # fmt: skip


def _network(recipe: Recipe) -> object:
    """What it begins with takes no time."""
    return recipe.model.model_copy(update={"start": ""})


def _cost(one: PastRun, factor: float, *, scaled: bool) -> ExpectedCost:
    seconds = median(float(row.get("seconds", 0.0)) for row in one.rows)
    memory = max((float(row.get("rss_mb") or 0.0) for row in one.rows), default=0.0)
    whole = int(one.info["parameters"])
    return ExpectedCost(
        whole, int(one.info.get("trainable_parameters") or whole), seconds * factor, memory * 1e6, one.id, scaled
    )  # fmt: skip
