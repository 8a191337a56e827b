"""Settling copies: which groups are open, which picture of a group to keep and why, and the decisions that say so.

Held-out splits come first: dropping the copy in train repairs a leak without changing what the test set measures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from operator import itemgetter
from typing import Any

import pandas as pd

from fer_core.review.decisions import Decision

_RANK = {"test": 0, "val": 1}
QUEUES: tuple[str, ...] = ("conflicts", "leaks", "mirrored", "near", "within", "settled")


GroupRow = dict[str, Any]
"""An image of a group: image_id, pixel_hash, split, label, width, height, sharpness, path."""


@dataclass(frozen=True)
class KeepProposal:
    """Keep one image of a group, drop the others."""

    keep: str
    drop: tuple[str, ...]
    reason: str


def group_members(table: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """The images in groups with all their manifest columns, plus `group`.

    Args:
        table: `DuplicateGroups.table`, one row per image in a group.
        manifest: the version the groups were found in.
    """
    columns = ["group", "image_id", "kind", "distance", "correlation", "framed"]
    return table[columns].merge(manifest, on="image_id", how="left", validate="many_to_one")


def formed_anew(found: pd.DataFrame, before: pd.DataFrame) -> set[int]:
    """Numbers of the groups of `found` that were no group, nor part of one, in `before`; both as `group_members`.

    Every picture of a group is a copy of every other, and each is in one group. One that is a copy of pictures of two
    groups forms a group with those of the other once its own is settled.
    """
    group = dict(zip(before["image_id"], before["group"], strict=True))
    earlier: dict[int, set[int | None]] = {}
    for number, image in zip(found["group"].tolist(), found["image_id"].tolist(), strict=True):
        earlier.setdefault(number, set()).add(group.get(image))
    return {number for number, those in earlier.items() if len(those) > 1 or None in those}


def rejected_pairs(decisions: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs of different pictures (pixel hashes, sorted) of which a person said that they are not copies."""
    said = decisions[decisions["action"] == "not_duplicate"]
    pairs = zip(said["pixel_hash"], said["other"], strict=True)
    return sorted({(min(a, b), max(a, b)) for a, b in pairs if a != b})


def group_queues(found: pd.DataFrame, decisions: pd.DataFrame) -> dict[str, list[int]]:
    """Group numbers per queue of `QUEUES`; every group is in exactly one.

    A group is settled when nothing is left to decide: all images but one are dropped, or the pictures that stay
    are known not to be copies. Of the open ones, those whose labels differ come first, then those that lie in more
    than one split, then mirrored or turned pictures, near ones, and equal ones within a split.

    Args:
        found: the result of `group_members`.
        decisions: the decisions that hold, from `Journal.decisions`.
    """
    dropped = set(decisions.loc[decisions["action"] == "delete", "image_id"])
    said = decisions[decisions["action"] == "not_duplicate"]
    apart = {frozenset(pair) for pair in zip(said["pixel_hash"], said["other"], strict=True)}
    result: dict[str, list[int]] = {name: [] for name in QUEUES}
    for number, rows in _records(found):
        if _pairs_of([row["pixel_hash"] for row in rows if row["image_id"] not in dropped]) <= apart:
            name = "settled"
        elif len({row["label"] for row in rows}) > 1:
            name = "conflicts"
        elif len({row["split"] for row in rows}) > 1:
            name = "leaks"
        else:
            kinds = {row["kind"] for row in rows}
            name = "mirrored" if kinds & {"mirrored", "rotated"} else "near" if "near" in kinds else "within"
        result[name].append(number)
    return result


def partly_rejected_pairs(found: pd.DataFrame, decisions: pd.DataFrame) -> list[tuple[str, str]]:
    """The pairs of `rejected_pairs` that would tear a group apart: more pictures are in it than they were said about.

    Args:
        found: `group_members` of the groups made without regard to what was rejected.
        decisions: the decisions that hold.
    """
    said = {frozenset(pair): pair for pair in rejected_pairs(decisions)}
    if said:
        for _, rows in _records(found):
            pairs = {pair for pair in _pairs_of([row["pixel_hash"] for row in rows]) if len(pair) == 2}
            if pairs and pairs <= said.keys():
                for pair in pairs:
                    del said[pair]
    return sorted(said.values())


def _pairs_of(hashes: list[str]) -> set[frozenset[str]]:
    """All pairs of pixel hashes; equal ones as a set of one."""
    count = Counter(hashes)
    pairs = {frozenset(pair) for pair in combinations(count, 2)}
    return pairs | {frozenset([name]) for name, times in count.items() if times > 1}


