"""What leaks do to a score: accuracy with and without the images the model has seen in training.

cost = leak_cost(run.predictions("test"), leaked_images(groups.table, "test"))
f"{cost['accuracy']:.3f} with, {cost['without']:.3f} without"
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.statistics import wilson_interval
from fer_core.evaluation.metrics import read

DRAWS = 2000
_LEVELS = (0.025, 0.975)


def leaked_images(table: pd.DataFrame, split: str, learned: str = "train") -> set[str]:
    """Ids of the images of a split that have a copy in the split the model learned from.

    Args:
        table: `DuplicateGroups.table` of the version the model was trained on.
    """
    seen = set(table.loc[table["split"] == learned, "group"])
    return set(table.loc[(table["split"] == split) & table["group"].isin(seen), "image_id"])


class LeakCost(TypedDict):
    """What leaked images do to an accuracy.

    Attributes:
        leaked: of `images`.
        accuracy, without: on all images, and on those that did not leak.
        without_interval: 95 % of `without` (Wilson), low and high.
        memory: accuracy on those that leaked: what a model that remembers them can do; `memory_interval` its 95 %.
        difference: accuracy - without; positive flatters the model. `interval` its 95 %, low and high.
    """

    images: int
    leaked: int
    accuracy: float
    without: float | None
    without_interval: list[float] | None
    memory: float | None
    memory_interval: list[float] | None
    difference: float | None
    interval: list[float] | None


def leak_cost(predictions: pd.DataFrame, leaked: set[str], draws: int = DRAWS, seed: int = 0) -> LeakCost:
    """Accuracy on all images and on those that did not leak, and the difference with its 95 % interval.

    The interval is a percentile bootstrap over images, both accuracies from the same draw.

    Args:
        predictions: image_id, label and p_<class>.
        leaked: image ids.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        What can be said; nothing of the difference where every image leaked or none did.

    Raises:
        RunError: the table holds no predictions.
    """
    _, truth, p = read(predictions)
    return of_answers(p.argmax(axis=1) == truth, predictions["image_id"].isin(leaked).to_numpy(), draws, seed)


def of_answers(
    correct: NDArray[np.bool_], seen: NDArray[np.bool_], draws: int = DRAWS, seed: int = 0
) -> LeakCost:
    """`leak_cost` of answers that are right or not, bool (n,), to images that leaked or did not, bool (n,)."""
    images, count = len(seen), int(seen.sum())
    accuracy = float(correct.mean())
    result: LeakCost = {
        "images": images,
        "leaked": count,
        "accuracy": accuracy,
        "without": None,
        "without_interval": None,
        "memory": None,
        "memory_interval": None,
        "difference": None,
        "interval": None,
    }
    if count:
        result["memory"], result["memory_interval"] = _share(correct[seen])
    if count < images:
        result["without"], result["without_interval"] = _share(correct[~seen])
    if count in (0, images):
        return result
    kinds = np.bincount(
        2 * seen + correct, minlength=4
    )  # clean wrong, clean right, leaked wrong, leaked right
    drawn = np.random.default_rng(seed).multinomial(images, kinds / images, size=draws)
    clean = np.maximum(drawn[:, 0] + drawn[:, 1], 1)
    differences = (drawn[:, 1] + drawn[:, 3]) / images - drawn[:, 1] / clean
    return result | {
        "difference": accuracy - float(correct[~seen].mean()),
        "interval": [float(v) for v in np.quantile(differences, _LEVELS)],
    }


def _share(correct: NDArray[np.bool_]) -> tuple[float, list[float]]:
    share = float(correct.mean())
    low, high = wilson_interval(share, len(correct))
    return share, [float(low), float(high)]


def words(cost: LeakCost) -> str:
    """`0.814 [0.78, 0.84] without the 31 of 400 that have a copy in its training images; on those 0.968 [...] by memory`."""
    share = f"{cost['leaked']:,} of {cost['images']:,}"
    if not cost["leaked"]:
        return f"none of its {cost['images']:,} images has a known copy among those it has learned from"
    memory = f"{cost['memory']:.3f} {_ends(cost['memory_interval'])}"
    if cost["without"] is None or cost["difference"] is None:
        return f"each of its {cost['images']:,} images has a copy among those it has learned from: {memory} by memory"
    return (
        f"{cost['without']:.3f} {_ends(cost['without_interval'])} without the {share} images that have a copy among those it "
        f"has learned from, by memory it answers {memory} of these: {100 * cost['difference']:+z.1f} points "
        f"{_ends(cost['interval'], 100)} of its figure are leakage"
    )


def _ends(interval: list[float] | None, scale: float = 1) -> str:
    if interval is None:
        return ""
    low, high = interval
    return f"[{scale * low:+z.1f}, {scale * high:+z.1f}]" if scale != 1 else f"[{low:.3f}, {high:.3f}]"
