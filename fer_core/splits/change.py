"""What a version's splits were before and are now: read from the version and its parent, so it stays with them.

found = change_of(dataset, version.id)
found.before.loc["test", "happy"], found.after.loc["test", "happy"]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from fer_core.data.manifest import counts
from fer_core.splits import balance, crossing

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

OPERATIONS = ("stratify", "fold", "separate", "merge")
"""What changes splits as a whole."""


@dataclass(frozen=True)
class SplitChange:
    """Splits before and after the operation that made a version.

    Attributes:
        before, after: readable images per split (index) and class (columns), int64, same columns.
        moved, added, removed: readable images in another split than before, new ones, and ones that are gone or set
            aside.
        drift_before, drift_after: Cramer's V of class against split, 0..1; None where it cannot be told.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    moved: int
    added: int
    removed: int
    drift_before: float | None
    drift_after: float | None

    @property
    def words(self) -> str:
        """`1,204 images moved, 0 added, 12 removed or set aside; class mix between splits, Cramér's V .20 → .01`."""
        told = f"{self.moved:,} images moved, {self.added:,} added, {self.removed:,} removed or set aside"
        known = [f"{v:.2f}" if v is not None else "unknown" for v in (self.drift_before, self.drift_after)]
        return f"{told}; class mix between splits, Cramér's V {known[0]} → {known[1]}"


def change_of(dataset: Dataset, version: str) -> SplitChange | None:
    """The comparison of a version with its parent; None where its operation makes no splits.

    Args:
        dataset: the dataset.
        version: id, start of an id, number or name.
    """
    chosen = dataset.version(version)
    if chosen.parent is None or chosen.operation not in OPERATIONS:
        return None
    old, new = (crossing.assigned(dataset.manifest(version)) for version in (chosen.parent, chosen.id))
    was, now = (table.set_index("image_id")["split"] for table in (old, new))
    both = was.index.intersection(now.index)
    before, after = counts(old), counts(new)
    names = list(dict.fromkeys([*after.columns, *before.columns]))
    return SplitChange(
        before=before.reindex(columns=names, fill_value=0),
        after=after.reindex(columns=names, fill_value=0),
        moved=int((was[both] != now[both]).sum()),
        added=len(now) - len(both),
        removed=len(was) - len(both),
        drift_before=_cramers_v(before),
        drift_after=_cramers_v(after),
    )


def _cramers_v(counted: pd.DataFrame) -> float | None:
    found = balance.drift(counted)
    return None if found is None else float(found["cramers_v"])
