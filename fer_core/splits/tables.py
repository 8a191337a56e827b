"""What splits look like in numbers: counted from a manifest, whoever made the splits."""

from __future__ import annotations

import pandas as pd

from fer_core.base.emotions import UNASSIGNED, ordered_splits
from fer_core.data.manifest import readable


def group_violations(manifest: pd.DataFrame, *groups: pd.Series) -> int:
    """How many groups lie on more than one side, counted from the table alone.

    Args:
        manifest: a manifest; rows that did not decode and images in no split do not count.
        groups: further group ids indexed by image_id, as in `stratify`.
    """
    table = readable(manifest)
    table = table[table["split"] != UNASSIGNED]
    same = table[table["pixel_hash"] != ""].groupby("pixel_hash")["split"].nunique()
    violations = int((same > 1).sum())
    for one in groups:
        ids = table["image_id"].map(one)
        known = ids.notna() & (ids.astype("str") != "")
        violations += int((table["split"][known].groupby(ids[known]).nunique() > 1).sum())
    return violations


def split_table(images: pd.DataFrame, goal: pd.DataFrame) -> pd.DataFrame:
    """How close each split is to its target.

    Args:
        images: counts per split (index) and class (columns).
        goal: wanted share (0..1) of each class (columns) that every split (index) should hold.

    Returns:
        Index split; `images` (int), `share` (0..1), `target` (0..1) and `worst`: how far the class that fits
        least is from the target, in percentage points of that class.
    """
    order = list(ordered_splits([*goal.index, *images.index]))
    table = images.reindex(order, fill_value=0)
    wanted = goal.reindex(index=order, columns=table.columns, fill_value=0.0)
    total = table.sum()
    return pd.DataFrame(
        {
            "images": table.sum(axis=1),
            "share": table.sum(axis=1) / max(int(total.sum()), 1),
            "target": (wanted * total).sum(axis=1) / max(int(total.sum()), 1),
            "worst": (table / total.clip(lower=1) - wanted).abs().max(axis=1) * 100,
        }
    ).rename_axis("split")
