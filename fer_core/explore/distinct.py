"""How distinct the classes of a set are: how seldom a judge, or people, take one for another.

Of the faces labelled as a class a judge gives each class some share of its belief, and people some share of their votes.
A class that gets all of its own faces' share, and none of the others', has 1; two that nobody can tell apart have a third each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassDistinctness:
    """One class among the others.

    Attributes:
        label: the class.
        images: how many are labelled so.
        distinct: 0..1: what the class has in common with itself, of all that goes to it or comes from it (Jaccard's index of
            the shares, each class counted as if it had as many faces as any other).
        confused: the class it is taken for, or that is taken for it, most; "" of an only class.
        share: of the belief, 0..1: mean of both directions.
    """

    label: str
    images: int
    distinct: float
    confused: str
    share: float


def distinctness(
    labels: NDArray[np.str_], shares: NDArray[np.float64], names: Sequence[str]
) -> list[ClassDistinctness]:
    """Every class that has faces, the most distinct first.

    Args:
        labels: str (n,), of `names`.
        shares: float64 (n, classes): probabilities out of sample, or votes; rows of zeros, or with NaN, do not count.
        names: of the columns.
    """
    totals = shares.sum(axis=1)
    used = np.isfinite(totals) & (totals > 0)
    own, belief = np.asarray(labels)[used], shares[used] / totals[used, None]
    present = [i for i, name in enumerate(names) if (own == name).any()]
    mean = np.array([belief[own == names[i]].mean(axis=0) for i in present])
    found = []
    for at, number in enumerate(present):
        kept, taken = mean[at, number], mean[:, number].sum() - mean[at, number]
        # Belief in a class without faces is lost, too: a row sums to 1.
        both = {names[i]: float(mean[at, i] + mean[k, number]) / 2 for k, i in enumerate(present) if k != at}
        confused = max(both, key=lambda name: both[name], default="")
        count = int((own == names[number]).sum())
        found.append(
            ClassDistinctness(
                names[number], count, float(kept / (1 + taken)), confused, both.get(confused, 0.0)
            )
        )
    return sorted(found, key=lambda one: -one.distinct)
