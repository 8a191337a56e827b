"""Rules that settle many groups of copies at once: what each would keep, seen before anything is recorded.

plan = plan_policy(found, {"leaks": "heldout", "conflicts": "majority"}, queues)
plan.summary()                        # groups, images dropped per split, change per class, groups left open
journal.add_many(plan.decisions(who="Ada"))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fer_core.errors import DecisionError
from fer_core.review.copies import Proposal, propose, settle
from fer_core.review.decisions import Decision

POLICIES: dict[str, str] = {
    "heldout": "keep in test and val, drop from train",
    "train": "keep in train, drop from test and val",
    "largest": "keep the largest",
    "sharpest": "keep the sharpest",
    "majority": "keep the label most copies carry",
    "hand": "leave for me",
}
"""Name -> what it does, in words. Only "majority" decides between different labels; the others leave those groups."""

DEFAULTS: dict[str, str] = {
    "conflicts": "hand", "leaks": "heldout", "mirrored": "heldout", "near": "sharpest", "within": "heldout"
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a policy would do.

    Attributes:
        settled: (rows of the group, proposal) of the groups it decides.
        left: numbers of the groups it leaves to a person.
        found: all images in groups, see `copies.members`.
    """

    settled: list[tuple[pd.DataFrame, Proposal]]
    left: list[int]
    found: pd.DataFrame

    @property
    def dropped(self) -> pd.DataFrame:
        """The rows that would be dropped."""
        images = [image for _, proposal in self.settled for image in proposal.drop]
        return self.found[self.found["image_id"].isin(images)]

    def summary(self) -> dict[str, Any]:
        """JSON-ready: groups, left, dropped (images), splits and classes {name: images dropped}."""
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
        return [d for group, proposal in self.settled for d in settle(group, proposal, who)]


def plan_policy(
    found: pd.DataFrame, policies: Mapping[str, str], queues: Mapping[str, Iterable[int]]
) -> Plan:
    """What these policies would do to the groups of these queues.

    Args:
        found: the result of `copies.members`.
        policies: queue -> name in `POLICIES`; queues that are not named stay as they are.
        queues: group numbers per queue, from `copies.queues`.

    Raises:
        DecisionError: an unknown policy or queue.
    """
    groups = dict(iter(found.groupby("group")))
    settled, left = [], []
    for queue, policy in policies.items():
        if queue not in queues or queue == "settled":
            known = ", ".join(name for name in queues if name != "settled")
            raise DecisionError(f"The queue must be one of {known}", received=queue)
        for number in queues[queue]:
            proposal = by_policy(groups[number], policy)
            if proposal is None:
                left.append(number)
            else:
                settled.append((groups[number], proposal))
    return Plan(settled, left, found)


def by_policy(group: pd.DataFrame, policy: str) -> Proposal | None:
    """What a policy proposes for one group; None where it leaves the group to a person.

    Raises:
        DecisionError: an unknown policy.
    """
    if policy not in POLICIES:
        raise DecisionError("The policy must be one of " + ", ".join(POLICIES), received=policy)
    if policy == "hand":
        return None
    votes = group["label"].value_counts()
    if policy == "majority":
        if len(votes) > 1 and votes.iloc[0] == votes.iloc[1]:
            return None
        usual = propose(group[group["label"] == votes.index[0]])
        said = ", ".join(f"{label} {count}" for label, count in votes.items())
        return _keeping(group, usual.keep, f"the copies say {said}")
    if len(votes) > 1:
        return None
    if policy == "heldout":
        return propose(group)
    order = group.assign(
        _outside=(group["split"] != "train") & (policy == "train"),
        _area=-group["width"] * group["height"] * (policy == "largest"),
        _blur=-group["sharpness"] * (policy != "train"),
    ).sort_values(["_outside", "_area", "_blur", "path"], kind="stable")
    best = order.iloc[0]
    size = f"{int(best['width'])}x{int(best['height'])}"
    reasons = {
        "train": "it is in train"
        if best["split"] == "train"
        else "none is in train, and it comes first by path",
        "largest": f"none is larger ({size})",
        "sharpest": "none is sharper",
    }
    return _keeping(group, str(best["image_id"]), reasons[policy])


def _keeping(group: pd.DataFrame, keep: str, reason: str) -> Proposal:
    others = group.loc[group["image_id"] != keep, "image_id"]
    return Proposal(keep, tuple(others), reason)
