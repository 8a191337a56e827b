"""The pictures of two datasets compared with each other, kept with the first: every version of both is answered from it.

scans = compared_across(mine, "v2", other, "v1")     # pairs within either are those that each has kept
stored_across(mine, "v3", other, "v1")               # the same where nothing has to be compared for it, else None
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_core.base.locks import locked
from fer_core.data.manifest import readable
from fer_core.duplicates.scan import DistinctPictures, Scan, extend_scan
from fer_core.duplicates.scan_store import (
    METHOD,
    any_shows,
    covers,
    full_scan,
    pictures_of,
    read_scan,
    save_scan,
    union,
)

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

USUAL = ("near", "mirrored")


def across_file(dataset: Dataset, other: Dataset, kind: str) -> Path:
    """Where the comparison with another dataset is kept."""
    return dataset.quality_dir / f"across-{METHOD}-{kind}-{other.name}.npz"


def stored_across(
    dataset: Dataset, version: str, other: Dataset, other_version: str, kinds: Iterable[str] = USUAL
) -> dict[str, Scan] | None:
    """As `compared_across` where nothing has to be compared for it; else None."""
    found = {}
    for kind in kinds:
        scan = read_scan(across_file(dataset, other, kind))
        if scan is None:
            return None
        for each, chosen in ((dataset, version), (other, other_version)):
            table = readable(each.manifest(chosen)).drop_duplicates("pixel_hash")
            new = ~np.isin(table["pixel_hash"].to_numpy(dtype=object).astype("S"), scan.names)
            if any_shows(each.pixels(), table["row"].to_numpy(np.int64)[new]):
                return None
        found[kind] = scan
    return found


def compared_across(
    dataset: Dataset,
    version: str,
    other: Dataset,
    other_version: str,
    kinds: Iterable[str] = USUAL,
    progress: ProgressFn | None = None,
) -> dict[str, Scan]:
    """The pictures of two versions and all that the first dataset has compared, in one scan per kind.

    What either has compared within itself is kept with it and not compared again; a comparison that was ended by force is
    gone on with.

    Args:
        dataset, other: the datasets; the comparison is kept with the first.
        version, other_version: ids.
        kinds: of `scan.KINDS`.
        progress: told (done, total, what).
    """
    own = pictures_of(dataset.manifest(version), dataset.pixels())
    theirs = pictures_of(other.manifest(other_version), other.pixels())
    found = {}
    for kind in kinds:
        mine, beside = full_scan(dataset, own, kind, progress), full_scan(other, theirs, kind, progress)
        with locked(dataset.quality_dir / f".across-{kind}.lock"):
            file = across_file(dataset, other, kind)
            known, both = read_scan(file), _joined(union(mine, own, dataset.pixels()), theirs)
            if known is None or not covers(known, both):
                keep = partial(save_scan, file)
                # The larger one first: as many pairs, in fewer and larger blocks.
                larger, smaller = sorted((mine, beside), key=lambda scan: -len(scan.names))
                known = extend_scan(known or larger, both, kind, progress, keep, smaller)
                keep(known)
            found[kind] = known
    return found


def _joined(own: DistinctPictures, others: DistinctPictures) -> DistinctPictures:
    """The pictures of two datasets; those of the other one are in no row of the first."""
    new = ~np.isin(others.names, own.names)
    names = np.append(own.names, others.names[new])
    by = np.argsort(names)
    return DistinctPictures(
        names[by],
        np.append(own.rows, np.full(int(new.sum()), -1))[by],
        np.append(own.plain, others.plain[new])[by],
        np.append(own.pixels, others.pixels[new], axis=0)[by],
    )
