"""Exact copies of a picture: equal decoded pixels, whatever their file format or name; and what groups of copies are.

find_exact(dataset.manifest()).summary()["cross_split"]["train|val"]
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TypedDict

import pandas as pd

from fer_core.data.manifest import readable

COLUMNS = ["group", "image_id", "path", "split", "label", "kind", "distance", "correlation", "framed"]
_TYPES = {"group": "int64", "kind": "str", "distance": "int64", "correlation": "float32", "framed": "bool"}
_SPLIT_PAIRS = ("train|val", "test|train", "test|val")


class GroupNumbers(TypedDict):
    """Groups, copies beyond the first, groups by the two splits they lie in, and groups with more than one label."""

    groups: int
    extra_copies: int
    cross_split: dict[str, int]
    conflicting_labels: int


@dataclass(frozen=True)
class DuplicateGroups:
    """Sets of images that show the same picture.

    Attributes:
        table: one row per image of a group: `group` (int64, from 0, by path), `image_id`, `path`, `split`,
            `label`, `kind` ("exact", "near" or "mirrored": how it relates to the first row of its group),
            `distance` (int64, bits between the hashes of the two), `correlation` (float32) and `framed` (bool: whether
            the two show the photo in different frames).
    """

    table: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame) -> DuplicateGroups:
        """From rows sorted by path with the columns of `table`; any values may name the groups."""
        numbered = rows.assign(group=pd.factorize(rows["group"])[0]).sort_values("group", kind="stable")
        return cls(numbered[COLUMNS].astype(_TYPES).reset_index(drop=True))

    def summary(self) -> GroupNumbers:
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


def find_exact(manifest: pd.DataFrame) -> DuplicateGroups:
    """Groups of images with equal decoded pixels."""
    table = readable(manifest)
    table = table[table["pixel_hash"].duplicated(keep=False)].sort_values("path", kind="stable")
    same = table.assign(group=table["pixel_hash"], kind="exact", distance=0, correlation=1.0, framed=False)
    return DuplicateGroups.of(same)
