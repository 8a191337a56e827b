"""Is anything of one dataset already in another? Pictures compared across the two, equal or nearly so.

shared = shared_images(fer.manifest(), fer.pixels(), faces.manifest(), faces.pixels())
len(shared["image_id"].unique())        # images of the first that the second has too
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data.manifest import readable
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.reach import DISTANCE
from fer_core.duplicates.scan import Scan
from fer_core.duplicates.scan_store import PAIR_COLUMNS, compare

if TYPE_CHECKING:
    from fer_core.jobs.reporter import ProgressFn

_SHOWN = ["image_id", "path", "split", "label"]
COLUMNS: tuple[str, ...] = (
    *_SHOWN,
    "kind",
    "distance",
    "correlation",
    "framed",
    *(f"other_{name}" for name in _SHOWN),
)


def shared_images(
    manifest: pd.DataFrame,
    pixels: NDArray[np.uint8],
    other: pd.DataFrame,
    other_pixels: NDArray[np.uint8],
    distance: int = DISTANCE,
    kinds: Iterable[str] = ("near",),
    hash: str = "phash",
    known: Mapping[str, Scan | None] | None = None,
    progress: ProgressFn | None = None,
) -> pd.DataFrame:
    """The images of one manifest that another has too, each with the picture there that is most like it.

    Args:
        manifest, pixels: whose images are looked for.
        other, other_pixels: where they are looked for.
        distance, kinds, hash: as `scan_store.compare`; equal pixels always count.
        known: scans of the other dataset per kind, which spare comparing its pictures with each other.
        progress: told (done, total, what).

    Returns:
        columns `COLUMNS`, sorted by path: kind "exact", or one of `kinds`; distance int64, correlation float32, framed bool.
    """
    mine, theirs = readable(manifest), readable(other)
    both = pd.concat([theirs, mine.assign(row=mine["row"] + len(other_pixels))], ignore_index=True)
    shown = np.concatenate([other_pixels, pixels])
    pairs = confirmed_pairs(compare(both, shown, distance, kinds, hash, progress, known), distance)
    turned = pairs.rename(columns={"first": "second", "second": "first"})
    pairs = pd.concat([pairs, turned], ignore_index=True)
    pairs = pairs[pairs["first"].isin(mine["pixel_hash"]) & pairs["second"].isin(theirs["pixel_hash"])]
    same = pd.DataFrame({"first": np.intersect1d(mine["pixel_hash"].astype("object"), theirs["pixel_hash"])})
    same = same.assign(second=same["first"], kind="exact", distance=0, correlation=1.0, framed=False)
    pairs = pd.concat([same, pairs], ignore_index=True).astype(PAIR_COLUMNS)
    pairs["equal"] = pairs["kind"] == "exact"
    pairs = pairs.sort_values(
        ["equal", "correlation", "second"], ascending=[False, False, True], kind="stable"
    )
    pairs = pairs.drop_duplicates("first")
    partner = theirs.sort_values("path").drop_duplicates("pixel_hash")[["pixel_hash", *_SHOWN]]
    partner = partner.rename(columns={"pixel_hash": "second"} | {name: f"other_{name}" for name in _SHOWN})
    found = mine[["pixel_hash", *_SHOWN]].merge(pairs, left_on="pixel_hash", right_on="first")
    return (
        found.merge(partner, on="second")
        .sort_values("path", kind="stable")[list(COLUMNS)]
        .reset_index(drop=True)
    )
