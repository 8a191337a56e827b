"""Is one run better than another, or was it luck? Paired tests on the same images, copies counted together.

>>> mcnemar(10, 10)
1.0
>>> holm([0.01, 0.04, 0.03])
[0.03, 0.06, 0.06]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TypedDict

import numpy as np
import pandas as pd
import scipy  # its parts load when first used
from numpy.typing import ArrayLike, NDArray

from fer_core.base.arrays import Floats
from fer_core.base.statistics import Z95
from fer_core.evaluation.intervals import LEVELS

ALPHA = 0.05
DRAWS = 4000
_EXACT = 1000  # discordant images up to which McNemar's test is exact


class Gain(TypedDict):
    """What the second of two is better by.

    Attributes:
        difference: second - first, of accuracies 0..1.
        interval: 95 %, low and high.
        p: of no difference.
        told_apart: p < `ALPHA`.
    """

    difference: float
    interval: list[float]
    p: float
    told_apart: bool


class PairedGain(Gain):
    """Two runs on the same images.

    Attributes:
        fixed, broke: images only the second, only the first answers rightly.
        p_bootstrap: of the paired bootstrap.
        p_mcnemar: images taken for independent.
    """

    images: int
    fixed: int
    broke: int
    p_bootstrap: float
    p_mcnemar: float


def mcnemar(first: int, second: int) -> float:
    """Two-sided p of McNemar's test, mid-p (Fagerland et al. 2013); normal above 1,000 discordant images.

    Args:
        first, second: images that only the one, and only the other, answers rightly.
    """
    n, low = first + second, min(first, second)
    if n == 0:
        return 1.0
    if n > _EXACT:
        return math.erfc(abs(first - second) / math.sqrt(2 * n))
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(low + 1)]
    terms = [math.exp(value - n * math.log(2)) for value in logs]
    return round(min(1.0, 2 * sum(terms) - terms[-1]), 12)


def compare(
    first: ArrayLike,
    second: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> PairedGain:
    """The difference in accuracy of two runs on the same images.

    Args:
        first, second: whether each image was answered rightly, bool (n,).
        groups: ids (n,), copies of one picture share one; None takes every image for itself.
        draws, seed: of the paired bootstrap, which resamples groups.

    Returns:
        The interval is of percentiles; the verdict rests on McNemar's test for groups.
    """
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    ids = np.arange(len(a)) if groups is None else pd.factorize(np.asarray(groups))[0]
    size = np.bincount(ids)
    gain = np.bincount(ids, weights=b - a).astype(np.int64)
    kinds, number = np.unique(np.stack([size, gain]), axis=1, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(size), number / len(size), size=draws)
    differences = (drawn @ kinds[1]) / (drawn @ kinds[0])
    fixed, broke = int(((b - a) == 1).sum()), int(((b - a) == -1).sum())
    below, above = float((differences <= 0).mean()), float((differences >= 0).mean())
    p = (
        float(pairwise_p_values(np.stack([a, b]) > 0, ids)[0, 1])
        if len(size) < len(a)
        else mcnemar(broke, fixed)
    )
    return {
        "images": len(a),
        "difference": float((b - a).mean()),
        "interval": [float(v) for v in np.quantile(differences, LEVELS)],
        "fixed": fixed,
        "broke": broke,
        "p_bootstrap": min(1.0, 2 * min(below, above)),
        "p_mcnemar": mcnemar(broke, fixed),
        "p": p,
        "told_apart": p < ALPHA,
    }


def pairwise_p_values(
    correct: NDArray[np.bool_], groups: ArrayLike | None = None, members: NDArray[np.intp] | None = None
) -> Floats:
    """p of every pair of runs, by McNemar's test for groups (Durkalski et al. 2003), all at once.

    With d the difference in right answers of a group, z = sum(d) / sqrt(sum(d^2)); for single images this is
    McNemar's statistic.

    Args:
        correct: (runs, images).
        groups: ids (images,).
        members: entry that each run is one of, (runs,), from 0 on: entries are held against each other by the mean of
            their runs; None takes each run for itself.

    Returns:
        float64 (runs, runs) or (entries, entries), symmetric, 1 on the diagonal.
    """
    total = correct.sum(axis=1, dtype=np.float64)
    if groups is None:
        products = _in_common(correct)
    else:
        ids = pd.factorize(np.asarray(groups))[0]
        order = np.argsort(ids, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(ids[order]) > 0))
        copied = np.diff(np.append(starts, len(ids))) > 1
        sums = np.add.reduceat(correct[:, order].astype(np.float32), starts, axis=1)[:, copied]
        products = _in_common(correct[:, order[starts[~copied]]]) + sums @ sums.T
    if members is not None:
        weights = _weights(members)
        products, total = weights @ products @ weights.T, weights @ total
    own = np.diag(products)
    spread = np.maximum(own[:, None] + own[None, :] - 2 * products, 0)
    gain = np.abs(total[:, None] - total[None, :])
    z = np.divide(gain, np.sqrt(spread), out=np.zeros_like(gain), where=spread > 0)
    p = np.ones_like(z)
    upper = np.triu_indices(len(z), 1)
    p[upper] = scipy.special.erfc(z[upper] / math.sqrt(2))
    return np.asarray(np.minimum(p, p.T))


def numbered(pictures: NDArray[np.object_]) -> NDArray[np.integer] | None:
    """Which picture each image shows, by numbers; None where every image is a picture of its own."""
    groups = pd.factorize(pictures)[0]
    return None if len(groups) and int(groups.max()) + 1 == len(groups) else groups


def _weights(members: NDArray[np.intp]) -> Floats:
    """(entries, runs): what each run counts in the mean of its entry."""
    own = np.arange(members.max() + 1)[:, None] == members
    return np.asarray(own / own.sum(axis=1, keepdims=True))


def _in_common(correct: NDArray[np.bool_]) -> Floats:
    """How many images two runs both answer rightly, (runs, runs); by counting bits, ten times as fast as a matrix product."""
    packed = np.packbits(correct, axis=1)
    rows = [row.tobytes() for row in np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))]
    order = sorted(range(len(rows)), key=rows.__getitem__)
    place = np.argsort(order)
    return _counted(tuple(rows[i] for i in order))[np.ix_(place, place)]


@lru_cache(maxsize=2)  # the same runs are ranked with their seeds as one, and each for itself
def _counted(rows: tuple[bytes, ...]) -> Floats:
    words, result = np.array([np.frombuffer(row, np.uint64) for row in rows]), np.empty((len(rows),) * 2)
    for i, row in enumerate(words):
        result[i, i:] = result[i:, i] = np.bitwise_count(words[i:] & row).sum(axis=1, dtype=np.uint32)
    return result


def gain(first: ArrayLike, second: ArrayLike, groups: ArrayLike | None = None) -> Gain:
    """The difference of two entries whose answers are shares, such as the mean of several seeds.

    Args:
        first, second: share of an entry's runs that answer each image rightly, 0..1 (n,).
        groups: ids (n,), copies of one picture share one.

    Returns:
        The interval is normal, for groups; p as `pairwise_p_values`.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    change = b - a if groups is None else np.bincount(pd.factorize(np.asarray(groups))[0], weights=b - a)
    difference, spread = float((b - a).mean()), math.sqrt(float(change @ change))
    half = Z95 * spread / len(a)
    p = math.erfc(abs(float(change.sum())) / spread / math.sqrt(2)) if spread else 1.0
    return {
        "difference": difference,
        "interval": [difference - half, difference + half],
        "p": p,
        "told_apart": p < ALPHA,
    }


