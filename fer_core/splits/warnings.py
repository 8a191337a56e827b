"""What a plan could not meet, in sentences for the person who asked for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.emotions import UNASSIGNED
from fer_core.data.manifest import counts, readable

TOLERANCE = 1.0
"""Percentage points by which a class may miss its ratio in a split before the plan says so."""
SMALL_TEST = 500
"""Test images below which two models a few points apart do not differ significantly."""


def warnings(
    manifest: pd.DataFrame,
    result: pd.DataFrame,
    wanted: dict[str, float],
    goal: pd.DataFrame,
    sizes: NDArray[np.int64],
    keep_test: bool,
) -> list[str]:
    """Sentences, the most important kind first.

    Args:
        manifest: as it was.
        result: with the new splits.
        wanted: share of each new split of what was shared out.
        goal: share of each class (columns) that every split (index) should hold.
        sizes: images of each group that was shared out.
        keep_test: whether the test split was left as it was.
    """
    after = counts(result).drop(index=UNASSIGNED, errors="ignore")
    told = [*_classes(after, wanted, goal), *_groups(sizes, wanted)]
    table = readable(manifest)
    labels = table[table["pixel_hash"] != ""].groupby("pixel_hash")["label"].nunique()
    if conflicting := int((labels > 1).sum()):
        told.append(
            f"{conflicting} groups of equal pictures carry different labels; each stays on one side. "
            "Settle them among the duplicates first."
        )
    if keep_test:
        told += _kept_test(table)
    if unreadable := len(manifest) - len(table):
        told.append(f"{unreadable} files that do not decode or have no class keep their split.")
    return told


def _classes(after: pd.DataFrame, wanted: dict[str, float], goal: pd.DataFrame) -> list[str]:
    told = []
    splits = [name for name, share in wanted.items() if share > 0]
    for name in after.columns:
        images = after[name].reindex(goal.index, fill_value=0)
        total = int(images.sum())
        shown = ", ".join(f"{split} {int(images[split])}" for split in splits)
        if int(images[splits].sum()) < len(splits):
            told.append(f"{name} has fewer images ({total}) than there are splits: {shown}.")
        elif (images / total - goal[name]).abs().max() * 100 > TOLERANCE:
            told.append(f"{name} is more than 1 point off in a split: {shown} of {total} images.")
    return told


def _groups(sizes: NDArray[np.int64], wanted: dict[str, float]) -> list[str]:
    largest, total = int(sizes.max()), int(sizes.sum())
    too_small = [split for split, share in wanted.items() if share > 0 and largest > share * total]
    if not too_small:
        return []
    return [
        f"The largest group ({largest:,} images) is larger than {' or '.join(too_small)} should be. "
        "It goes where it fits best; drop its copies among the duplicates, or keep less together."
    ]


def _kept_test(table: pd.DataFrame) -> list[str]:
    test = table[table["split"] == "test"]
    told = []
    if len(test) < SMALL_TEST:
        told.append(f"The kept test split has {len(test):,} images: too few to tell good models apart.")
    if missing := sorted(set(table["label"]) - set(test["label"])):
        told.append(f"The kept test split has no image of {', '.join(missing)}.")
    return told
