"""Sharing groups of images out to splits so that every class keeps the wanted ratios.

Groups of several images go first, the largest before the smaller, each into a split it fits; single images
then fill what every class still lacks, which makes the counts exact. After the stratification of multi-label
data by Sechidis, Tsoumakas and Vlahavas (ECML PKDD 2011), with whole groups in place of single examples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_MAX_PASSES = 20


def allocate(group: Ints, label: Ints, ratios: Floats, seed: int) -> Ints:
    """A split for every group.

    Args:
        group: int64 (n,), group of each image, numbered 0..g-1 without gaps.
        label: int64 (n,), class of each image, numbered 0..c-1.
        ratios: float64 (s,), wanted share of each split, sum 1.
        seed: decides among equals; the same arguments always give the same result.

    Returns:
        int64 (g,), the split of each group, 0..s-1. A class made of single images comes out within one image
        of `targets`.
    """
    rng = np.random.default_rng(seed)
    groups, classes = int(group.max()) + 1, int(label.max()) + 1
    goal = targets(np.bincount(label, minlength=classes), ratios)
    sizes = np.bincount(group, minlength=groups)
    several = np.flatnonzero(sizes > 1)
    members = _members(group, label, several, classes)
    result = np.full(groups, -1, dtype=np.int64)
    filled = np.zeros_like(goal)

    order = np.lexsort((rng.permutation(len(several)), -sizes[several]))
    chances = rng.random((len(several), len(ratios)))
    for place in order:
        split = _choose(members[place], goal, filled, chances[place])
        result[several[place]] = split
        filled[:, split] += members[place]

    single = sizes[group] == 1
    for index in range(classes):
        alone = group[single & (label == index)]
        room = np.clip(goal[index] - filled[index], 0, None).astype(np.float64)
        wanted = room / room.sum() if room.sum() else ratios
        parts = targets(np.array([len(alone)]), wanted, at_least_one=False)[0]
        result[rng.permutation(np.sort(alone))] = np.repeat(np.arange(len(ratios)), parts)
        filled[index] += parts

    _improve(result, several, members, goal, filled, rng)
    return result


def targets(counts: Ints, ratios: Floats, *, at_least_one: bool = True) -> Ints:
    """Whole images per class and split that come closest to the ratios.

    Rounds every class down and gives the rest where it is missed most, counting what earlier classes gave, so
    that rounding never favours one split. With `at_least_one`, a class with enough images has one in every
    split that wants any.

    Args:
        counts: int64 (c,), images per class.
        ratios: float64 (s,), sum 1.

    Returns:
        int64 (c, s); rows sum to `counts`.
    """
    result = np.zeros((len(counts), len(ratios)), dtype=np.int64)
    drift = np.zeros(len(ratios))
    for index, count in enumerate(counts):
        ideal = count * ratios
        whole = np.floor(ideal + 1e-9).astype(np.int64)
        missing = ideal - whole
        urgency = np.where(missing > 1e-9, missing - drift, -np.inf)
        whole[np.argsort(-urgency, kind="stable")[: count - whole.sum()]] += 1
        if at_least_one and count >= (ratios > 0).sum():
            for empty in np.flatnonzero((whole == 0) & (ratios > 0)):
                whole[np.argmax(whole)] -= 1
                whole[empty] = 1
        drift += whole - ideal
        result[index] = whole
    return result


def _members(group: Ints, label: Ints, several: Ints, classes: int) -> Ints:
    """int64 (len(several), classes): images of each class in each group of several."""
    place = np.full(int(group.max()) + 1, -1, dtype=np.int64)
    place[several] = np.arange(len(several))
    inside = place[group] >= 0
    flat = place[group[inside]] * classes + label[inside]
    return np.bincount(flat, minlength=len(several) * classes).reshape(len(several), classes)


def _choose(member: Ints, goal: Ints, filled: Ints, chance: Floats) -> int:
    used = np.flatnonzero(member)
    room = goal[used] - filled[used]
    fits = (room >= member[used, None]).all(axis=0)
    if fits.any():
        # The share still missing, not the count: otherwise train, being largest, takes every group.
        lack = (room / np.maximum(goal[used], 1)).min(axis=0)
        best = np.where(fits, lack, -np.inf)
        return int(np.lexsort((chance, -best))[0])
    return int(np.lexsort((chance, _cost(member, goal, filled)))[0])


def _cost(member: Ints, goal: Ints, filled: Ints) -> Floats:
    """Growth of the squared error of class shares if the group joins each split."""
    scale = np.maximum(goal.sum(axis=1), 1)[:, None].astype(np.float64) ** 2
    over = (filled - goal).astype(np.float64)
    return (member[:, None] * (2 * over + member[:, None]) / scale).sum(axis=0)


def _improve(
    result: Ints, several: Ints, members: Ints, goal: Ints, filled: Ints, rng: np.random.Generator
) -> None:
    """Move whole groups while that brings the class shares closer to the goal; changes `result` in place."""
    for _ in range(_MAX_PASSES):
        if (np.abs(filled - goal) <= 1).all():
            return
        moved = False
        for place in rng.permutation(len(several)):
            now, member = result[several[place]], members[place]
            filled[:, now] -= member
            cost = _cost(member, goal, filled)
            best = int(np.argmin(cost))
            if cost[best] < cost[now] - 1e-15:
                moved, now = True, best
            result[several[place]] = now
            filled[:, now] += member
        if not moved:
            return
