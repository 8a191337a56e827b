"""Groups of copies as the decisions leave them, now and once a rule is applied."""

from __future__ import annotations

from typing import TypedDict

import pandas as pd

from fer_core.duplicates.groups import find_copies
from fer_core.review import copies
from fer_core.review.policies import DEFAULTS, PolicyPlan


class GroupsAfter(TypedDict):
    """Groups open once a plan is applied, and how many of these form anew, see `copies.formed_anew`."""

    open: int
    anew: int


def open_members(
    manifest: pd.DataFrame, pairs: pd.DataFrame, distance: int, decisions: pd.DataFrame
) -> pd.DataFrame:
    """`copies.group_members` of the groups of a manifest, without the pairs of which a person said that they are not copies.

    Args:
        manifest, pairs, distance: as `groups.find_copies`.
        decisions: the decisions that hold.
    """
    found = copies.group_members(find_copies(manifest, pairs, distance).table, manifest)
    apart = copies.partly_rejected_pairs(found, decisions)
    if not apart:
        return found
    return copies.group_members(find_copies(manifest, pairs, distance, rejected=apart).table, manifest)


def groups_after(
    plan: PolicyPlan, manifest: pd.DataFrame, pairs: pd.DataFrame, distance: int, decisions: pd.DataFrame
) -> GroupsAfter:
    """What is open in the next version, once a plan and the decisions that hold are applied.

    Args:
        plan: for the groups of `manifest`.
        manifest, pairs, distance, decisions: as `open_members`.
    """
    gone = {*plan.dropped["image_id"], *decisions.loc[decisions["action"] == "delete", "image_id"]}
    # Only pictures with a copy can be in a group.
    some = manifest["pixel_hash"].duplicated(keep=False)
    some |= manifest["pixel_hash"].isin(pairs["first"]) | manifest["pixel_hash"].isin(pairs["second"])
    found = open_members(manifest[some & ~manifest["image_id"].isin(gone)], pairs, distance, decisions)
    queues = copies.group_queues(found, decisions)
    waiting = {number for queue in DEFAULTS for number in queues[queue]}
    return {"open": len(waiting), "anew": len(waiting & copies.formed_anew(found, plan.found))}
