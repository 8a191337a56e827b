"""Successive halving (Jamieson and Talwalkar 2016): all trials train a little, the better third of them goes on.

>>> rungs(30)
(3, 10, 30)
>>> targets({0: [0.5], 1: [0.7], 2: [0.6]}, failed=set(), levels=2, closed=True)
{0: 0, 1: 1, 2: 0}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

ETA = 3
"""One of so many goes on, and trains so many times longer."""
_ROUNDS = 3


def rungs(epochs: int) -> tuple[int, ...]:
    """The epochs after which trials are compared; the last is the recipe's."""
    return tuple(sorted({max(1, round(epochs / ETA**step)) for step in range(_ROUNDS)}))


def survivors(count: int) -> int:
    """How many of so many trials go on."""
    return max(1, count // ETA)


def targets(
    scores: Mapping[int, Sequence[float]], failed: Collection[int], levels: int, closed: bool
) -> dict[int, int]:
    """Up to which rung each trial is to be trained: 0 for the first.

    It follows from the scores alone, not from the order in which they came: a rung is decided when all its trials have
    reached it or failed.

    Args:
        scores: number of a trial -> what it reached at each rung so far, higher is better.
        failed: trials that cannot go on.
        levels: how many rungs there are.
        closed: whether no trial is added any more.
    """
    found = dict.fromkeys(scores, 0)
    members = sorted(scores)
    for level in range(1, levels):
        if not closed or not all(len(scores[n]) >= level or n in failed for n in members):
            break
        standing = [n for n in members if n not in failed or len(scores[n]) > level]
        standing.sort(key=lambda n: (-scores[n][level - 1], n))
        members = standing[: survivors(len(members))]
        found |= dict.fromkeys(members, level)
    return found


def leader(scores: Mapping[int, Sequence[float]]) -> int | None:
    """The trial that is ahead: furthest, there the best, and of equals the first; None before a score."""
    reached = [n for n in scores if scores[n]]
    return min(reached, key=lambda n: (-len(scores[n]), -scores[n][-1], n), default=None)


def epochs_to_come(count: int, at: Sequence[int]) -> int:
    """Epochs that so many trials still train after the first rung."""
    total = 0
    for before, after in pairwise(at):
        count = survivors(count)
        total += count * (after - before)
    return total
