"""What splits look like in numbers: counted from a manifest, whoever made the splits."""

from __future__ import annotations

import pandas as pd

from fer_core.data.records import readable
from fer_core.emotions import ordered_splits


def group_violations(manifest: pd.DataFrame, groups: pd.Series | None = None) -> int:
    """How many groups lie on more than one side, counted from the table alone.

    Args:
        manifest: a manifest; rows that did not decode do not count.
        groups: further group ids indexed by image_id, as in `stratify`.
    """
    table = readable(manifest)
    same = table[table["pixel_hash"] != ""].groupby("pixel_hash")["split"].nunique()
    violations = int((same > 1).sum())
    if groups is not None:
        ids = table["image_id"].map(groups)
        known = ids.notna() & (ids.astype("str") != "")
        violations += int((table["split"][known].groupby(ids[known]).nunique() > 1).sum())
    return violations


def split_table(images: pd.DataFrame, ratios: dict[str, float]) -> pd.DataFrame:
    """How close each split is to its target.

    Args:
        images: counts per split (index) and class (columns).
        ratios: wanted share per split, sum 1.

    Returns:
        Index split; `images` (int), `share` (0..1), `target` (0..1) and `worst`: how far the class that fits
        least is from the target, in percentage points of that class.
    """
    table = images.reindex(list(ordered_splits([*ratios, *images.index])), fill_value=0)
    target = pd.Series({name: ratios.get(name, 0.0) for name in table.index})
    per_class = table / table.sum().clip(lower=1)
    return pd.DataFrame(
        {
            "images": table.sum(axis=1),
            "share": table.sum(axis=1) / max(int(table.to_numpy().sum()), 1),
            "target": target,
            "worst": per_class.sub(target, axis=0).abs().max(axis=1) * 100,
        }
    ).rename_axis("split")
