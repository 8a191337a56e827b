"""A proposed split with its proof, and saving it as a version."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.base.errors import SplitError
from fer_core.data.save_version import save_version

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version

OPERATION = "stratify"
FOLD_OPERATION = "fold"


@dataclass(frozen=True)
class SplitPlan:
    """Splits proposed for one version, with the proof. Nothing is saved until `save_plan`.

    Attributes:
        manifest: the whole table with its new splits; rows that did not decode keep theirs.
        before: `splits.tables.split_table` of the splits as they were: images, share, target, worst.
        after: the same of the new splits, without images set aside.
        counts_before: readable images per split (index) and class (columns), int64.
        counts_after: the same with the new splits, images set aside as "unassigned".
        moves: image_id, path, label, from, to of every image that changes split.
        aside: image_id, path, label, reason of images that go to no split.
        group_violations: groups on more than one side, counted again from `manifest`.
        groups: how many groups of two or more images were kept together.
        ratios: wanted share (0..1) of every split.
        balance: what was balanced.
        evenness: `splits.strata.evenness` of it.
        options: seed and further choices, as they are kept with the version.
        warnings: sentences on what could not be met.
        parent: id of the version the plan was made from.
        head: the dataset's newest version then; None where the plan was made from a table alone.
    """

    manifest: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame
    counts_before: pd.DataFrame
    counts_after: pd.DataFrame
    moves: pd.DataFrame
    aside: pd.DataFrame
    group_violations: int
    groups: int
    ratios: dict[str, float]
    seed: int
    grouped_by: str
    balance: tuple[str, ...]
    evenness: pd.DataFrame
    options: dict[str, Any]
    parent: str
    head: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def moved(self) -> int:
        """How many images change split."""
        return len(self.moves)

    @property
    def folds(self) -> tuple[str, ...]:
        """Names of the folds; empty where this is one split."""
        return tuple(name for name in self.ratios if name.startswith("fold-"))


def save_plan(dataset: Dataset, plan: SplitPlan) -> Version:
    """The plan as a new version of the dataset, child of the version it was made from.

    Args:
        dataset: the dataset the plan was made from.
        plan: from `stratify` or `stratify_folds`.

    Raises:
        SplitError: a group crosses splits, or the plan was made from another dataset.
        VersionConflict: another version was made since the plan.
    """
    if plan.group_violations:
        raise SplitError("Groups of equal pictures cross splits", received=plan.group_violations)
    if plan.parent not in {v.id for v in dataset.versions()}:
        raise SplitError(
            "This plan was made from another dataset or version",
            received=plan.parent,
            hint="Make the plan again",
        )
    parameters = {
        "ratios": plan.ratios,
        "seed": plan.seed,
        "groups": plan.grouped_by,
        "balance": list(plan.balance),
        **plan.options,
        "moved": plan.moved,
        "set_aside": {str(reason): int(n) for reason, n in plan.aside["reason"].value_counts().items()},
        "group_violations": plan.group_violations,
    }
    return save_version(
        dataset, plan.manifest, parent=plan.parent, operation=OPERATION, parameters=parameters, head=plan.head
    )


def save_fold(dataset: Dataset, version: Version, fold: str) -> Version:
    """One fold of a k-fold version as a version to train on: the fold is val, all others are train.

    Args:
        dataset: the dataset.
        version: made by saving a plan of `stratify_folds`.
        fold: its name, such as "fold-1".

    Raises:
        SplitError: the version has no fold of that name.
    """
    manifest = dataset.manifest(version.id)
    folds = sorted(name for name in manifest["split"].unique() if name.startswith("fold-"))
    if fold not in folds:
        known = ", ".join(folds) or "none: this version was not split into folds"
        raise SplitError("There is no such fold in this version", received=fold, hint=f"Known: {known}")
    names = dict.fromkeys(folds, "train") | {fold: "val"}
    table = manifest.assign(split=manifest["split"].replace(names))
    parameters = {"fold": fold, "of": len(folds)}
    return save_version(
        dataset,
        table,
        parent=version.id,
        operation=FOLD_OPERATION,
        parameters=parameters,
        note=f"{fold} of {len(folds)} is val",
    )


def save_folds(dataset: Dataset, plan: SplitPlan) -> tuple[Version, list[Version]]:
    """A k-fold plan as one version, and a version to train on for each of its folds.

    Returns:
        the version of all folds, which is the newest afterwards, and those of the folds in order.
    """
    whole = save_plan(dataset, plan)
    each = [save_fold(dataset, whole, fold) for fold in plan.folds]
    return save_plan(dataset, replace(plan, head=None)), each
