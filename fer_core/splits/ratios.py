"""What shares the splits should have."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fer_core.base.emotions import SPLITS
from fer_core.base.errors import SplitError

MAX_FOLDS = 20
HALFWAY = 1.5
"""A sum of ratios up to this is one of shares; folds of rounded shares do not sum to 1 exactly."""


def parse_ratios(text: str) -> tuple[float, ...]:
    """`"80/10/10"` as numbers.

    Raises:
        SplitError: a part is not a number, or they are no ratios (`shares`).
    """
    try:
        ratios = tuple(float(part) for part in text.replace(",", "/").split("/"))
    except ValueError as error:
        raise SplitError("Ratios are three numbers, as in 80/10/10", received=text) from error
    shares(ratios)
    return ratios


def shares(ratios: Sequence[float]) -> dict[str, float]:
    """Share (0..1) of train, val and test.

    Args:
        ratios: three numbers that sum to 100 or to 1.

    Raises:
        SplitError: not three, negative, infinite, or another sum.
    """
    hint = "Give three numbers for train, val and test that sum to 100, as in 80/10/10"
    text = "/".join(f"{value:g}" for value in ratios)
    if len(ratios) != len(SPLITS):
        raise SplitError(f"{len(SPLITS)} ratios are needed", received=text, hint=hint)
    if not all(math.isfinite(value) and value >= 0 for value in ratios):
        raise SplitError("A ratio cannot be negative or infinite", received=text, hint=hint)
    total = sum(ratios)
    whole = 1.0 if abs(total - 1) < 1e-3 else 100.0
    if abs(total - whole) > 1e-3 * whole:
        raise SplitError(f"The ratios sum to {total:g}, not to 100", received=text, hint=hint)
    return {name: value / total for name, value in zip(SPLITS, ratios, strict=True)}


def percent(ratios: Sequence[float]) -> tuple[float, ...]:
    """Ratios in percent, whether they are kept as shares or as percent; versions have had both."""
    whole = 100 if sum(ratios) <= HALFWAY else 1
    return tuple(whole * value for value in ratios)


def fold_names(folds: int) -> tuple[str, ...]:
    """Names of the parts of a k-fold split, in order: "fold-1", or "fold-01" where there are ten or more.

    Raises:
        SplitError: fewer than 2 or more than 20.
    """
    if not 2 <= folds <= MAX_FOLDS:
        raise SplitError(f"folds must be 2 to {MAX_FOLDS}", received=folds, hint="5 is usual")
    width = len(str(folds))
    return tuple(f"fold-{number:0{width}}" for number in range(1, folds + 1))
