"""Settling copies: which groups are open, which picture of a group to keep and why, and the decisions that say so.

Held-out splits come first: dropping the copy in train repairs a leak without changing what the test set measures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from fer_core.review.decisions import PAIRS, Decision

_RANK = {"test": 0, "val": 1}
QUEUES: tuple[str, ...] = ("conflicts", "leaks", "within", "settled")


@dataclass(frozen=True)
class Proposal:
    """Keep one image of a group, drop the others."""

    keep: str
    drop: tuple[str, ...]
    reason: str


def members(table: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """The images in groups with all their manifest columns, plus `group`.

    Args:
        table: `Groups.table`, one row per image in a group.
        manifest: the version the groups were found in.
    """
    return table[["group", "image_id"]].merge(manifest, on="image_id", how="left", validate="many_to_one")


def queues(found: pd.DataFrame, decisions: pd.DataFrame) -> dict[str, list[int]]:
    """Group numbers per queue of `QUEUES`; every group is in exactly one.

    A group is settled once a verdict on it stands: the pair of its pictures is a `duplicate` or `not_duplicate`.
    Of the open ones, those whose labels differ come first, then those that lie in more than one split.

    Args:
        found: the result of `members`.
        decisions: the decisions that hold, from `Journal.decisions`.
    """
    pairs = decisions[decisions["action"].isin(PAIRS)]
    known = set(pairs["pixel_hash"]) | set(pairs["other"])
    grouped = found.groupby("group", sort=True).agg(
        labels=("label", "nunique"), splits=("split", "nunique"), hashes=("pixel_hash", frozenset)
    )
    result: dict[str, list[int]] = {name: [] for name in QUEUES}
    for number, labels, splits, hashes in grouped.itertuples():
        if hashes <= known:
            name = "settled"
        elif labels > 1:
            name = "conflicts"
        else:
            name = "leaks" if splits > 1 else "within"
        result[name].append(int(number))
    return result


def propose(group: pd.DataFrame, keep: str | None = None) -> Proposal:
    """The proposed keeper of one group of copies.

    Order: in test, then val, then any other split; then the label that most of the group carries; then the larger
    picture; then the path, so that the answer does not depend on the order of rows.

    Args:
        group: two or more rows of `members`.
        keep: image_id chosen by hand, instead of the order above.
    """
    if keep is not None and keep in set(group["image_id"]):
        others = group[group["image_id"] != keep]
        return Proposal(keep, tuple(others["image_id"]), "you chose it")
    votes = group["label"].value_counts()
    order = pd.DataFrame(
        {
            "split": group["split"].map(_RANK).fillna(2),
            "label": -group["label"].map(votes),
            "area": -group["width"] * group["height"],
            "path": group["path"],
        }
    ).sort_values(["split", "label", "area", "path"])
    keeper = group.loc[order.index[0]]
    others = group.loc[order.index[1:]]
    return Proposal(str(keeper["image_id"]), tuple(others["image_id"]), _reason(keeper, others, votes))


def _reason(keeper: pd.Series, others: pd.DataFrame, votes: pd.Series) -> str:
    parts = []
    if keeper["split"] in _RANK and (others["split"] != keeper["split"]).any():
        parts.append(f"it is in {keeper['split']}, which should stay as it is")
    if len(votes) > 1:
        tied = votes.iloc[0] == votes.iloc[1]
        counted = ", ".join(f"{label} {count}" for label, count in votes.items())
        parts.append(
            f"the labels tie ({counted}), so look at the face" if tied else f"the copies say {counted}"
        )
    return " and ".join(parts) or "the copies are equal, and this one comes first by path"


def settle(group: pd.DataFrame, proposal: Proposal, who: str = "") -> list[Decision]:
    """The decisions that carry out a proposal: the pictures are copies, and all but one are dropped.

    Record them with `Journal.add_many`, so that one undo takes them back together.
    """
    rows = group.set_index("image_id")
    kept = rows.loc[proposal.keep]
    shown = {"group": list(group["image_id"]), "labels": list(group["label"]), "splits": list(group["split"])}
    decisions = [
        Decision(
            "duplicate",
            image_id=proposal.keep,
            pixel_hash=str(kept["pixel_hash"]),
            other=str(rows.loc[image, "pixel_hash"]),
            path=str(kept["path"]),
            reason=proposal.reason,
            who=who,
            shown=shown,
        )
        for image in _one_per_picture(group, proposal.drop)
    ]
    decisions += [
        Decision(
            "delete",
            image_id=image,
            pixel_hash=str(rows.loc[image, "pixel_hash"]),
            other=str(kept["pixel_hash"]),
            path=str(rows.loc[image, "path"]),
            reason=f"a copy of {kept['path']}",
            who=who,
            shown=shown,
        )
        for image in proposal.drop
    ]
    return decisions


def reject(group: pd.DataFrame, who: str = "") -> list[Decision]:
    """The decisions that say: these are not copies; keep them all and do not ask again."""
    first, others = group.iloc[0], tuple(group["image_id"].iloc[1:])
    rows = group.set_index("image_id")
    return [
        Decision(
            "not_duplicate",
            image_id=str(first["image_id"]),
            pixel_hash=str(first["pixel_hash"]),
            other=str(rows.loc[image, "pixel_hash"]),
            path=str(first["path"]),
            who=who,
            shown={"group": list(group["image_id"])},
        )
        for image in _one_per_picture(group, others)
    ]


def _one_per_picture(group: pd.DataFrame, images: Iterable[str]) -> list[str]:
    """One image id per distinct picture: equal pixels make the same pair, which is decided once."""
    wanted = group[group["image_id"].isin(list(images))]
    return list(wanted.drop_duplicates("pixel_hash")["image_id"])
