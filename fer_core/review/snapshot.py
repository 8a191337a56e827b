"""A journal kept in memory and followed: what was appended since is read, not all of it again.

A page asks the same questions after every decision: what holds, who said what. With thousands of entries, parsing them
all takes longer than the decision; the journal only grows, so what is known stays known.

    known = follow(journal)            # everything
    known = follow(journal, known)     # the entries since
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from fer_core.review import opinions
from fer_core.review.decisions import VERDICTS
from fer_core.review.journal import Journal


@dataclass(frozen=True)
class Reading:
    """The entries of a journal up to one of them.

    Attributes:
        newest: key of the newest entry by number, "" where there is none.
        entries: as `Journal.decisions(active_only=False)`.
        spoken: as `opinions.spoken` of them.
    """

    newest: str
    entries: pd.DataFrame
    spoken: pd.DataFrame

    @cached_property
    def said(self) -> pd.DataFrame:
        """As `opinions.said`."""
        undone = self.entries["undone"].to_numpy(bool)
        return self.spoken[~undone[self.spoken.index]].reset_index(drop=True)

    @cached_property
    def holding(self) -> pd.DataFrame:
        """As `opinions.holding`: the verdicts on images that hold."""
        return opinions.holding(self.entries)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """Every verdict that holds, those about pictures by their pixels alone too: as in `Journal.decisions()`."""
        table = self.entries
        kept = table[table["action"].isin(VERDICTS) & ~table["undone"].astype(bool)]
        pictures = np.where(kept["image_id"] != "", "", kept["pixel_hash"])
        last = ~pd.DataFrame({"image": kept["image_id"].to_numpy(object), "picture": pictures}).duplicated(
            keep="last"
        )
        return kept[last.to_numpy(bool)]

    @cached_property
    def undone(self) -> dict[str, str]:
        """As `Journal.undone`: key -> action."""
        rows = self.entries[self.entries["undone"].to_numpy(bool) & (self.entries["action"] != "undo")]
        return dict(zip(rows["key"], rows["action"], strict=True))


def follow(journal: Journal, known: Reading | None = None) -> Reading:
    """The journal as it is now.

    Args:
        journal: may have no file yet.
        known: an earlier reading of it; read anew where it is of another journal, or where older entries came in
            since, as from a patch.

    Raises:
        DecisionError: as `Journal`.
    """
    if known is not None and known.newest == journal.newest():
        return known
    more = None if known is None or not known.newest else journal.since(known.newest)
    if known is None or more is None or not len(known.entries):
        return _whole(journal)
    if len(more) and more["time"].iloc[0] <= known.entries["time"].iloc[-1]:
        return _whole(journal)
    if more.empty:
        return known
    before, targets = known.entries, set(more.loc[more["action"] == "undo", "target"])
    if targets:
        hit = before["key"].isin(targets) | ((before["batch"] != "") & before["batch"].isin(targets))
        before = before.assign(undone=before["undone"].to_numpy(bool) | hit.to_numpy(bool))
    entries = pd.concat([before, more], ignore_index=True)
    spoken = opinions.spoken(more.set_axis(range(len(before), len(entries))))
    joined = pd.concat([known.spoken, spoken]) if len(spoken) else known.spoken
    return Reading(_newest(more), entries, joined)


def _whole(journal: Journal) -> Reading:
    entries = journal.decisions(active_only=False)
    return Reading(_newest(entries), entries, opinions.spoken(entries))


def _newest(entries: pd.DataFrame) -> str:
    return str(entries["key"].iloc[int(entries["id"].to_numpy().argmax())]) if len(entries) else ""