def _records(found: pd.DataFrame) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Group number and rows as dictionaries: thousands of small tables would take seconds."""
    columns = ["group", "image_id", "pixel_hash", "label", "split", "kind"]
    rows = zip(*(found[name].to_numpy(dtype=object) for name in columns), strict=True)
    listed = [dict(zip(columns, row, strict=True)) for row in rows]
    for number, members_ in groupby(sorted(listed, key=itemgetter("group")), key=itemgetter("group")):
        yield int(number), list(members_)


def propose(group: pd.DataFrame) -> KeepProposal:
    """The proposed keeper of one group of copies.

    Order: in test, then val, then any other split; then the label that most of the group carries; then the larger
    picture; then the path, so that the answer does not depend on the order of rows.

    Args:
        group: two or more rows of `group_members`.
    """
    return propose_rows(group_rows(group)[0])


def propose_rows(rows: list[GroupRow], keep: str | None = None) -> KeepProposal:
    """`propose` on rows as dictionaries, from `group_rows`: hundreds of small tables would take seconds."""
    if keep is not None and keep in {row["image_id"] for row in rows}:
        return KeepProposal(keep, tuple(r["image_id"] for r in rows if r["image_id"] != keep), "you chose it")
    votes = Counter(row["label"] for row in rows)

    def order(row: GroupRow) -> tuple[int, int, int, str]:
        return (
            _RANK.get(row["split"], 2), -votes[row["label"]], -row["width"] * row["height"], row["path"]
        )  # fmt: skip

    keeper, *others = sorted(rows, key=order)
    return KeepProposal(
        keeper["image_id"], tuple(r["image_id"] for r in others), _reason(keeper, others, votes)
    )


def _reason(keeper: GroupRow, others: list[GroupRow], votes: Counter[str]) -> str:
    parts = []
    if keeper["split"] in _RANK and any(row["split"] != keeper["split"] for row in others):
        parts.append(f"it is in {keeper['split']}, which should stay as it is")
    if len(votes) > 1:
        (_, first), (_, second) = votes.most_common(2)
        counted = counted_labels(votes)
        parts.append(
            f"the labels tie ({counted}): please decide" if first == second else f"the copies say {counted}"
        )
    return ", and ".join(parts) or "the copies are equal, and this one comes first by path"


def counted_labels(votes: Counter[str]) -> str:
    """`happy 2, sad 1`."""
    return ", ".join(f"{label} {count}" for label, count in votes.most_common())


def group_rows(found: pd.DataFrame) -> list[list[GroupRow]]:
    """The groups of `group_members`, in order, each as rows that are plain dictionaries."""
    names = ["image_id", "pixel_hash", "split", "label", "width", "height", "sharpness", "path"]
    names = [name for name in names if name in found]
    rows = [
        dict(zip(names, row, strict=True)) for row in zip(*(found[n].tolist() for n in names), strict=True)
    ]
    numbers = found["group"].tolist() if "group" in found else [0] * len(rows)
    groups: dict[int, list[GroupRow]] = {}
    for number, row in zip(numbers, rows, strict=True):
        groups.setdefault(number, []).append(row)
    return list(groups.values())


def settle_decisions(group: pd.DataFrame, proposal: KeepProposal, who: str = "") -> list[Decision]:
    """The decisions that carry out a proposal: the pictures are copies, and all but one are dropped.

    Record them with `Journal.add_many`, so that one undo takes them back together.
    """
    return settle_rows(group_rows(group)[0], proposal, who)


def settle_rows(group: Sequence[GroupRow], proposal: KeepProposal, who: str = "") -> list[Decision]:
    """`settle_decisions` on rows as dictionaries, from `group_rows`: thousands of small tables would take seconds."""
    rows = {row["image_id"]: row for row in group}
    kept = rows[proposal.keep]
    shown = {
        name: [row[column] for row in group]
        for name, column in {"group": "image_id", "labels": "label", "splits": "split"}.items()
    }
    # Equal pixels make the same pair, which is decided once.
    pictures = dict.fromkeys(row["pixel_hash"] for row in group if row["image_id"] in proposal.drop)
    decisions = [
        Decision(
            "duplicate", image_id=proposal.keep, pixel_hash=kept["pixel_hash"], other=other, path=kept["path"],
            reason=proposal.reason, who=who, shown=shown,
        )
        for other in pictures
    ]  # fmt: skip
    decisions += [
        Decision(
            "delete", image_id=image, pixel_hash=rows[image]["pixel_hash"], other=kept["pixel_hash"],
            path=rows[image]["path"], reason=f"a copy of {kept['path']}", who=who, shown=shown,
        )
        for image in proposal.drop
    ]  # fmt: skip
    return decisions


def reject_decisions(group: pd.DataFrame, who: str = "") -> list[Decision]:
    """The decisions that say: no two of these are copies; keep them all and do not ask again.

    Every pair of pictures is decided, so that no part of the group comes back at another threshold.
    """
    pictures = group.drop_duplicates("pixel_hash")
    pairs = [(a, b) for a, b in combinations(range(len(pictures)), 2)]
    twice = group.loc[group["pixel_hash"].duplicated(), "pixel_hash"].unique()
    pairs += [(i, i) for i, name in enumerate(pictures["pixel_hash"]) if name in twice]
    shown = {"group": list(group["image_id"])}
    return [
        Decision(
            "not_duplicate",
            image_id=str(pictures.iloc[a]["image_id"]),
            pixel_hash=str(pictures.iloc[a]["pixel_hash"]),
            other=str(pictures.iloc[b]["pixel_hash"]),
            path=str(pictures.iloc[a]["path"]),
            who=who,
            shown=shown,
        )
        for a, b in pairs
    ]
