"""Splits made leak-free as they are: what is a copy of a held-out image goes, everything else stays where it is.

For sets whose splits must stay comparable, such as FER2013's PublicTest and PrivateTest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import TooFewImages
from fer_core.data.manifest import readable
from fer_core.data.save_version import save_version
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.near import kinds_of
from fer_core.duplicates.reach import DISTANCE, SURE_DISTANCE
from fer_core.duplicates.scan_store import compared_pairs
from fer_core.splits.rejections import without_rejected

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs.reporter import ProgressFn

OPERATION = "separate"
_RANK = {"train": 0, "val": 2, "test": 3}
"""Of two copies in different splits the one of the lower rank goes; splits of other names lie between."""


@dataclass(frozen=True)
class Separated:
    """What `separate` did.

    Attributes:
        version: the new one; the version itself where nothing leaks.
        dropped: images per split.
        possible: images left that may leak: their hashes are further apart than those of what was dropped, up to
            `reach.DISTANCE`. Some of these pairs are two faces in the same light, so a person decides.
    """

    version: Version
    dropped: dict[str, int]
    possible: int


def leaking_rows(manifest: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Which images are copies of one that a later split holds: bool, one per row.

    Args:
        manifest: see `data.manifest`; images without a split and unreadable ones never leak.
        pairs: `first` and `second`, pixel hashes of different pictures that show the same. Equal pixels count as well.
    """
    takes_part = ((manifest["error"] == "") & (manifest["split"] != UNASSIGNED)).to_numpy()
    rank = manifest["split"].map(lambda split: _RANK.get(split, 1)).to_numpy()
    pictures = manifest["pixel_hash"].where(takes_part)
    own = pd.Series(rank, index=manifest.index)[takes_part].groupby(pictures[takes_part]).max()
    both = pd.concat(
        [pairs[["first", "second"]], pairs[["second", "first"]].set_axis(["first", "second"], axis=1)]
    )
    near = own.reindex(both["second"]).set_axis(both["first"]).groupby(level=0).max()
    latest = pd.concat([own, near.dropna()]).groupby(level=0).max()
    return takes_part & (rank < pictures.map(latest).fillna(-1).to_numpy())


def rows_to_drop(
    dataset: Dataset,
    version: str,
    *,
    distance: int = SURE_DISTANCE,
    progress: ProgressFn | None = None,
) -> np.ndarray:
    """What `separate` would drop: bool, one per row of the version's manifest. Comparisons kept with the dataset are used."""
    return leaking_rows(dataset.manifest(version), _pairs(dataset, version, distance, progress))


def possible_leaks(dataset: Dataset, version: str, drop: np.ndarray) -> int:
    """How many images may leak once those of `drop` (bool, one per row) are gone; see `Separated`."""
    left = dataset.manifest(version)[~drop]
    return int(leaking_rows(left, _pairs(dataset, version, DISTANCE, None)).sum())


def _pairs(dataset: Dataset, version: str, distance: int, progress: ProgressFn | None) -> pd.DataFrame:
    kinds = kinds_of(mirrored=True)
    pairs = confirmed_pairs(
        compared_pairs(dataset, version, distance, kinds, progress=progress), distance, kinds
    )
    return without_rejected(dataset, pairs)[0]


def separate(
    dataset: Dataset,
    version: str | None = None,
    *,
    distance: int = SURE_DISTANCE,
    progress: ProgressFn | None = None,
) -> Separated:
    """A version without the images that are copies, mirrored ones too, of a held-out one: from train what val or test
    holds, from val what test holds.

    Args:
        dataset: the dataset.
        version: None for the newest.
        distance: bits by which the hashes of dropped copies may differ, even.
        progress: told how far the comparison is.

    Raises:
        TooFewImages: a split would be empty.
        VersionConflict: somebody made another version at the same moment.
    """
    head = dataset.head
    base = dataset.version(version)
    manifest = dataset.manifest(base.id)
    drop = rows_to_drop(dataset, base.id, distance=distance, progress=progress)
    left = possible_leaks(dataset, base.id, drop)
    if not drop.any():
        return Separated(base, {}, left)
    kept = manifest[~drop]
    emptied = set(readable(manifest)["split"]) - set(readable(kept)["split"])
    if emptied:
        hint = "Make new splits with Stratify instead"
        raise TooFewImages(
            "Every image of a split has a copy in a later one", received=", ".join(emptied), hint=hint
        )
    dropped = {str(split): int(n) for split, n in manifest[drop].groupby("split").size().items()}
    parameters = {"distance": distance, "mirrored": True, "dropped": dropped, "possible": left}
    made = save_version(dataset, kept, parent=base.id, operation=OPERATION, parameters=parameters, head=head)
    return Separated(made, dropped, left)
