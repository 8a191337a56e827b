"""Near copies for splitting: which pictures are the same and belong on one side.

groups = near_groups(dataset.manifest(), dataset.pixels(), mirrored=True)
plan = stratify(dataset.manifest(), groups=groups)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy  # its parts load when first used
from numpy.typing import NDArray

from fer_core.data.manifest import readable
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.reach import DISTANCE
from fer_core.duplicates.scan import Scan
from fer_core.duplicates.scan_store import compare, compared_pairs

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn


def kinds_of(mirrored: bool) -> tuple[str, ...]:
    """The kinds of copies that are looked for besides equal pixels."""
    return ("near", "mirrored") if mirrored else ("near",)


def near_pairs(
    manifest: pd.DataFrame,
    pixels: NDArray[np.uint8],
    distance: int = DISTANCE,
    mirrored: bool = False,
    known: Mapping[str, Scan | None] | None = None,
) -> pd.DataFrame:
    """Every confirmed pair of different pictures that show the same; see `groups.confirmed`.

    Args:
        manifest: rows to look at; flat pictures (one even gray) are left out: they resemble anything.
        pixels: uint8 (rows, size, size) gray, indexed by the manifest's `row`.
        distance: largest number of bits between the perceptual hashes, even, 0..24.
        mirrored: also pairs of which one is mirrored.
        known: scans by kind, which spare comparing the pictures in them again; by default everything is compared.

    Returns:
        first, second (pixel hashes), kind ("near" or "mirrored"), distance (int64) and correlation (float32).
    """
    return confirmed_pairs(compare(manifest, pixels, distance, kinds_of(mirrored), known=known), distance)


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
        manifest, pixels, distance, mirrored: as `near_pairs`.
        pairs: its result, where it is at hand.
    """
    if pairs is None:
        pairs = near_pairs(manifest, pixels, distance, mirrored)
    names = pd.Index(pd.unique(pd.concat([pairs["first"], pairs["second"]])))
    edges = (names.get_indexer(pairs["first"]), names.get_indexer(pairs["second"]))
    component = np.empty(0, np.int64)
    if len(names):
        graph = scipy.sparse.coo_matrix((np.ones(len(pairs), np.int8), edges), shape=(len(names),) * 2)
        component = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    table = readable(manifest)
    place = names.get_indexer(table["pixel_hash"])
    has = place >= 0
    return pd.Series(
        component[place[has]].astype("str"),
        index=pd.Index(table["image_id"][has]),
        name=f"near copies within {distance} bits{' and mirrored' if mirrored else ''}",
        dtype="str",
    )


def stored_near_groups(
    dataset: Dataset,
    version: str,
    distance: int = DISTANCE,
    mirrored: bool = True,
    progress: ProgressFn | None = None,
) -> pd.Series | None:
    """`near_groups` of a version, from the comparisons kept with the dataset; only new pictures are compared.

    Returns:
        As `near_groups`; None where no picture has a near copy.
    """
    kinds = kinds_of(mirrored)
    pairs = confirmed_pairs(
        compared_pairs(dataset, version, distance, kinds, progress=progress), distance, kinds
    )
    groups = near_groups(dataset.manifest(version), dataset.pixels(), distance, mirrored, pairs)
    return groups if len(groups) else None
