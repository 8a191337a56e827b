"""Settle the groups of copies of a dataset by one rule, from looking for them to the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_core.duplicates.reach import DISTANCE, SURE_DISTANCE
from fer_core.duplicates.scan_store import compare, compared_pairs
from fer_core.duplicates.search import DEFAULT_KINDS, kinds_to_compare
from fer_core.review import copies
from fer_core.review.journal import Journal
from fer_core.review.policies import PolicyPlan, plan_policy
from fer_core.splits.open_copies import GroupsAfter, groups_after, open_members

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn


@dataclass(frozen=True)
class Settled:
    """What a rule did, or would do.

    Attributes:
        plan: the groups it settles, and those it leaves.
        after: the groups that are open once it is applied.
        batch: id by which all of it is undone at once; "" where nothing was recorded.
    """

    plan: PolicyPlan
    after: GroupsAfter
    batch: str


def settle_by_rule(
    dataset: Dataset,
    policy: str,
    queues: Iterable[str],
    kinds: Iterable[str] = DEFAULT_KINDS,
    distance: int = DISTANCE,
    *,
    who: str = "",
    record: bool = True,
    progress: ProgressFn | None = None,
) -> Settled:
    """Keep one image of each group of copies of the newest version and record that the others go.

    Groups whose hashes lie more than `reach.SURE` bits apart are left to a person.

    Args:
        dataset: whose copies.
        policy: of `policies.POLICIES`.
        queues: of `copies.queues`: conflicts, leaks, mirrored, near, within.
        kinds, distance: as `duplicates.search.search`.
        who: the reviewer.
        record: False only says what would be recorded.
        progress: told (done, total, what).
    """
    journal = Journal(dataset.journal_path)
    manifest, decisions = dataset.manifest(), journal.decisions()
    wanted = kinds_to_compare(kinds)
    if wanted:
        pairs = compared_pairs(dataset, dataset.head, distance, wanted, progress=progress)
    else:
        pairs = compare(manifest.iloc[:0], dataset.pixels(), distance, ())
    groups = open_members(manifest, pairs, distance, decisions)
    plan = plan_policy(
        groups, dict.fromkeys(queues, policy), copies.group_queues(groups, decisions), SURE_DISTANCE
    )
    batch = journal.add_many(plan.decisions(who)) if record and plan.settled else ""
    return Settled(plan, groups_after(plan, manifest, pairs, distance, decisions), batch)
