"""Copies of a picture: equal pixels, nearly the same picture, or mirrored.

Exact copies have equal decoded pixels, whatever their file format or name. Near copies are looked for by
perceptual hash, at every alignment of up to two pixels, and confirmed by their correlation, which does not
care about brightness. A group is a set in which every pair is confirmed (complete link), never a chain.

    near = find_near(dataset.manifest(), dataset.pixels(), distance=4, mirrored=True)
    near.summary()["cross_split"]["train|val"]
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from fer_core.data.records import readable
from fer_core.errors import FerError
from fer_core.quality.linking import complete_link
from fer_core.quality.pairs import Pairs, near_pairs
from fer_core.quality.similarity import is_flat

COLUMNS = ("group", "image_id", "path", "split", "label", "kind", "distance", "correlation")
_SPLIT_PAIRS = ("train|val", "test|train", "test|val")
MAX_DISTANCE = 16


@dataclass(frozen=True)
class Groups:
    """Sets of images that show the same picture.

    Attributes:
        table: one row per image of a group: `group` (int64, from 0, by path), `image_id`, `path`, `split`,
            `label`, `kind` ("exact", "near" or "mirrored": how it relates to the first row of its group),
            `distance` (int64, bits between the hashes of the two) and `correlation` (float32).
    """

    table: pd.DataFrame

    def summary(self) -> dict[str, Any]:
        """How many groups, copies beyond the first, groups over two splits, groups with more than one label.

        A group over three splits counts once for each of its three pairs.
        """
        cross = dict.fromkeys(_SPLIT_PAIRS, 0)
        by_group = self.table.groupby("group")
        for names in by_group["split"].unique():
            for pair in combinations(sorted(names), 2):
                cross["|".join(pair)] = cross.get("|".join(pair), 0) + 1
        groups = int(by_group.ngroups)
        return {
            "groups": groups,
            "extra_copies": len(self.table) - groups,
            "cross_split": cross,
            "conflicting_labels": int((by_group["label"].nunique() > 1).sum()),
        }


def find_exact(manifest: pd.DataFrame) -> Groups:
    """Groups of images with equal decoded pixels."""
    table = readable(manifest).sort_values("path", kind="stable")
    table = table[table["pixel_hash"].duplicated(keep=False)]
    rows = table.assign(group=pd.factorize(table["pixel_hash"])[0], kind="exact", distance=0, correlation=1.0)
    return _groups(rows)


def find_near(
    manifest: pd.DataFrame,
    pixels: np.ndarray,
    distance: int = 4,
    mirrored: bool = False,
    min_correlation: float = 0.9,
) -> Groups:
    """Groups of images that are the same picture, shifted a little, brighter, re-encoded, or mirrored.

    Only groups of at least two different pictures are returned; exact copies of a member belong to its group.
    Flat pictures (one even gray) are left out: they resemble anything.

    Args:
        manifest: rows to look at.
        pixels: uint8 (rows, size, size) gray, indexed by the manifest's `row`.
        distance: bits by which two hashes may differ before the pictures are compared, 0..16; pHash has as many
            set as unset bits, so distances are even and an odd number means the even one below.
        mirrored: also compare with every picture mirrored left to right.
        min_correlation: what confirms a pair, after alignment.

    Raises:
        FerError: `distance` out of range.
    """
    if not 0 <= distance <= MAX_DISTANCE:
        raise FerError(
            f"distance must be 0 to {MAX_DISTANCE} bits", received=distance, hint="4 is a good start"
        )
    table = readable(manifest).sort_values("path", kind="stable").reset_index(drop=True)
    pictures = table.drop_duplicates("pixel_hash").sort_values(
        "pixel_hash"
    )  # the order of content, not of files
    shown = np.ascontiguousarray(pixels[pictures["row"].to_numpy()])
    clear = ~is_flat(shown)
    pictures, shown = pictures[clear], shown[clear]
    pairs = near_pairs(shown, pictures["phash"].to_numpy(np.uint64), distance, mirrored, min_correlation)
    member_of = complete_link(len(pictures), pairs.first, pairs.second, pairs.correlation)
    place = pd.Series(np.arange(len(pictures)), index=pictures["pixel_hash"].to_numpy())
    table["place"] = table["pixel_hash"].map(place).fillna(-1).astype("int64")
    table["group"] = np.append(member_of, -1)[table["place"]]
    table = table[table["group"] >= 0]
    several = table.groupby("group")["place"].transform("nunique") > 1
    return _groups(_relate(table[several], pairs))


def _relate(table: pd.DataFrame, pairs: Pairs) -> pd.DataFrame:
    """Kind, distance and correlation of every row to the first row of its group."""
    own = table["place"].to_numpy()
    first = table.groupby("group")["place"].transform("first").to_numpy()
    table = table.assign(kind="exact", distance=0, correlation=1.0)
    other = own != first
    at = pairs.position(own[other], first[other])
    table.loc[other, "kind"] = np.where(pairs.mirrored[at], "mirrored", "near")
    table.loc[other, "distance"] = pairs.distance[at].astype(np.int64)
    table.loc[other, "correlation"] = pairs.correlation[at].astype(np.float64)
    return table


def _groups(rows: pd.DataFrame) -> Groups:
    """Rows sorted and numbered: groups by the path of their first image."""
    rows = rows.assign(group=pd.factorize(rows["group"])[0]).sort_values(["group", "path"], kind="stable")
    types = {"group": "int64", "kind": "str", "distance": "int64", "correlation": "float32"}
    return Groups(rows[list(COLUMNS)].astype(types).reset_index(drop=True))
