"""What a dataset report is drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core import mislabels
from fer_core.checks.checks import CheckSummary
from fer_core.data.notes import Notes
from fer_core.duplicates.exact import DuplicateGroups
from fer_core.provenance.provenance import Provenance
from fer_core.splits.certificate import Certificate
from fer_core.splits.change import SplitChange
from fer_core.splits.leaks import Leaks

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version


FACES = 12
"""Faces shown per class."""


WORST = 8
"""Faces shown per check, of copies, and of each kind of wrong label."""


@dataclass
class ReportFacts:
    """What a report is drawn from.

    Attributes:
        dataset, version: what it is about.
        manifest: of the version.
        passport: where the images come from.
        shares, drift, classes: `balance.split_shares`, `balance.drift`, `balance.class_balance`.
        checks: `checks.checks.summary`; `worst` of them, check -> rows of the manifest.
        groups: equal pictures; `leaks` their table of splits.
        across: what is known about copies across splits, near and mirrored ones too.
        change: the splits before and after, where the version was made by an operation on splits.
        ranking: of the labels, by the first method that was run; None where none was.
        certificate: of the version; None where it was not certified.
        votes: what people's votes say in numbers; None where there are none.
        pending: decisions in no version yet.
        notes: `notes.read_notes`.
        means: class -> mean face, uint8 (48, 48); `samples` class -> rows of the manifest.
        pictures: image_id -> uint8 (48, 48), for every row that is shown.
    """

    dataset: Dataset
    version: Version
    manifest: pd.DataFrame
    passport: Provenance
    shares: pd.DataFrame
    drift: dict[str, float] | None
    classes: pd.DataFrame
    checks: dict[str, CheckSummary]
    worst: dict[str, pd.DataFrame]
    groups: DuplicateGroups
    leaks: pd.DataFrame
    across: Leaks
    change: SplitChange | None
    ranking: pd.DataFrame | None
    certificate: Certificate | None
    votes: dict[str, float] | None
    pending: int
    notes: Notes
    means: dict[str, NDArray[np.uint8]]
    samples: dict[str, pd.DataFrame]
    pictures: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def wrong(self) -> pd.DataFrame | None:
        """The labels that are likely wrong, the likeliest first; None where they are not ranked."""
        return None if self.ranking is None else mislabels.likely_wrong(self.ranking)

    @property
    def leaking(self) -> pd.DataFrame:
        """Rows of the first groups that lie in more than one split."""
        table = self.groups.table
        across = table[table.groupby("group")["split"].transform("nunique") > 1]
        return across[across["group"].isin(across["group"].unique()[:WORST])]
