"""Sharing groups of images out to splits so that every class keeps the wanted ratios.

Groups of several images go first, the largest before the smaller, each into a split it fits; single images
then fill what every class still lacks, which makes the counts exact. After the stratification of multi-label
data by Sechidis, Tsoumakas and Vlahavas (ECML PKDD 2011), with whole groups in place of single examples.
Other columns than the class are balanced inside each class, so that they never cost the class its ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_core.base.arrays import Floats, Ints
from fer_core.splits.rounding import fit, targets

_MAX_PASSES = 20
_STRATUM_WEIGHT = 0.25
"""What a miss in a stratum costs against the same miss in its class."""


def allocate(group: Ints, label: Ints, ratios: Floats, seed: int, stratum: Ints | None = None) -> Ints:
    """A split for every group.

    Args:
        group: int64 (n,), group of each image, numbered 0..g-1 without gaps.
        label: int64 (n,), class of each image, numbered 0..c-1.
        ratios: float64 (s,), wanted share of each split, sum 1.
        seed: decides among equals; the same arguments always give the same result.
        stratum: int64 (n,), what else to balance (a source, a brightness band), numbered from 0.

    Returns:
        int64 (g,), the split of each group, 0..s-1. A class made of single images comes out within one image
        of `rounding.targets`.
    """
    rng = np.random.default_rng(seed)
    goals = _Goals.of(label, stratum, ratios)
    groups = int(group.max()) + 1
    sizes = np.bincount(group, minlength=groups)
    several = np.flatnonzero(sizes > 1)
    members = _members(group, goals.cell, several, len(goals.cells))
    result = np.full(groups, -1, dtype=np.int64)
    filled = np.zeros_like(goals.cells)

    order = np.lexsort((rng.permutation(len(several)), -sizes[several]))
    chances = rng.random((len(several), len(ratios)))
    for place in order:
        split = goals.choose(members[place], filled, chances[place])
        result[several[place]] = split
        filled[:, split] += members[place]

    single = sizes[group] == 1
    counts = np.bincount(goals.cell[single], minlength=len(goals.cells))
    parts = goals.parts(counts, filled)
    for cell in np.flatnonzero(counts):
        alone = group[single & (goals.cell == cell)]
        result[rng.permutation(np.sort(alone))] = np.repeat(np.arange(len(ratios)), parts[cell])
    filled += parts

    _improve(result, several, members, goals, filled, rng)
    _leave_none_empty(result, sizes, ratios)
    return result


def _leave_none_empty(result: Ints, sizes: Ints, ratios: Floats) -> None:
    """Give every wanted split a group where there are enough; in tiny sets rounding can leave one without."""
    for split in np.flatnonzero(ratios > 0):
        held = np.bincount(result, minlength=len(ratios))
        giver = int(np.argmax(held))
        if held[split] == 0 and held[giver] > 1:
            own = np.flatnonzero(result == giver)
            result[own[np.argmin(sizes[own])]] = split


@dataclass(frozen=True)
class _Goals:
    """How many images of each cell (a stratum of a class) and of each class every split should have.

    Attributes:
        cell: int64 (n,), cell of each image.
        cells: int64 (k, s), goal of each cell; the cells of a class sum to its goal.
        classes: int64 (c, s).
        owner: int64 (k,), class of each cell.
        join: int64 (c, k), 1 where a cell belongs to a class.
        weight: float64 (k,), cost of a squared miss in a cell; 0 where the class is its only cell.
    """

    cell: Ints
    cells: Ints
    classes: Ints
    owner: Ints
    join: Ints
    weight: Floats
    ratios: Floats

    @classmethod
    def of(cls, label: Ints, stratum: Ints | None, ratios: Floats) -> _Goals:
        classes = int(label.max()) + 1
        if stratum is None:
            stratum = np.zeros_like(label)
        pairs, cell = np.unique(label * (int(stratum.max()) + 1) + stratum, return_inverse=True)
        owner = pairs // (int(stratum.max()) + 1)
        counts = np.bincount(cell, minlength=len(pairs))
        totals = np.bincount(label, minlength=classes)
        wanted = targets(totals, ratios)
        cells = np.empty((len(pairs), len(ratios)), dtype=np.int64)
        for index in range(classes):
            own = owner == index
            ideal = counts[own, None] * wanted[index] / max(totals[index], 1)
            cells[own] = fit(ideal, counts[own], wanted[index])
        shared = np.bincount(owner, minlength=classes)[owner] > 1
        weight = np.where(shared, _STRATUM_WEIGHT, 0.0) / np.maximum(totals[owner], 1.0) ** 2
        join = (owner == np.arange(classes)[:, None]).astype(np.int64)
        return cls(cell, cells, wanted, owner, join, weight, ratios)

    def per_class(self, cells: Ints) -> Ints:
        """int64 (c, s) or (c,): the sums of cells over their class."""
        return self.join @ cells

    def choose(self, member: Ints, filled: Ints, chance: Floats) -> int:
        """The split a group goes to: one it fits into and that lacks most, else the one it harms least."""
        own = self.per_class(member)
        used = np.flatnonzero(own)
        room = self.classes[used] - self.per_class(filled)[used]
        fits = (room >= own[used, None]).all(axis=0)
        if fits.any():
            # The share still missing, not the count: otherwise train, being largest, takes every group.
            lack = (room / np.maximum(self.classes[used], 1)).min(axis=0)
            inside = -self.weight @ (member[:, None] * (2 * (filled - self.cells) + member[:, None]))
            best = np.where(fits, lack + inside, -np.inf)
            return int(np.lexsort((chance, -best))[0])
        return int(np.lexsort((chance, self.cost(member, filled)))[0])

    def cost(self, member: Ints, filled: Ints) -> Floats:
        """float64 (s,): growth of the squared error of shares if the group joins each split."""
        own = self.per_class(member)
        scale = np.maximum(self.classes.sum(axis=1), 1).astype(np.float64) ** -2
        over = self.per_class(filled) - self.classes
        inside = self.weight @ (member[:, None] * (2 * (filled - self.cells) + member[:, None]))
        return np.asarray(scale @ (own[:, None] * (2 * over + own[:, None])) + inside)

    def parts(self, counts: Ints, filled: Ints) -> Ints:
        """int64 (k, s): how the single images of each cell are shared out, so that classes come out exact."""
        result = np.zeros_like(self.cells)
        missing = self.classes - self.per_class(filled)
        for index in range(len(self.classes)):
            own = np.flatnonzero(self.owner == index)
            if not len(own):
                continue
            total = np.array([counts[own].sum()])
            columns = targets(total, _shares(missing[index], self.ratios), at_least_one=False)[0]
            room = (_shares(self.cells[cell] - filled[cell], self.ratios) for cell in own)
            ideal = np.array([counts[cell] * share for cell, share in zip(own, room, strict=True)])
            result[own] = fit(ideal, counts[own], columns)
        return result

    def reached(self, filled: Ints) -> bool:
        """Whether nothing is more than one image off."""
        per_class = np.abs(self.per_class(filled) - self.classes) <= 1
        inside = np.abs(filled - self.cells)[self.weight > 0] <= 1
        return bool(per_class.all() and inside.all())


def _shares(room: Ints, ratios: Floats) -> Floats:
    """What is still missing as shares; the ratios where nothing is."""
    missing = np.clip(room, 0, None).astype(np.float64)
    return missing / missing.sum() if missing.sum() else ratios


def _members(group: Ints, cell: Ints, several: Ints, cells: int) -> Ints:
    """int64 (len(several), cells): images of each cell in each group of several."""
    place = np.full(int(group.max()) + 1, -1, dtype=np.int64)
    place[several] = np.arange(len(several))
    inside = place[group] >= 0
    flat = place[group[inside]] * cells + cell[inside]
    return np.bincount(flat, minlength=len(several) * cells).reshape(len(several), cells)


def _improve(
    result: Ints, several: Ints, members: Ints, goals: _Goals, filled: Ints, rng: np.random.Generator
) -> None:
    """Move whole groups while that brings the shares closer to the goal; changes `result` in place."""
    for _ in range(_MAX_PASSES):
        if goals.reached(filled):
            return
        moved = False
        for place in rng.permutation(len(several)):
            now, member = result[several[place]], members[place]
            filled[:, now] -= member
            cost = goals.cost(member, filled)
            best = int(np.argmin(cost))
            if cost[best] < cost[now] - 1e-15:
                moved, now = True, best
            result[several[place]] = now
            filled[:, now] += member
        if not moved:
            return
