"""Near copies for splitting: which pictures are the same and belong on one side.

groups = near_groups(dataset.manifest(), dataset.pixels(), distance=4, mirrored=True)
plan = stratify(dataset.manifest(), groups=groups)
"""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from fer_core.data.records import readable
from fer_core.quality.pairs import near_pairs
from fer_core.quality.similarity import is_flat

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

DISTANCE = 4
"""Bits by which the hashes of near copies may differ unless asked otherwise."""

_METHOD = "2"
"""Counts up when the way pairs are found changes, so that kept ones are found anew."""


def near_pictures(
    manifest: pd.DataFrame, pixels: NDArray[np.uint8], distance: int = DISTANCE, mirrored: bool = False
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
    manifest: pd.DataFrame,
    pixels: NDArray[np.uint8],
    distance: int = DISTANCE,
    mirrored: bool = False,
    pairs: pd.DataFrame | None = None,
) -> pd.Series:
    """Group ids by image_id for `stratify(groups=...)`, such that no near pair can be split.

    Unlike the groups a person reviews, these follow chains of pairs: if a is near b and b near c, all three
    have to be on one side. Images without a near copy have no id.

    Args:
        manifest, pixels, distance, mirrored: as `near_pictures`.
        pairs: its result, where it is at hand.
    """
    if pairs is None:
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


def kept_near_groups(
    dataset: Dataset, version: str, distance: int = DISTANCE, mirrored: bool = True
) -> pd.Series | None:
    """`near_groups` of a version, with the pairs kept on disk for every version of the same pictures.

    Returns:
        As `near_groups`; None where no picture has a near copy.
    """
    manifest = dataset.manifest(version)
    shown = readable(manifest)["pixel_hash"].unique()
    key = hashlib.blake2b("".join(sorted(shown)).encode(), digest_size=8).hexdigest()
    name = f"near-pairs-{_METHOD}-{key}-{distance}{'-mirrored' if mirrored else ''}.parquet"
    file = dataset.quality_dir / name
    try:
        pairs = pd.read_parquet(file)
    except (OSError, ValueError):
        pairs = near_pictures(manifest, dataset.pixels(), distance, mirrored)
        file.parent.mkdir(exist_ok=True)
        aside = file.with_name(f".{name}.{secrets.token_hex(4)}.tmp")
        pairs.to_parquet(aside, index=False)
        os.replace(aside, file)
    groups = near_groups(manifest, dataset.pixels(), distance, mirrored, pairs)
    return groups if len(groups) else None
