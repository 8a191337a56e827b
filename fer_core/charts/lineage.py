"""The rails of a lineage: which version came from which, drawn beside a list with the newest first.

Each version is a row of its own with a node on a lane; a line runs from it down to the version it was made from. Lanes
are reused once their line has ended, so that a long straight history takes one.

    rows = rails([("c", "a"), ("b", "a"), ("a", None)])     # newest first: id, parent
    rail_svg(rows[0], selected=False)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 18
"""Pixels between two lanes."""
HEIGHT = 62
"""Pixels of a row."""
_LEFT, _RADIUS = 11, 5.5


@dataclass(frozen=True)
class Rail:
    """One row of the graph.

    Attributes:
        lane: where the node is, from 0.
        passing: lanes whose line goes by.
        joining: lanes whose line comes from above and ends in this node.
        goes_on: whether a line leaves the node downwards, to what it was made from.
        lanes: of the whole graph.
    """

    lane: int
    passing: tuple[int, ...]
    joining: tuple[int, ...]
    goes_on: bool
    lanes: int


def rails(versions: Sequence[tuple[str, str | None]]) -> list[Rail]:
    """Lay out versions given as (id, parent), newest first; a parent that is not among them counts as none."""
    known = {version for version, _ in versions}
    waiting: list[str | None] = []  # per lane the version its line leads to
    found: list[tuple[int, tuple[int, ...], tuple[int, ...], bool]] = []
    for version, parent in versions:
        joining = tuple(i for i, leads_to in enumerate(waiting) if leads_to == version)
        free = next((i for i, leads_to in enumerate(waiting) if leads_to is None), len(waiting))
        lane = joining[0] if joining else free
        if lane == len(waiting):
            waiting.append(None)
        passing = tuple(i for i, leads_to in enumerate(waiting) if leads_to is not None and i not in joining)
        for i in joining:
            waiting[i] = None
        goes_on = parent is not None and parent in known
        waiting[lane] = parent if goes_on else None
        found.append((lane, passing, joining, goes_on))
    return [Rail(*row, lanes=max(1, len(waiting))) for row in found]


def rail_svg(rail: Rail, *, filled: bool) -> str:
    """One row as inline SVG in the text's colour, `HEIGHT` pixels high; `filled` marks the newest state."""
    middle, bottom = HEIGHT / 2, HEIGHT
    x = _x(rail.lane)
    lines = [f"M{_x(i)} 0V{bottom}" for i in rail.passing]
    lines += [_joined(_x(i), x, middle) for i in rail.joining]
    lines += [f"M{x} {middle}V{bottom}"] if rail.goes_on else []
    width = _LEFT * 2 + (rail.lanes - 1) * WIDTH
    fill = "currentColor" if filled else "var(--st-background-color, Canvas)"
    return (
        f'<svg width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" aria-hidden="true">'
        f'<path d="{"".join(lines)}" fill="none" stroke="currentColor" stroke-width="2" opacity=".45"/>'
        f'<circle cx="{x}" cy="{middle}" r="{_RADIUS}" fill="{fill}" stroke="currentColor" stroke-width="2"/></svg>'
    )


def _x(lane: int) -> float:
    return float(_LEFT + lane * WIDTH)


def _joined(start: float, end: float, middle: float) -> str:
    """A line from the top of one lane to the node of another."""
    if start == end:
        return f"M{start} 0V{middle}"
    return f"M{start} 0C{start} {middle * 0.7} {end} {middle * 0.4} {end} {middle}"
