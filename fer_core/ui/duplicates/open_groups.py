"""The groups of copies as they are now: found, in queues, with what they leak; kept until a decision is added."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.duplicates.exact import DuplicateGroups
from fer_core.duplicates.leakage import leaked_share
from fer_core.review import copies
from fer_core.review.key_press import ticket
from fer_core.review.lineage import OPERATION
from fer_core.review.policies import PolicyPlan
from fer_core.splits.open_copies import GroupsAfter, groups_after
from fer_core.ui.duplicates import cached_groups
from fer_core.ui.shell import cache, page


@dataclass(frozen=True)
class Open:
    """Groups at a distance, given the decisions that hold.

    Attributes:
        groups: of the version.
        found: their images, see `copies.members`.
        queues: group numbers per queue, see `copies.queues`.
        leaked: split -> share of its pictures that another split has too.
        across: how many groups lie in more than one split; near: how many are not just equal pixels.
        anew: how many open ones formed when decisions were applied to the version before, see `copies.formed_anew`.
        distance: of the groups.
    """

    groups: DuplicateGroups
    found: pd.DataFrame
    queues: dict[str, list[int]]
    leaked: dict[str, float]
    across: int
    near: int
    anew: int
    distance: int

    def rows(self, group: int) -> pd.DataFrame:
        """Its rows of `found`."""
        return self.found[self.found["group"] == group]

    def after(self, scope: page.Scope, plan: PolicyPlan) -> GroupsAfter:
        """What is open once a plan for these groups is applied."""
        dataset = scope.dataset
        pairs = cached_groups.known_pairs(dataset, scope.version.id)
        decisions = cache.journal(dataset).decisions
        return groups_after(plan, scope.manifest, pairs, self.distance, decisions)

    @cached_property
    def names(self) -> dict[int, str]:
        """Group number -> a name that stays while its images do."""
        images: dict[int, list[str]] = {}
        for group, image in zip(self.found["group"].tolist(), self.found["image_id"].tolist(), strict=True):
            images.setdefault(group, []).append(image)
        return {group: name_of(those) for group, those in images.items()}

    @cached_property
    def by_ticket(self) -> dict[str, int]:
        """Ticket -> group number."""
        return {ticket(name): number for number, name in self.names.items()}


def name_of(images: pd.Series | list[str]) -> str:
    """Name of the group that has these images, in whatever order."""
    return "|".join(sorted(images))


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(
    dataset: Dataset, version: str, stamp: float, kinds: tuple[str, ...], distance: int, newest: str
) -> Open:
    decisions, manifest = cache.journal(dataset).decisions, cache.manifest(dataset, version)
    groups = cached_groups.copy_groups(dataset, version, distance, decisions)
    found = copies.group_members(groups.table, manifest)
    queues = copies.group_queues(found, decisions)
    return Open(
        groups,
        found,
        queues,
        leaked_share(manifest, groups),
        int((found.groupby("group")["split"].nunique() > 1).sum()),
        int(found.loc[found["kind"] != "exact", "group"].nunique()),
        len(_anew(dataset, version, distance, found).difference(queues["settled"])),
        distance,
    )


def _anew(dataset: Dataset, version: str, distance: int, found: pd.DataFrame) -> set[int]:
    """Groups that formed when decisions were applied; none where the version is made in another way."""
    made = dataset.version(version)
    if (
        made.operation != OPERATION
        or made.parent is None
        or not len(cached_groups.known_pairs(dataset, version))
    ):
        return set()
    before = cached_groups.copy_groups(dataset, made.parent, distance)
    return copies.formed_anew(found, before.table)


def look(scope: page.Scope, distance: int) -> Open:
    """The groups as the journal has them now."""
    dataset, kinds = scope.dataset, cached_groups.kinds()
    newest = cache.journal(dataset).newest
    return _open(dataset, scope.version.id, cached_groups.stamp(dataset), kinds, distance, newest)
