"""Leaks: pictures that are in more than one split, so that a model is tested on what it has seen."""

from __future__ import annotations

import pandas as pd

from fer_core.base.emotions import ordered_splits
from fer_core.data.manifest import readable
from fer_core.duplicates.exact import DuplicateGroups


def leak_table(groups: DuplicateGroups) -> pd.DataFrame:
    """Split x split, int64: off the diagonal the groups that lie in both; on it the extra copies within the split."""
    table = groups.table
    names = list(ordered_splits(table["split"].unique()))
    if table.empty:
        return pd.DataFrame(dtype="int64")
    inside = pd.crosstab(table["group"], table["split"]).reindex(columns=names, fill_value=0)
    present = (inside > 0).astype("int64")
    result = (present.T @ present).astype("int64")
    for name in names:
        result.loc[name, name] = int((inside[name] - 1).clip(lower=0).sum())
    return result.rename_axis(index=None, columns=None)


def leaked_share(manifest: pd.DataFrame, groups: DuplicateGroups) -> dict[str, float]:
    """Per split, the share (0..1) of its readable images that have a copy in another split."""
    table = groups.table
    across = table.groupby("group")["split"].transform("nunique") > 1
    leaked = table[across].groupby("split")["image_id"].nunique()
    images = readable(manifest).groupby("split").size()
    return {str(name): float(leaked.get(name, 0) / images[name]) for name in ordered_splits(images.index)}