def of_many(found: Gain, tests: int) -> Gain:
    """A gain that was picked out of so many, p corrected for all of them (Bonferroni); the interval stays its own."""
    p = min(1.0, found["p"] * max(tests, 1))
    return {**found, "p": p, "told_apart": p < ALPHA}


def holm(p: Sequence[float] | Floats) -> list[float]:
    """p values corrected for their number (Holm 1979), in the order given."""
    return [round(float(value), 12) for value in _holm(np.asarray(p, dtype=np.float64))]


def _holm(p: Floats) -> Floats:
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty(len(p))
    result[order] = np.minimum(raised, 1)
    return result


def ranks(
    correct: NDArray[np.bool_], groups: ArrayLike | None = None, members: NDArray[np.intp] | None = None
) -> list[tuple[int, bool]]:
    """Rank of every run, or entry: 1 + the number that are better beyond doubt, all pairs corrected by Holm.

    What nothing tells apart shares a rank, however the scores are ordered.

    Args:
        correct, groups, members: as `pairwise_p_values`.

    Returns:
        (rank, shared) in the order of the runs, or of the entries.
    """
    accuracy = correct.mean(axis=1) if members is None else _weights(members) @ correct.mean(axis=1)
    count = len(accuracy)
    if count < 2:
        return [(1, False)] * count
    p = pairwise_p_values(correct, groups, members)
    upper = np.triu_indices(count, 1)
    told = np.zeros((count, count), dtype=bool)
    told[upper] = _holm(p[upper]) < ALPHA
    told |= told.T
    better = told & (accuracy[None, :] > accuracy[:, None])
    rank = 1 + better.sum(axis=1)
    shared = (rank[None, :] == rank[:, None]).sum(axis=1) > 1
    return [(int(r), bool(s)) for r, s in zip(rank, shared, strict=True)]
