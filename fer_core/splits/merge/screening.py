"""Which images of another dataset could be added to this one: those that are fit to use and not here already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.checks.checks import is_blank
from fer_core.data.manifest import readable, unlabelled
from fer_core.duplicates.near import near_groups, near_pairs
from fer_core.duplicates.reach import DISTANCE, SURE_DISTANCE
from fer_core.duplicates.scan import Scan
from fer_core.splits import groups

UNREADABLE, WITHOUT_CLASS, BLANK, TINY = "unreadable", "without a class", "blank", "tiny"
TINY_SIDE = 32
"""Pixels; a shorter side than this has to be blown up and shows no expression."""


@dataclass(frozen=True)
class Screening:
    """What is known about every image of another dataset, whatever the splits of this one are.

    Attributes:
        failed: why an image fails the checks ("unreadable", "without a class", "blank" or "tiny"), by image_id.
        copies: image_id of the other dataset, pixel_hash of a picture of this one that it is a copy of, and
            kind ("exact", "near" or "mirrored"), and distance (bits between their hashes).
        same: group of copies among the other dataset's own readable images, by image_id, up to `reach.SURE`.
        together: group of near copies among them up to `distance`, where there are any: some may be strangers, yet belong
            in one split.
        distance: bits by which the hashes of near copies may differ.
        mirrored: whether mirrored copies were looked for.
    """

    failed: pd.Series
    copies: pd.DataFrame
    same: pd.Series
    together: pd.Series
    distance: int
    mirrored: bool


def screen(
    manifest: pd.DataFrame,
    pixels: NDArray[np.uint8],
    other: pd.DataFrame,
    other_pixels: NDArray[np.uint8],
    *,
    distance: int = DISTANCE,
    mirrored: bool = True,
    known: Mapping[str, Scan | None] | None = None,
) -> Screening:
    """Check the images of another dataset and find those this one has already.

    Args:
        manifest, pixels: this dataset; uint8 (rows, 48, 48) gray, indexed by the manifest's `row`.
        other, other_pixels: the other one, the same way.
        distance: bits by which the hashes of near copies may differ, even.
        mirrored: also find mirrored copies.
        known: scans of this dataset by kind, which spare comparing its pictures with each other.
    """
    failed = _checks(other)
    here = readable(manifest).drop_duplicates("pixel_hash")
    there = readable(other)
    fit = there[~there["image_id"].isin(failed.index)].drop_duplicates("pixel_hash")
    columns = ["image_id", "row", "pixel_hash", "phash", "error"]
    both = pd.concat([here[columns], fit[columns]], ignore_index=True)
    shown = np.concatenate([pixels[here["row"].to_numpy()], other_pixels[fit["row"].to_numpy()]])
    pairs = near_pairs(both.assign(row=np.arange(len(both))), shown, distance, mirrored, known)

    ours, theirs = set(here["pixel_hash"]), set(fit["pixel_hash"])
    exact = sorted(ours & theirs)
    found = [pd.DataFrame({"theirs": exact, "ours": exact, "kind": "exact"}, dtype="str").assign(distance=0)]
    for mine, yours in (("first", "second"), ("second", "first")):
        across = pairs[pairs[yours].isin(theirs) & pairs[mine].isin(ours)]
        found.append(
            across.rename(columns={yours: "theirs", mine: "ours"})[["theirs", "ours", "kind", "distance"]]
        )
    named = there.loc[there["pixel_hash"].isin(theirs), ["image_id", "pixel_hash"]]
    copies = named.merge(pd.concat(found), left_on="pixel_hash", right_on="theirs")
    own = pairs[pairs["first"].isin(theirs) & pairs["second"].isin(theirs)]
    sure = near_groups(
        there, other_pixels, min(SURE_DISTANCE, distance), mirrored, own[own["distance"] <= SURE_DISTANCE]
    )
    same = groups.joined_groups(there, [sure] if len(sure) else [])
    return Screening(
        failed=failed,
        copies=copies[["image_id", "ours", "kind", "distance"]].rename(columns={"ours": "pixel_hash"}),
        same=pd.Series(same, index=pd.Index(there["image_id"]), name="same"),
        together=near_groups(there, other_pixels, distance, mirrored, own),
        distance=distance,
        mirrored=mirrored,
    )


def _checks(other: pd.DataFrame) -> pd.Series:
    """Reason by image_id, of the images that fail."""
    silent = other["image_id"].isin(unlabelled(other)["image_id"])
    unreadable = other["error"] != ""
    tiny = other[["width", "height"]].min(axis=1) < TINY_SIDE
    conditions = [silent, unreadable, tiny, is_blank(other)]
    reason = np.select(conditions, [WITHOUT_CLASS, UNREADABLE, TINY, BLANK], default="")
    found = pd.Series(reason, index=pd.Index(other["image_id"]), name="reason", dtype="str")
    return found[found != ""]
