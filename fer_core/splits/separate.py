"""Splits made leak-free as they are: what is a copy of a held-out image goes, everything else stays where it is.

For sets whose splits must stay comparable, such as FER2013's PublicTest and PrivateTest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fer_core.data.records import readable
from fer_core.data.versions import save_version
from fer_core.emotions import UNASSIGNED
from fer_core.errors import TooFewImages
from fer_core.quality.copies import confirmed
from fer_core.quality.scan_store import scanned
from fer_core.splits.near import DISTANCE, kinds_of

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs import ProgressFn

OPERATION = "separate"
_RANK = {"train": 0, "val": 2, "test": 3}
"""Of two copies in different splits the one of the lower rank goes; splits of other names lie between."""


def leaking(manifest: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Which images are copies of one that a later split holds: bool, one per row.

    Args:
        manifest: see `data.records`; images without a split and unreadable ones never leak.
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


def leaks(
    dataset: Dataset,
    version: str,
    *,
    distance: int = DISTANCE,
    mirrored: bool = True,
    progress: ProgressFn | None = None,
) -> np.ndarray:
    """What `separate` would drop: bool, one per row of the version's manifest. Comparisons kept with the dataset are used."""
    kinds = kinds_of(mirrored)
    pairs = confirmed(scanned(dataset, version, distance, kinds, progress=progress), distance, kinds)
    return leaking(dataset.manifest(version), pairs)


def separate(
    dataset: Dataset,
    version: str | None = None,
    *,
    distance: int = DISTANCE,
    mirrored: bool = True,
    progress: ProgressFn | None = None,
) -> tuple[Version, dict[str, int]]:
    """A version without the images that are copies of a held-out one: from train what val or test holds, from val
    what test holds.

    Args:
        dataset: the dataset.
        version: None for the newest.
        distance: bits by which the hashes of near copies may differ, even.
        mirrored: mirrored copies too.
        progress: told how far the comparison is.

    Returns:
        The new version (the version itself where nothing leaks), and the images dropped per split.

    Raises:
        TooFewImages: a split would be empty.
    """
    base = dataset.version(version)
    manifest = dataset.manifest(base.id)
    drop = leaks(dataset, base.id, distance=distance, mirrored=mirrored, progress=progress)
    if not drop.any():
        return base, {}
    kept = manifest[~drop]
    emptied = set(readable(manifest)["split"]) - set(readable(kept)["split"])
    if emptied:
        hint = "Make new splits with Stratify instead"
        raise TooFewImages(
            "Every image of a split has a copy in a later one", received=", ".join(emptied), hint=hint
        )
    dropped = {str(split): int(n) for split, n in manifest[drop].groupby("split").size().items()}
    parameters: dict[str, Any] = {"distance": distance, "mirrored": mirrored, "dropped": dropped}
    return save_version(dataset, kept, parent=base.id, operation=OPERATION, parameters=parameters), dropped
