"""Near copies for splitting: which pictures are the same and belong on one side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from fer_core.data.records import readable
from fer_core.quality.pairs import near_pairs
from fer_core.quality.similarity import is_flat


def near_pictures(
    manifest: pd.DataFrame, pixels: NDArray[np.uint8], distance: int = 4, mirrored: bool = False
) -> pd.DataFrame:
    """Every confirmed pair of different pictures that show the same; see `quality.duplicates.find_near`.

    Args:
        manifest: rows to look at; flat pictures (one even gray) are left out: they resemble anything.
        pixels: uint8 (rows, size, size) gray, indexed by the manifest's `row`.
        distance: largest number of bits between the perceptual hashes, even.
        mirrored: also pairs of which one is mirrored.

    Returns:
        first, second (pixel hashes), kind ("near" or "mirrored"), distance (int64) and correlation (float32).
    """
    pictures = readable(manifest).drop_duplicates("pixel_hash").sort_values("pixel_hash")
    shown = np.ascontiguousarray(pixels[pictures["row"].to_numpy()])
    clear = ~is_flat(shown)
    pictures, shown = pictures[clear], shown[clear]
    pairs = near_pairs(shown, pictures["phash"].to_numpy(np.uint64), distance, mirrored)
    hashes = pictures["pixel_hash"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "first": hashes[pairs.first],
            "second": hashes[pairs.second],
            "kind": np.where(pairs.mirrored, "mirrored", "near"),
            "distance": pairs.distance.astype(np.int64),
            "correlation": pairs.correlation,
        }
    ).astype({"first": "str", "second": "str", "kind": "str"})


def near_groups(
    manifest: pd.DataFrame, pixels: NDArray[np.uint8], distance: int = 4, mirrored: bool = False
) -> pd.Series:
    """Group ids by image_id for `stratify(groups=...)`, such that no near pair can be split.

    Unlike the groups a person reviews, these follow chains of pairs: if a is near b and b near c, all three
    have to be on one side. Images without a near copy have no id.
    """
    pairs = near_pictures(manifest, pixels, distance, mirrored)
    names = pd.Index(pd.unique(pd.concat([pairs["first"], pairs["second"]])))
    edges = (names.get_indexer(pairs["first"]), names.get_indexer(pairs["second"]))
    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), edges), shape=(len(names), len(names)))
    component = connected_components(graph, directed=False)[1] if len(names) else np.empty(0, np.int64)
    table = readable(manifest)
    place = names.get_indexer(table["pixel_hash"])
    has = place >= 0
    return pd.Series(
        component[place[has]].astype("str"),
        index=pd.Index(table["image_id"][has]),
        name=f"near copies within {distance} bits{' and mirrored' if mirrored else ''}",
        dtype="str",
    )
