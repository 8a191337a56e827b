"""Is anything of one dataset already in another? Pictures compared across the two, equal or nearly so.

shared = between(fer.manifest(), fer.pixels(), faces.manifest(), faces.pixels(), distance=4)
len(shared["image_id"].unique())        # images of the first that the second has too
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data.records import readable
from fer_core.quality.copies import confirmed
from fer_core.quality.scan import Pictures, Scan, extended
from fer_core.quality.scan_store import PAIR_COLUMNS, check, pair_table, pictures_of, with_plain

if TYPE_CHECKING:
    from fer_core.jobs import ProgressFn

_SHOWN = ["image_id", "path", "split", "label"]
COLUMNS: tuple[str, ...] = (*_SHOWN, "kind", "distance", "correlation", *(f"other_{name}" for name in _SHOWN))


def between(
    manifest: pd.DataFrame,
    pixels: NDArray[np.uint8],
    other: pd.DataFrame,
    other_pixels: NDArray[np.uint8],
    distance: int = 4,
    kinds: Iterable[str] = ("near",),
    hash: str = "phash",
    known: dict[str, Scan | None] | None = None,
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
        columns `COLUMNS`, sorted by path: kind "exact", or one of `kinds`; distance int64, correlation float32.
    """
    check(distance, hash)
    mine, theirs = readable(manifest), readable(other)
    own, there = pictures_of(manifest, pixels, hash), pictures_of(other, other_pixels, hash)
    both = with_plain(_joined(there, own), hash)
    parts = [pd.DataFrame({name: [] for name in PAIR_COLUMNS})]
    for kind in kinds:
        scan = extended((known or {}).get(kind), both, distance, kind, hash, progress)
        parts.append(pair_table({kind: scan}))
    pairs = confirmed(pd.concat(parts, ignore_index=True).astype(PAIR_COLUMNS), distance)
    turned = pairs.rename(columns={"first": "second", "second": "first"})
    pairs = pd.concat([pairs, turned], ignore_index=True)
    pairs = pairs[pairs["first"].isin(mine["pixel_hash"]) & pairs["second"].isin(theirs["pixel_hash"])]
    same = pd.DataFrame({"first": np.intersect1d(mine["pixel_hash"].astype("object"), theirs["pixel_hash"])})
    same = same.assign(second=same["first"], kind="exact", distance=0, correlation=1.0)
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


def _joined(one: Pictures, two: Pictures) -> Pictures:
    """The pictures of both, each once. `rows` are those of the array each picture came from."""
    more = ~np.isin(two.names, one.names)
    names = np.concatenate([one.names, two.names[more]])
    order = np.argsort(names, kind="stable")
    return Pictures(
        names[order],
        np.append(one.rows, two.rows[more])[order],
        np.append(one.plain, two.plain[more])[order],
        np.concatenate([one.pixels, two.pixels[more]])[order],
    )
