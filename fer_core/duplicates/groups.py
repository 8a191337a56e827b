"""All copies together: equal pixels, near, mirrored and turned, as groups a person settles one by one.

pairs = compared_pairs(dataset, version.id)
groups = find_copies(dataset.manifest(version.id), pairs, distance=8)
copies_by_distance(dataset.manifest(version.id), pairs)          # what another distance would find
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from fer_core.data.manifest import readable
from fer_core.duplicates.clustering import complete_link
from fer_core.duplicates.correlation import MIN_CORRELATION, MIN_TURNED
from fer_core.duplicates.exact import DuplicateGroups
from fer_core.duplicates.reach import DISTANCE, STEPS
from fer_core.duplicates.reframed import MIN_REFRAMED


def confirmed_pairs(
    pairs: pd.DataFrame,
    distance: int,
    kinds: Iterable[str] | None = None,
    rejected: Iterable[tuple[str, str]] = (),
) -> pd.DataFrame:
    """The pairs that count as copies, each once, of the kind that fits best.

    Args:
        pairs: compared pairs, from `scan_store`.
        distance: bits between their hashes at most.
        kinds: of these kinds alone; None for all.
        rejected: pairs of pixel hashes of which a person said that they are not copies.
    """
    good = (pairs["distance"] <= distance) & is_same(pairs)
    if kinds is not None:
        good &= pairs["kind"].isin(list(kinds))
    found = pairs[good]
    apart = {tuple(sorted(pair)) for pair in rejected}
    if apart and len(found):
        ends = zip(found["first"], found["second"], strict=True)
        found = found[[pair not in apart for pair in ends]]
    # Of equal correlations "near" is said before "mirrored": a symmetric face is both.
    found = found.assign(_rank=found["kind"].map({"near": 0, "mirrored": 1, "rotated": 2}))
    found = found.sort_values(
        ["first", "second", "correlation", "_rank"], ascending=[True, True, False, True], kind="stable"
    )
    return found.drop_duplicates(["first", "second"]).drop(columns="_rank").reset_index(drop=True)


def is_same(pairs: pd.DataFrame) -> pd.Series:
    """Which compared pairs are the same picture by their correlation; bool, indexed as `pairs`."""
    limit = np.where(pairs["kind"] == "near", MIN_CORRELATION, MIN_TURNED)
    found: pd.Series = pairs["correlation"] >= limit
    return found


def find_copies(
    manifest: pd.DataFrame,
    pairs: pd.DataFrame,
    distance: int = DISTANCE,
    rejected: Iterable[tuple[str, str]] = (),
) -> DuplicateGroups:
    """Groups of images that show the same picture, in whichever way; every pair of a group is confirmed.

    Args:
        manifest: rows to look at.
        pairs, distance, rejected: as `confirmed_pairs`. Equal pixels always count.

    Returns:
        As `find_exact`; `kind` is "exact", "near", "mirrored" or "rotated".
    """
    table = readable(manifest).sort_values("path", kind="stable").reset_index(drop=True)
    names = np.unique(table["pixel_hash"].to_numpy(dtype=object).astype("U"))
    place = pd.Series(np.arange(len(names)), index=names)
    good = confirmed_pairs(pairs, distance, rejected=rejected)
    good = good[good["first"].isin(names) & good["second"].isin(names)]
    first, second = (place.reindex(good[end]).to_numpy(np.int64) for end in ("first", "second"))
    linked = complete_link(len(names), first, second, good["correlation"].to_numpy(np.float64))
    alone = linked < 0
    linked[alone] = linked.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    table = table.assign(place=place.reindex(table["pixel_hash"]).to_numpy(np.int64))
    table["group"] = linked[table["place"]]
    table = table[table["group"].duplicated(keep=False)]
    own = table["place"].to_numpy()
    lead = table.groupby("group")["place"].transform("first").to_numpy(np.int64)
    keys = first * len(names) + second  # sorted, as `good` is
    wanted = np.minimum(own, lead) * len(names) + np.maximum(own, lead)
    other = own != lead
    at = np.searchsorted(keys, wanted[other])
    table = table.assign(kind="exact", distance=0, correlation=1.0, framed=False)
    for name in ("kind", "distance", "correlation", "framed"):
        values = table[name].to_numpy(dtype=object)
        values[other] = good[name].to_numpy(dtype=object)[at]
        table[name] = values
    return DuplicateGroups.of(table)


def copies_by_distance(manifest: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """What each distance of `reach.STEPS` finds.

    Args:
        manifest, pairs: as `find_copies`.

    Returns:
        one row per distance: distance; confirmed (pairs new at this distance that count as copies), refused (those new
        ones that correlate nearly enough), pairs (confirmed up to here), groups (of all copies, equal pixels included),
        near_groups (those with different pictures) and largest (images of the largest group).
    """
    rows = []
    previous = -1
    same = pairs[is_same(pairs)]
    shown = readable(manifest)
    # Pictures without any copy are in no group at no distance: what is left is a part of them.
    known = shown["pixel_hash"].isin(pd.concat([same["first"], same["second"]]))
    some = shown[known | shown["pixel_hash"].duplicated(keep=False)]
    for distance in STEPS:
        new = pairs[(pairs["distance"] > previous) & (pairs["distance"] <= distance)]
        good = int(is_same(new).sum())
        table = find_copies(some, same, distance).table
        different = table.loc[table["kind"] != "exact", "group"].nunique()
        rows.append(
            {
                "distance": distance,
                "confirmed": good,
                "refused": len(new) - good,
                "pairs": len(confirmed_pairs(same, distance)),
                "groups": int(table["group"].nunique()),
                "near_groups": int(different),
                "largest": int(table["group"].value_counts().max()) if len(table) else 0,
            }
        )
        previous = distance
    return pd.DataFrame(rows)


def sample_pairs(pairs: pd.DataFrame, distance: int, count: int = 6, above: int = -1) -> pd.DataFrame:
    """Pairs up to a distance, half of them confirmed where there are enough, the doubtful first.

    Args:
        pairs: compared pairs.
        distance, above: bits, more than `above` and at most `distance`.
        count: at most.
    """
    new = pairs[(pairs["distance"] > above) & (pairs["distance"] <= distance)]
    limit = np.where(
        new["framed"], MIN_REFRAMED, np.where(new["kind"] == "near", MIN_CORRELATION, MIN_TURNED)
    )
    doubt = (new["correlation"] - limit).abs().sort_values(kind="stable")
    good = new.loc[doubt.index][is_same]
    bad = new.loc[doubt.index][lambda pairs: ~is_same(pairs)]
    half = max(count // 2, count - len(bad))
    chosen = pd.concat([good.head(half), bad])
    return pd.DataFrame(chosen.head(count))
