"""What splits look like in numbers: counted from a manifest, whoever made the splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from fer_core.base.emotions import UNASSIGNED, ordered_splits
from fer_core.data.manifest import readable


def group_violations(manifest: pd.DataFrame, *groups: pd.Series | None) -> int:
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
        if one is None:
            continue
        ids = table["image_id"].map(one)
        known = ids.notna() & (ids.astype("str") != "")
        violations += int((table["split"][known].groupby(ids[known]).nunique() > 1).sum())
    return violations


def split_table(images: pd.DataFrame, goal: Mapping[str, float] | pd.DataFrame) -> pd.DataFrame:
    """How close each split is to its target.

    Args:
        images: counts per split (index) and class (columns).
        goal: wanted share (0..1) of a class that every split should hold: one number per split, or a table of
            split (index) by class (columns).

    Returns:
        Index split; `images` (int), `share` (0..1), `target` (0..1) and `worst`: how far the class that fits
        least is from the target, in percentage points of that class.
    """
    wanted = goal if isinstance(goal, pd.DataFrame) else _same_for_all(goal, list(images.columns))
    order = list(ordered_splits([*wanted.index, *images.index]))
    table = images.reindex(order, fill_value=0)
    wanted = wanted.reindex(index=order, columns=table.columns, fill_value=0.0)
    total = table.sum()
    return pd.DataFrame(
        {
            "images": table.sum(axis=1),
            "share": table.sum(axis=1) / max(int(total.sum()), 1),
            "target": (wanted * total).sum(axis=1) / max(int(total.sum()), 1),
            "worst": (table / total.clip(lower=1) - wanted).abs().max(axis=1) * 100,
        }
    ).rename_axis("split")


def _same_for_all(goal: Mapping[str, float], names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(dict.fromkeys(names, goal), dtype="float64")
