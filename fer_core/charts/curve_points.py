"""The points of curves: values by epoch, as they were measured or smoothed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

CurveRows = Sequence[Mapping[str, Any]]


def smoothed(points: Sequence[LinePoint], weight: float) -> list[LinePoint]:
    """Exponential moving average of one line, without the pull of its begin (as TensorBoard draws it).

    >>> [p["value"] for p in smoothed([{"epoch": 1, "value": 1.0, "line": "a"}, {"epoch": 2, "value": 4.0, "line": "a"}], 0.5)]
    [1.0, 3.0]
    """
    found: list[LinePoint] = []
    mean, total = 0.0, 0.0
    for point in points:
        mean = weight * mean + (1 - weight) * point["value"]
        total = weight * total + (1 - weight)
        found.append({**point, "value": mean / total})
    return found


class LinePoint(TypedDict):
    """A value of one line at an epoch."""

    epoch: int
    value: float
    line: str


def points_of(rows: CurveRows, column: str, line: str) -> list[LinePoint]:
    """The finite values of a column by epoch, as points of one line."""
    return [
        {"epoch": row["epoch"], "value": row[column], "line": line}
        for row in rows
        if is_number(row.get(column))
    ]


def is_number(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and value == value and abs(value) != float("inf")
