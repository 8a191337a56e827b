"""What a run would take before it is started: parameters, time and memory, measured by a few steps on this device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast

from fer_core.base.errors import RunError
from fer_core.data.dataset import Dataset
from fer_core.jobs.worker import WorkerFailed, call
from fer_core.recipes.recipe import Recipe, override, to_toml

MEMORY_SHARE = 0.85
"""Of the machine's memory that a run may take before it is slowed down by swapping, or killed."""
MUCH_SLOWER = 3.0
"""Times as long as the fast recipe takes, from which people are told of it."""
PARTLY = 0.9
"""Share of trained parameters below which a network counts as partly frozen; a few are never trained."""
_LIMIT = 600.0  # seconds


class Measured(TypedDict):
    """What a few steps of training tell.

    Attributes:
        step_seconds, epoch_seconds, total_seconds: of a step, of an epoch with its validation, of all epochs; early
            stopping may end sooner.
        memory_bytes: peak of the process.
    """

    parameters: int
    trainable_parameters: int
    step_seconds: float
    epoch_seconds: float
    total_seconds: float
    images_per_second: float
    memory_bytes: int
    device: str


class RunEstimate(Measured):
    """`Measured`, and of what."""

    dataset: str
    version: str
    recipe: str
    epochs: int


class MeasureRequest(TypedDict):
    """What a worker is asked to train for a few steps; `recipe` is TOML text, `root` the workspace, `version` an id."""

    root: str
    dataset: str
    version: str
    recipe: str


def training_request(dataset: Dataset, version: str, recipe: Recipe) -> MeasureRequest:
    """The request to train a recipe on a version (by id) of a dataset."""
    root = str(dataset.workspace.root)
    return {"root": root, "dataset": dataset.name, "version": version, "recipe": to_toml(recipe)}


def estimate(
    dataset: Dataset, version: str | None, recipe: Recipe, settings: Mapping[str, Any] | None = None
) -> RunEstimate:
    """Train a few steps in a process of its own, and throw them away.

    Returns:
        What ten steps told.

    Raises:
        RunError: it cannot be trained; the message says why.
        RecipeError: a setting that is not valid.
    """
    chosen = dataset.version(version)
    changed = override(recipe, settings or {})
    asked = training_request(dataset, chosen.id, changed)
    try:
        answer = cast(Measured, call("fer_core.workers.measure", asked, limit_s=_LIMIT))
    except TimeoutError as error:
        hint = "A smaller batch_size or model.backbone_size is faster"
        raise RunError(
            "Ten steps take longer than ten minutes here", received=changed.name, hint=hint
        ) from error
    except WorkerFailed as error:
        raise RunError("This cannot be trained here", received=error.reason) from error
    return {
        "dataset": dataset.name,
        "version": chosen.id,
        "recipe": changed.name,
        "epochs": changed.training.epochs,
        **answer,
    }


def fits(memory_bytes: float, total_bytes: float) -> bool:
    """Whether a run of that size can work in so much memory."""
    return memory_bytes <= MEMORY_SHARE * total_bytes


def times_slower(epoch_seconds: float, fast_seconds: float) -> float | None:
    """How many times as long as a fast recipe it takes; None where that is not worth a word."""
    times = epoch_seconds / max(fast_seconds, 1e-6)
    return times if times >= MUCH_SLOWER else None


def partly_frozen(trained: int, parameters: int) -> bool:
    """Whether some layers of the estimated network are not trained."""
    return trained < PARTLY * parameters
