"""A merge of two datasets, from their comparison to a plan and whether the sources show, for page and command line.

proposal = propose(mine, other, fill="balanced")
proposal.plan.table                     # per class: here, asked for, usable, added, after
version = proposal.save(mine)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fer_core.data.dataset import Dataset
from fer_core.data.versions import Version
from fer_core.duplicates.reach import DISTANCE
from fer_core.jobs.reporter import ProgressFn
from fer_core.splits.merge.fill import BALANCED, Fill
from fer_core.splits.merge.plan import MergePlan, plan_merge
from fer_core.splits.merge.save import check_different, probes, save_merge, screen_datasets
from fer_core.splits.merge.screening import Screening
from fer_core.splits.merge.source_probe import Probe
from fer_core.splits.merge.spread import DEFAULT_INTO, Into
from fer_core.splits.subjects import from_pattern


@dataclass(frozen=True)
class MergeProposal:
    """A merge that is not saved yet.

    Attributes:
        other: the dataset that the images come from.
        version: which of its versions, by id.
        plan: what is added, and what it does.
        told_apart: class -> whether old and added images of it can be told apart, see `save.probes`.
        head: the newest version of what is added to, when this was proposed.
    """

    other: Dataset
    version: str
    plan: MergePlan
    told_apart: dict[str, Probe | None]
    head: str

    def save(self, dataset: Dataset) -> Version:
        """Add the images to the dataset it was made for, as a new version; see `save.save_merge`."""
        return save_merge(
            dataset,
            self.other,
            self.plan,
            other_version=self.version,
            told_apart=self.told_apart,
            head=self.head,
        )


def propose(
    dataset: Dataset,
    other: Dataset,
    *,
    version: str | None = None,
    other_version: str | None = None,
    fill: Fill = BALANCED,
    into: Into = DEFAULT_INTO,
    mapping: Mapping[str, str] | None = None,
    seed: int = 42,
    distance: int = DISTANCE,
    subject_pattern: str | None = None,
    screened: Screening | None = None,
    probe: Callable[[MergePlan], dict[str, Probe | None]] | None = None,
    progress: ProgressFn | None = None,
) -> MergeProposal:
    """Compare two datasets, choose the images to add, and try to tell old and added ones apart.

    Args:
        dataset, version: what is added to; the newest version for None.
        other, other_version: where the images come from.
        fill, into, mapping, seed: as `plan.plan_merge`.
        distance: bits by which the hashes of near copies may differ.
        subject_pattern: finds the subject in the other's file names (`subjects.from_pattern`); subjects stay on one side.
        screened: the comparison of the two versions, where it is known.
        probe: `save.probes` of a plan, where its results are kept.
        progress: told (done, total, what) while the two are compared.

    Raises:
        SplitError: the same dataset twice, or choices by which nothing can be added.
    """
    check_different(dataset, other)
    head = dataset.head
    chosen, taken = dataset.version(version).id, other.version(other_version).id
    manifest, rows = dataset.manifest(chosen), other.manifest(taken)
    groups = [from_pattern(rows, subject_pattern)] if subject_pattern else []
    if screened is None:
        screened = screen_datasets(dataset, other, chosen, taken, distance=distance, progress=progress)
    plan = plan_merge(
        manifest,
        rows,
        screened,
        name=other.name,
        fill=fill,
        into=into,
        mapping=mapping,
        seed=seed,
        groups=groups,
    )
    plan = replace(plan, options=plan.options | {"subject_pattern": subject_pattern})
    told_apart = probe(plan) if probe else probes(plan, manifest, dataset.pixels(), other.pixels())
    return MergeProposal(other, taken, plan, told_apart, head)
