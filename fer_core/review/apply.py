"""The journal and the versions of a dataset: what is decided but in no version yet, and making it one.

What "pending" and "apply" mean exactly is told in `review.outcome`; which image a decision is about, in
`review.matching`. No file is touched: a dropped image is a row that the new version leaves out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pandas as pd

from fer_core.base.errors import TooFewImages
from fer_core.data.manifest import classes
from fer_core.data.save_version import save_version
from fer_core.review.journal import Journal
from fer_core.review.lineage import OPERATION, applied_decisions, lineage
from fer_core.review.outcome import AppliedDecisions, affected_rows, apply_decisions
from fer_core.review.snapshot import JournalSnapshot, follow

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset
    from fer_core.data.versions import Version


def applied_to(dataset: Dataset, version: str | None = None) -> tuple[Version, AppliedDecisions]:
    """The version (None: the newest), and what applying the decisions that hold now to it would give."""
    base = dataset.version(version)
    versions = dataset.versions()
    manifest = dataset.manifest(base.id)
    journal = Journal(dataset.journal_path)
    return base, apply_decisions(
        base=manifest,
        decisions=journal.decisions(),
        undone=journal.undone(),
        contained=applied_decisions(lineage(versions, base.id)),
        manifest_of=dataset.manifest,
        once=lambda: {*manifest["image_id"], *dataset.manifest(versions[0].id)["image_id"]},
    )


class ApplyPreview(TypedDict):
    """What applying decisions would do.

    Attributes:
        version: id it would be applied to.
        pending: decisions.
        relabel, delete, ambiguous, restore: images.
        missing, problems: decisions that cannot be applied: how many, and key, action, image_id, path and why of each.
        new_classes: names no image has yet.
    """

    version: str
    pending: int
    relabel: int
    delete: int
    ambiguous: int
    restore: int
    missing: int
    problems: list[dict[str, str]]
    new_classes: list[str]


def preview(
    dataset: Dataset,
    version: str | None = None,
    manifest: pd.DataFrame | None = None,
    known: JournalSnapshot | None = None,
) -> ApplyPreview:
    """What `apply_journal` would do, in numbers, from the rows that decisions are about alone.

    Args:
        dataset, version: the version, None for the newest.
        manifest, known: of the version, and the journal, if they are at hand; neither is changed.

    Returns:
        JSON-ready.
    """
    base = dataset.version(version)
    versions = dataset.versions()
    whole = dataset.manifest(base.id) if manifest is None else manifest
    said = follow(Journal(dataset.journal_path)) if known is None else known
    contained = applied_decisions(lineage(versions, base.id))
    undone = said.undone
    new = said.verdicts[~said.verdicts["key"].isin(list(contained))]
    back = [image for key in contained if key in undone for image in contained[key]]
    rows = affected_rows(whole, said.verdicts if back else new, back)
    result = apply_decisions(
        base=whole[rows].reset_index(drop=True),
        decisions=said.verdicts,
        undone=undone,
        contained=contained,
        manifest_of=dataset.manifest,
        once=lambda: {*whole["image_id"], *dataset.manifest(versions[0].id)["image_id"]},
        others=classes(whole.loc[~rows, ["label", "error"]]),
    )
    per_action = result.changes["action"].value_counts()
    return {
        "version": base.id,
        "pending": result.pending,
        "relabel": int(per_action.get("relabel", 0)),
        "delete": int(per_action.get("delete", 0)),
        "ambiguous": int(per_action.get("ambiguous", 0)),
        "restore": int(per_action.get("restore", 0)),
        "missing": len(result.problems),
        "problems": result.problems,
        "new_classes": result.new_classes,
    }


def changes(dataset: Dataset, version: str | None = None) -> pd.DataFrame:
    """One row per image that `apply_journal` would change: columns `outcome.CHANGE_COLUMNS`."""
    return applied_to(dataset, version)[1].changes


def apply_journal(dataset: Dataset, version: str | None = None, note: str = "") -> Version:
    """A new version in which the decisions hold, and which lists them; the version itself if none is pending.

    Args:
        dataset: the dataset.
        version: the version to apply them to; None for the newest.
        note: kept with the new version.

    Raises:
        TooFewImages: no readable image would be left.
        VersionConflict: somebody made another version at the same moment.
    """
    head = dataset.head
    base, result = applied_to(dataset, version)
    if not result.pending:
        return base
    if not (result.manifest["error"] == "").any():
        hint = "Undo some of the deletions"
        raise TooFewImages("These decisions would drop every image", received=base.id, hint=hint)
    parameters = {
        "applied": result.applied,
        "reverted": result.reverted,
        "counts": {str(name): int(n) for name, n in result.changes["action"].value_counts().items()},
        "not_applied": len(result.problems),
    }
    return save_version(
        dataset,
        result.manifest,
        parent=base.id,
        operation=OPERATION,
        parameters=parameters,
        note=note,
        head=head,
    )
