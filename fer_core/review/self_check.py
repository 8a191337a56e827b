"""Self-checks: now and then a reviewer is shown one of their own decisions again, without being told.

Which decisions are followed by a check, and of which image, follows from the reviewer's name and how many
decisions they have made, so a reload, a restart or another browser changes nothing, and undoing a check makes it due
again.

    due_check(label_verdicts(entries), "Ada", shown_in_this_queue)      # row of it to show again, or None
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

import pandas as pd

RATE = 0.05
"""Share of decisions that are followed by a check."""
DISTANCE = 10
"""Decisions that must lie between the first look and the second: the face should not be remembered."""


def due_check(
    table: pd.DataFrame,
    who: str,
    among: Collection[str],
    ahead: int = 0,
    asked: Collection[str] = (),
) -> dict[str, Any] | None:
    """The earlier decision to show again now, or None.

    Args:
        table: from `verdicts.label_verdicts`.
        who: the reviewer.
        among: images that may be shown: those of the queue on screen, for another would give the check away.
        ahead: as if so many more ordinary decisions had been made, of images that are not in the table yet.
        asked: keys that were handed out for a check already.

    Returns:
        a row of `table` (key, image_id, verdict, ...); the check is recorded with `shown["self_check"]` = its key.
    """
    own = table[table["who"] == who]
    ordinary = own[own["mode"] == ""]
    checks = own[own["mode"] == "self_check"]
    count = len(ordinary) + ahead
    if count <= DISTANCE or _draw(who, str(count)) >= RATE:
        return None
    if ordinary.empty:
        return None
    last = str(ordinary["time"].iloc[-1])
    if not ahead and len(checks) and str(checks["time"].iloc[-1]) > last:  # this one is done
        return None
    old = ordinary.iloc[: count - DISTANCE].drop_duplicates("image_id", keep="last")
    recent = set(ordinary["image_id"].iloc[count - DISTANCE :])
    done = {*checks["check_of"], *asked}
    rows = [
        row
        for row in old.to_dict("records")
        if row["image_id"] in among and row["image_id"] not in recent and row["key"] not in done
    ]
    if not rows:
        return None
    chosen = min(rows, key=lambda row: _draw(who, str(row["key"])))
    return {str(name): value for name, value in chosen.items()}


def _draw(*parts: object) -> float:
    """A number of 0 to 1 that depends on its arguments alone."""
    text = "\0".join(("0", *map(str, parts))).encode()  # 0 was a seed once: the choices stay the same
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64
