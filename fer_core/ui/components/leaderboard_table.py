"""The leaderboard: hundreds of rows to sort, search, star and pick, with an interval bar in each.

Sorting and searching happen in the browser, so they cost the server nothing.
"""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fer_core.ui.components import browser_part

ColumnKind = Literal["text", "num", "interval", "chip", "quiet"]


@dataclass(frozen=True)
class Column:
    """One column: its key, what its head says, how its cells look, and what its tooltip explains."""

    key: str
    label: str
    kind: ColumnKind = "text"
    help: str = ""


@dataclass(frozen=True)
class LeaderboardCell:
    """One cell: its words, what it sorts by (None last), a verdict for chips, a tooltip, and the ends of an interval."""

    text: str
    sort: float | str | None = None
    verdict: str = ""
    tip: str = ""
    ends: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Line:
    """One row: id, name, quiet words behind it, its cells by column, whether it is starred, and whether it is quiet."""

    id: str
    name: str
    note: str = ""
    cells: dict[str, LeaderboardCell] = field(default_factory=dict)
    star: bool = False
    muted: bool = False


_board = browser_part.load("fer_board", __file__, '<div class="board"></div>')


def pack(lines: Sequence[Line], columns: Sequence[str]) -> str:
    """Lines as the text `draw` sends to the browser, with the cells of these columns alone.

    Args:
        lines: best first.
        columns: keys.
    """
    return json.dumps([_plain(line, columns) for line in lines], separators=(",", ":"))


def draw(
    rows: str,
    columns: Sequence[Column],
    picked: Sequence[str],
    ids: Container[str],
    *,
    domain: tuple[float, float],
    key: str,
    label: str,
) -> tuple[str | None, str | None]:
    """Draw the rows; return the ids of the row just picked (or dropped) and of the one just starred.

    Args:
        rows: of `pack`.
        columns: the first stands before the run's name.
        picked: ids of the chosen rows, in the order of their letters.
        ids: of all rows.
        domain: ends of the axis of interval bars.
        key: unique on the page.
        label: what the table shows, for screen readers.
    """
    data = {
        "rows": rows,
        "columns": [vars(column) for column in columns],
        "picked": list(picked),
        "domain": list(domain),
        "label": label,
    }
    result = _board(key=key, data=data, on_picked_change=lambda: None, on_starred_change=lambda: None)
    chosen, starred = (value if value in ids else None for value in (result.picked, result.starred))
    return chosen, starred


def _plain(line: Line, columns: Sequence[str]) -> dict[str, Any]:
    cells = {}
    for key in columns:
        if c := line.cells.get(key):
            parts = {"text": c.text, "sort": c.sort, "verdict": c.verdict, "tip": c.tip, "ends": c.ends}
            cells[key] = {name: part for name, part in parts.items() if part not in ("", None)}
    words = " ".join([line.id, line.name, line.note, *(cell.text for cell in line.cells.values())]).lower()
    return {
        "id": line.id,
        "name": line.name,
        "note": line.note,
        "cells": cells,
        "star": line.star,
        "muted": line.muted,
        "find": words,
    }
