"""Rules that settle many groups of copies at once: what each would keep, seen before anything is recorded.

plan = plan_policy(found, {"leaks": "heldout", "conflicts": "majority"}, queues, reach=6)
plan.summary()                        # groups, images dropped per split, change per class, groups left open
journal.add_many(plan.decisions(who="Ada"))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

import pandas as pd

from fer_core.base.errors import DecisionError
from fer_core.review.copies import (
    GroupRow,
    KeepProposal,
    counted_labels,
    group_rows,
    propose_rows,
    settle_rows,
)
from fer_core.review.decisions import Decision

POLICIES: dict[str, str] = {
    "heldout": "keep in test and val, drop from train",
    "train": "keep in train, drop from test and val",
    "largest": "keep the largest",
    "sharpest": "keep the sharpest",
    "majority": "keep the label most copies carry",
    "hand": "ask me",
}
"""Name -> what it does, in words. Only "majority" decides between different labels; the others leave those groups."""

DEFAULTS: dict[str, str] = {
    "conflicts": "hand", "leaks": "heldout", "mirrored": "heldout", "near": "sharpest", "within": "heldout"
}  # fmt: skip


class PlanNumbers(TypedDict):
    """Groups settled and left open, and images dropped: in all, by split and by class."""

    groups: int
    left: int
    dropped: int
    splits: dict[str, int]
    classes: dict[str, int]


@dataclass(frozen=True)
class PolicyPlan:
    """What a policy would do.

    Attributes:
        settled: (rows of the group, proposal) of the groups it decides.
        left: numbers of the groups it leaves to a person.
        found: all images in groups, see `copies.members`.
    """

    settled: list[tuple[list[GroupRow], KeepProposal]]
    left: list[int]
    found: pd.DataFrame

    @cached_property
    def dropped(self) -> pd.DataFrame:
        """The rows that would be dropped."""
        images = [image for _, proposal in self.settled for image in proposal.drop]
        return self.found[self.found["image_id"].isin(images)]

    def summary(self) -> PlanNumbers:
        """JSON-ready."""
        gone = self.dropped
        return {
            "groups": len(self.settled),
            "left": len(self.left),
            "dropped": len(gone),
            "splits": {str(k): int(v) for k, v in gone["split"].value_counts().items()},
            "classes": {str(k): int(v) for k, v in gone["label"].value_counts().items()},
        }

    def decisions(self, who: str = "") -> list[Decision]:
        """What to record, with `Journal.add_many`, so that one undo takes it all back."""
        return [d for group, proposal in self.settled for d in settle_rows(group, proposal, who)]


def plan_policy(
    found: pd.DataFrame, policies: Mapping[str, str], queues: Mapping[str, Iterable[int]], reach: int
) -> PolicyPlan:
    """What these policies would do to the groups of these queues.

    Args:
        found: the result of `copies.members`.
        policies: queue -> name in `POLICIES`; queues that are not named stay as they are.
        queues: group numbers per queue, from `copies.queues`.
        reach: bits; a group whose hashes are further apart may hold strangers, and is left to a person.

    Raises:
        DecisionError: an unknown policy or queue.
    """
    rows = dict(zip(found["group"].unique(), group_rows(found), strict=True))
    apart = found.groupby("group")["distance"].max().to_dict()
    settled, left = [], []
    for queue, policy in policies.items():
        if queue not in queues or queue == "settled":
            known = ", ".join(name for name in queues if name != "settled")
            raise DecisionError(f"The queue must be one of {known}", received=queue)
        if policy not in POLICIES:
            raise DecisionError("The policy must be one of " + ", ".join(POLICIES), received=policy)
        for number in queues[queue]:
            proposal = _proposal(rows[number], policy if apart[number] <= reach else "hand")
            if proposal is None:
                left.append(number)
            else:
                settled.append((rows[number], proposal))
    return PolicyPlan(settled, left, found)


def _proposal(rows: list[GroupRow], policy: str) -> KeepProposal | None:
    if policy == "hand":
        return None
    votes = Counter(row["label"] for row in rows)
    if policy == "majority":
        label, most = votes.most_common(1)[0]
        if list(votes.values()).count(most) > 1:
            return None
        usual = propose_rows([row for row in rows if row["label"] == label])
        return _keeping(rows, usual.keep, f"the copies say {counted_labels(votes)}")
    if len(votes) > 1:
        return None
    if policy == "heldout":
        return propose_rows(rows)

    def order(row: GroupRow) -> tuple[bool, int, float, str]:
        return (
            policy == "train" and row["split"] != "train",
            -row["width"] * row["height"] if policy == "largest" else 0,
            -row["sharpness"] if policy != "train" else 0.0,
            row["path"],
        )

    best = min(rows, key=order)
    reasons = {
        "train": "it is in train"
        if best["split"] == "train"
        else "none is in train, and it comes first by path",
        "largest": f"none is larger ({best['width']}x{best['height']})",
        "sharpest": "none is sharper",
    }
    return _keeping(rows, best["image_id"], reasons[policy])


def _keeping(rows: list[GroupRow], keep: str, reason: str) -> KeepProposal:
    return KeepProposal(keep, tuple(row["image_id"] for row in rows if row["image_id"] != keep), reason)
