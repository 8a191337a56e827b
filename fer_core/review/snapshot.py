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

from fer_core.review import verdicts
from fer_core.review.decisions import VERDICTS, subject
from fer_core.review.journal import Journal


@dataclass(frozen=True)
class JournalSnapshot:
    """The entries of a journal up to one of them.

    Attributes:
        newest: key of the newest entry by number, "" where there is none.
        entries: as `Journal.decisions(active_only=False)`.
        all_label_verdicts: as `verdicts.all_label_verdicts` of them.
    """

    newest: str
    entries: pd.DataFrame
    all_label_verdicts: pd.DataFrame

    @cached_property
    def label_verdicts(self) -> pd.DataFrame:
        """As `verdicts.label_verdicts`."""
        undone = self.entries["undone"].to_numpy(bool)
        return self.all_label_verdicts[~undone[self.all_label_verdicts.index]].reset_index(drop=True)

    @cached_property
    def disagreements(self) -> pd.DataFrame:
        """As `verdicts.disagreements`: those still open."""
        return verdicts.disagreements(self.label_verdicts)

    @cached_property
    def current_verdicts(self) -> pd.DataFrame:
        """As `verdicts.current_verdicts`: the verdicts on images that hold."""
        return verdicts.current_verdicts(self.entries)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """As `Journal.decisions`: what holds, of verdicts, pairs and notes."""
        table = self.entries[(self.entries["action"] != "undo") & ~self.entries["undone"].astype(bool)]
        return table[~subjects(table).duplicated(keep="last")]

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


def follow(journal: Journal, known: JournalSnapshot | None = None) -> JournalSnapshot:
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
    spoken = verdicts.all_label_verdicts(more.set_axis(range(len(before), len(entries))))
    joined = pd.concat([known.all_label_verdicts, spoken]) if len(spoken) else known.all_label_verdicts
    return JournalSnapshot(_newest(more), entries, joined)


def subjects(table: pd.DataFrame) -> pd.Series:
    """What each decision is about, as `Decision.subject`: a later one with the same subject supersedes it."""
    names = ("action", "image_id", "pixel_hash", "other", "key")
    columns = zip(*(table[name].tolist() for name in names), strict=True)
    return pd.Series([subject(*row) for row in columns], index=table.index, dtype=object)


def _whole(journal: Journal) -> JournalSnapshot:
    entries = journal.decisions(active_only=False)
    return JournalSnapshot(_newest(entries), entries, verdicts.all_label_verdicts(entries))


def _newest(entries: pd.DataFrame) -> str:
    return str(entries["key"].iloc[int(entries["id"].to_numpy().argmax())]) if len(entries) else ""
