"""Whole images from shares: rounding that favours no split and keeps all sums."""

from __future__ import annotations

import numpy as np

from fer_core.base.arrays import Floats, Ints


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


def fit(ideal: Floats, rows: Ints, columns: Ints) -> Ints:
    """Whole numbers close to a table of shares, with all its row and column sums given.

    Args:
        ideal: float64 (r, s), rows summing to `rows`.
        rows: int64 (r,).
        columns: int64 (s,), the same total as `rows`.

    Returns:
        int64 (r, s), none negative.
    """
    result = np.floor(ideal + 1e-9).astype(np.int64)
    for row, short in enumerate(rows - result.sum(axis=1)):
        lack = (ideal[row] - result[row]) + 1e-3 * (columns - result.sum(axis=0))
        result[row, np.argsort(-lack, kind="stable")[:short]] += 1
    over = result.sum(axis=0) - columns
    while over.any():
        giver, taker = int(np.argmax(over)), int(np.argmin(over))
        # The row that is furthest above its share here and below it there, among those that can give one.
        gain = (result[:, giver] - ideal[:, giver]) - (result[:, taker] - ideal[:, taker])
        row = int(np.argmax(np.where(result[:, giver] > 0, gain, -np.inf)))
        result[row, giver] -= 1
        result[row, taker] += 1
        over = result.sum(axis=0) - columns
    return result
