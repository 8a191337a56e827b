"""New splits of a version in which no copy crosses splits, from the comparison to the certificate.

plan = propose(dataset, version.id, (80, 10, 10), seed=42)
saved = save(dataset, plan)
saved.version, saved.certificate.holds
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from fer_core.base.errors import SplitError
from fer_core.duplicates.near import stored_near_groups
from fer_core.duplicates.reach import DISTANCE
from fer_core.splits import strata
from fer_core.splits.certificate import Certificate, certify
from fer_core.splits.plan import SplitPlan, save_folds, save_plan
from fer_core.splits.stratify import stratify, stratify_folds
from fer_core.splits.subjects import from_pattern

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs.reporter import ProgressFn

TOGETHER = ("exact", "near", "mirrored")
"""Which copies stay on one side: equal pixels always; near ones, or near and mirrored ones, too."""


@dataclass(frozen=True)
class SavedSplits:
    """Splits that are saved.

    Attributes:
        version: of the new splits, the newest.
        folds: versions to train on, one per fold; none where this is one split.
        certificate: of `version`.
    """

    version: Version
    folds: list[Version]
    certificate: Certificate


SUBJECTS = "auto"
"""The column of subjects, where there is one."""


def subject_column(manifest: pd.DataFrame) -> str | None:
    """`subject` where the manifest knows whose pictures some images are, as those of CK+, KDEF and JAFFE; else None."""
    return "subject" if "subject" in manifest and (manifest["subject"] != "").any() else None


def propose(
    dataset: Dataset,
    version: str | None = None,
    ratios: Sequence[float] = (80, 10, 10),
    seed: int = 42,
    *,
    folds: int | None = None,
    balance: Sequence[str] = (strata.CLASS,),
    together: str = TOGETHER[-1],
    distance: int = DISTANCE,
    column: str | None = SUBJECTS,
    pattern: str | None = None,
    keep_test: bool = False,
    cap: int | None = None,
    progress: ProgressFn | None = None,
) -> SplitPlan:
    """Splits for a version; nothing is saved yet.

    Args:
        dataset, version: which one; None for the newest.
        ratios, seed, balance, keep_test, cap: as `stratify.stratify`.
        folds: equal folds instead of train, val and test.
        together: of `TOGETHER`.
        distance: bits by which the hashes of near copies may differ.
        column: images of equal value in this manifest column stay on one side, such as group; None for none. Left alone it
            is the subject, where the dataset knows whose pictures they are and no `pattern` says it.
        pattern: regular expression on file names that tells whose picture it is; stays on one side too.
        progress: told how far the comparison is.

    Raises:
        SplitError, TooFewImages: as `stratify.stratify`.
    """
    if together not in TOGETHER:
        raise SplitError("What stays together is one of " + ", ".join(TOGETHER), received=together)
    strata.check(balance)
    head, chosen = dataset.head, dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    if column == SUBJECTS:
        column = subject_column(manifest) if pattern is None else None
    groups: list[str | pd.Series] = [column] if column else []
    if pattern:
        groups.append(from_pattern(manifest, pattern))
    if together != TOGETHER[0]:
        near = stored_near_groups(dataset, chosen.id, distance, together == "mirrored", progress)
        groups += [] if near is None else [near]
    if folds is not None:
        plan = stratify_folds(manifest, folds, seed, groups, balance=balance, keep_test=keep_test, cap=cap)
    else:
        plan = stratify(manifest, ratios, seed, groups, balance=balance, keep_test=keep_test, cap=cap)
    kept = together_options(together, distance, column, pattern)
    return replace(plan, head=head, options=plan.options | kept)


def together_options(
    together: str, distance: int, column: str | None, pattern: str | None
) -> dict[str, str | int | None]:
    """What a plan kept on one side, as it is kept with the version: with `SplitPlan.options` all that makes it again."""
    return {"together": together, "distance": distance, "column": column, "pattern": pattern}


def save(dataset: Dataset, plan: SplitPlan) -> SavedSplits:
    """Save a plan as a version, each of its folds as one too, and certify what was saved, as far as is usual."""
    version, folds = save_folds(dataset, plan) if plan.folds else (save_plan(dataset, plan), [])
    return SavedSplits(version, folds, certify(dataset, version.id))
