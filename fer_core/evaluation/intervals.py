"""95 % intervals by bootstrap, copies of a picture resampled together.

Scores that follow from the confusion matrix are functions of how often each kind of group was drawn; so a draw
is one multinomial and 36,000 images cost no more than a thousand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fer_core.base.arrays import Floats, Ints

LEVELS = (0.025, 0.975)
DRAWS = 1000


def intervals(
    truth: Ints,
    predicted: Ints,
    classes: int,
    groups: ArrayLike | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, list[float]]:
    """95 % percentile intervals of what the confusion matrix determines.

    Args:
        truth, predicted: class numbers, (n,).
        classes: how many there are.
        groups: ids (n,); None resamples single images.
        draws, seed: of the bootstrap.

    Returns:
        {measure: [low, high]} for accuracy, balanced_accuracy, macro_f1, weighted_f1 and kappa.
    """
    drawn = _draws(truth * classes + predicted, classes**2, groups, draws, seed)
    matrices = drawn.reshape(draws, classes, classes)
    found = {}
    for name, measure in MEASURES.items():
        low, high = np.quantile(measure(matrices), LEVELS)
        found[name] = [float(low), float(high)]
    return found


def _draws(cell: Ints, cells: int, groups: ArrayLike | None, draws: int, seed: int) -> Floats:
    """Confusion counts, flat, of each resample: float64 (draws, cells)."""
    ids = np.arange(len(cell)) if groups is None else pd.factorize(np.asarray(groups))[0]
    size = np.bincount(ids)
    alone = size[ids] == 1
    single = np.bincount(cell[alone], minlength=cells)
    rows, number = [np.eye(cells)[single > 0]], [single[single > 0]]
    if not alone.all():
        place = np.cumsum(size > 1)[ids[~alone]] - 1
        counts = np.zeros((int((size > 1).sum()), cells))
        np.add.at(counts, (place, cell[~alone]), 1)
        kinds, times = np.unique(counts, axis=0, return_counts=True)
        rows.append(kinds)
        number.append(times)
    share = np.concatenate(number) / len(size)
    drawn = np.random.default_rng(seed).multinomial(len(size), share, size=draws)
    return np.asarray(drawn @ np.concatenate(rows), dtype=np.float64)


def _hits(m: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    hit = np.diagonal(m, axis1=1, axis2=2)
    support, chosen = m.sum(axis=2), m.sum(axis=1)
    return hit, support, chosen, support.sum(axis=1)


def _accuracy(m: Floats) -> Floats:
    hit, _, _, total = _hits(m)
    return np.asarray(hit.sum(axis=1) / total)


def _balanced(m: Floats) -> Floats:
    hit, support, _, _ = _hits(m)
    return np.asarray((hit / np.maximum(support, 1)).sum(axis=1) / (support > 0).sum(axis=1))


def _macro_f1(m: Floats) -> Floats:
    hit, support, chosen, _ = _hits(m)
    occurs = support + chosen > 0
    return np.asarray((2 * hit / np.maximum(support + chosen, 1)).sum(axis=1) / occurs.sum(axis=1))


def _weighted_f1(m: Floats) -> Floats:
    hit, support, chosen, total = _hits(m)
    return np.asarray((2 * hit / np.maximum(support + chosen, 1) * support).sum(axis=1) / total)


def _kappa(m: Floats) -> Floats:
    hit, support, chosen, total = _hits(m)
    chance = (support * chosen).sum(axis=1) / total**2
    agreed = hit.sum(axis=1) / total
    return np.asarray((agreed - chance) / np.maximum(1 - chance, 1e-12) * (chance < 1))


MEASURES: dict[str, Callable[[Floats], Floats]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "macro_f1": _macro_f1,
    "weighted_f1": _weighted_f1,
    "kappa": _kappa,
}
"""Scores of confusion matrices, float64 (draws, classes, classes) -> (draws,)."""
