"""A learning rate to begin with, by a short training whose rate rises from step to step (Smith 2017).

found = find_rate(dataset, None, load("compact"))
found["proposed"]

Rates rise by equal factors until the loss breaks away; the loss is smoothed, and two rates are read off, as fastai's
`lr_find` does (Howard and Gugger 2020): where the loss falls most steeply, and a tenth of the rate at which it is lowest.

>>> losses = [2.0] * 20 + [2.0 - 0.1 * n for n in range(1, 16)] + [0.5 + n**2 for n in range(5)]
>>> rates = ramp(1e-6, 1.0, len(losses))
>>> curve = read_off(rates, losses)
>>> 1e-4 < curve["steepest"] < curve["lowest"] < 0.2
True
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

import numpy as np

from fer_core.base.errors import RecipeError, RunError
from fer_core.data.dataset import Dataset
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import WorkerFailed, call
from fer_core.models import pretrained
from fer_core.recipes.recipe import Recipe, override
from fer_core.scheduling.estimate import MeasureRequest, training_request

LOWEST, HIGHEST = 1e-6, 1.0
"""From which rate to which, where nobody says otherwise."""
STEPS = (100, 300)
"""In how many steps, where nobody says: first in few, and where the loss did not clearly fall, anew in more."""
BROKEN = 4.0
"""Times the lowest smoothed loss from which it has broken away; no higher rate is tried. Losses around 0 and below it are
measured by a tenth of the first."""
_KEPT = 0.8  # of the smoothed loss, from one step to the next, either way
_FEWEST, _MOST = 20, 1000  # steps
_FALL = 0.02  # share of the first smoothed loss that has to be gained, or nothing is proposed
_SCATTER = 3.0  # and as many times what steps scatter around it
_BEGUN = 0.25  # of the fall that has to be behind where it is steepest
_SPAN = 0.04  # of the steps to either side, over which steepness is measured


class RateRequest(MeasureRequest):
    """What `workers.find_rate` is asked for."""

    rates: list[float]


class RateCurve(TypedDict):
    """What a ramp of rates told.

    Attributes:
        rates, losses, smoothed: one each per step, up to the one at which the loss broke away.
        steepest: rate at which the smoothed loss falls most for an equal factor.
        lowest: rate at which it is lowest; `tenth` is a tenth of it.
        proposed: the lower of `steepest` and `tenth`; all four are None where the loss did not fall.
        broke: the loss broke away, so that higher rates are known not to do.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    steepest: float | None
    lowest: float | None
    tenth: float | None
    proposed: float | None
    broke: bool


def find_rate(
    dataset: Dataset,
    version: str | None,
    recipe: Recipe,
    settings: Mapping[str, Any] | None = None,
    *,
    low: float = LOWEST,
    high: float = HIGHEST,
    steps: int | None = None,
    progress: ProgressFn | None = None,
) -> RateCurve:
    """Train so many steps in a process of its own, the rate rising from `low` to `high`, and throw them away.

    Args:
        dataset: to train on.
        version: id, start of an id, `v3`, or None for the newest.
        recipe: whose rate is looked for; its schedule plays no part.
        settings: fields of the recipe to change.
        low, high: rates to begin and to end with.
        steps: how many rates; None looks in few, and in more where that tells nothing.
        progress: told the steps.

    Raises:
        RecipeError: a setting or rates that are not valid, or stages, which have rates of their own.
        RunError: it cannot be trained; the message says why.
    """
    tries = STEPS if steps is None else (steps,)
    if not (0 < low < high and _FEWEST <= tries[0] <= _MOST):
        raise RecipeError(
            f"The rate rises from one above 0 to a higher one, in {_FEWEST} to {_MOST} steps",
            received=f"{low:g} to {high:g} in {tries[0]}",
        )
    chosen = dataset.version(version)
    changed = override(recipe, settings or {})
    if changed.progressive.stages:
        raise RecipeError(
            "A recipe with stages has a rate for each of them",
            received=f"{len(changed.progressive.stages)} stages",
            hint="Set progressive.stages=[] to look for one rate",
        )
    pretrained.find_weights(changed.model)
    for count in tries:
        rates = ramp(low, high, count)
        asked: RateRequest = {**training_request(dataset, chosen.id, changed), "rates": rates}
        try:
            told = call("fer_core.workers.find_rate", dict(asked), progress=progress)
        except WorkerFailed as error:
            raise RunError("This cannot be trained here", received=error.reason) from error
        curve = read_off(rates, cast("list[float]", told["losses"]))
        if curve["proposed"] is not None:
            break
    return curve


def ramp(low: float, high: float, steps: int) -> list[float]:
    """So many rates from one to the other, by equal factors."""
    return [low * (high / low) ** (step / (steps - 1)) for step in range(steps)]


def smooth(losses: Sequence[float]) -> np.ndarray:
    """Float64 (n,): an exponential mean from either side, of which the mean: what rises is not seen later than it does."""
    given = np.asarray(losses, dtype=np.float64)
    both: np.ndarray = (_from_the_left(given) + _from_the_left(given[::-1])[::-1]) / 2
    return both


def broken(losses: Sequence[float]) -> bool:
    """Whether the loss of the last step has broken away from the lowest so far."""
    if not math.isfinite(losses[-1]):
        return True
    so_far = _from_the_left(np.asarray(losses, dtype=np.float64))
    low = so_far.min()
    return bool(so_far[-1] - low > (BROKEN - 1) * max(abs(low), 0.1 * abs(so_far[0])))


def read_off(rates: Sequence[float], losses: Sequence[float]) -> RateCurve:
    """What a ramp says, from the loss at each of its first rates; a last one that is not finite is left out."""
    broke = broken(losses)
    known = [loss for loss in losses if math.isfinite(loss)]
    soft = smooth(known)
    curve: RateCurve = {
        "rates": list(rates[: len(known)]),
        "losses": known,
        "smoothed": soft.tolist(),
        "steepest": None,
        "lowest": None,
        "tenth": None,
        "proposed": None,
        "broke": broke,
    }
    at = int(soft.argmin()) if len(known) else 0
    # The rise at the end is no scatter.
    noise = float(np.std((np.asarray(known) - soft)[: at + 1])) if at else 0.0
    if at < 2 or soft[0] - soft[at] < max(_FALL * soft[0], _SCATTER * noise):
        return curve
    steepest, lowest = curve["rates"][_steepest(soft, at)], curve["rates"][at]
    proposed = min(steepest, lowest / 10)
    return {**curve, "steepest": steepest, "lowest": lowest, "tenth": lowest / 10, "proposed": proposed}


def _steepest(soft: np.ndarray, lowest: int) -> int:
    """Where a loss falls most, over so many steps that they scatter less, once a quarter of the fall is behind."""
    begun = np.flatnonzero(soft[:lowest] > soft[0] - _BEGUN * (soft[0] - soft[lowest]))[-1]
    width = max(1, round(_SPAN * len(soft)))
    either = np.arange(begun, lowest + 1)
    left, right = np.maximum(either - width, 0), np.minimum(either + width, lowest)
    return int(either[np.argmin((soft[right] - soft[left]) / np.maximum(right - left, 1))])


def _from_the_left(losses: np.ndarray) -> np.ndarray:
    """Exponential mean of what came so far, the first values not pulled to 0."""
    found, mean, weight = np.empty_like(losses), 0.0, 0.0
    for place, loss in enumerate(losses):
        mean, weight = _KEPT * mean + (1 - _KEPT) * loss, _KEPT * weight + (1 - _KEPT)
        found[place] = mean / weight
    return found
