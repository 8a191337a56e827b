"""Where a dataset is between import and a model in use, and the one thing to do next; from what is stored alone.

found = status(dataset)
found.next.title                       # "Settle 7 groups of copies with two labels"
[step.name for step in found.steps]    # Import, Copies, Labels, Split, Train, Compare, Try it
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from fer_core.data.readers.base import NOT_UNREADABLE
from fer_core.duplicates import scan_store
from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.reach import DISTANCE
from fer_core.evaluation import leaderboard
from fer_core.mislabels import store
from fer_core.mislabels.summary import likely_wrong
from fer_core.reports.next_action import actions
from fer_core.reports.status_parts import (
    DatasetStatus,
    JourneyStep,
    StepState,
    StoredState,
    VersionStory,
    count,
)
from fer_core.review import apply, copies
from fer_core.review.journal import Journal
from fer_core.review.snapshot import JournalSnapshot, follow
from fer_core.runs import run_annotations
from fer_core.runs.run import ACTIVE
from fer_core.splits import certificate
from fer_core.splits.leaks import leaks_of
from fer_core.splits.open_copies import open_members

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version


_WORDS = {True: "certificate holds", False: "certificate does not hold", None: "no certificate"}


def status(dataset: Dataset, later: Collection[str] = ()) -> DatasetStatus:
    """Where the newest version of a dataset stands.

    Args:
        dataset: the dataset.
        later: names of steps that are put off: nothing of them is proposed.
    """
    known = _look(dataset)
    steps = (_import(known), _copies(known), _labels(known), _split(known), *_models(known))
    proposed = (action for action in actions(known, steps) if action.step not in later)
    counts = known.version.counts
    return DatasetStatus(
        dataset.name,
        known.version.id,
        known.version.number,
        counts["images"],
        tuple(counts["classes"]),
        {split: n for split, n in known.version.images_per_split.items() if n},
        steps,
        next(proposed, None),
        tuple(_story(known)),
    )


def _look(dataset: Dataset) -> StoredState:
    version = dataset.version()
    manifest = dataset.manifest(version.id)
    journal = follow(Journal(dataset.journal_path))
    pairs = scan_store.stored_pairs(dataset, version.id)
    kept = store.methods(dataset, version.id)
    ranking = store.load(dataset, version.id, kept[0]) if kept else None
    suspects = frozenset() if ranking is None else frozenset(likely_wrong(ranking)["image_id"])
    rows = [row for row in leaderboard.rows(dataset.workspace) if row["dataset"] == dataset.name]
    return StoredState(
        dataset,
        version,
        manifest,
        pairs is not None,
        _queues(manifest, pairs, journal),
        kept[0] if ranking is not None else "",
        suspects,
        len(suspects & set(journal.current_verdicts["image_id"])),
        apply.preview(dataset, version.id, manifest, journal)["pending"] if journal.newest else 0,
        tuple(rows),
    )


def _queues(
    manifest: pd.DataFrame, pairs: pd.DataFrame | None, journal: JournalSnapshot
) -> dict[str, list[int]]:
    """Groups of copies by what is left to decide, as the Duplicates page has them."""

    members = (
        copies.group_members(find_exact(manifest).table, manifest)
        if pairs is None
        else open_members(manifest, pairs, DISTANCE, journal.decisions)
    )
    return copies.group_queues(members, journal.decisions)


def _import(known: StoredState) -> JourneyStep:
    counts = known.version.counts
    listed = known.dataset.problems
    lost = sum(problem.get("kind") not in NOT_UNREADABLE for problem in listed)
    lost += int((known.manifest["error"] != "").sum())
    facts = (f"{counts['images']:,} images, {len(counts['classes'])} classes",)
    return JourneyStep("Import", "explore", "done", facts, f"{lost:,} not used" if lost else "")


def _copies(known: StoredState) -> JourneyStep:
    settled, left = len(known.queues["settled"]), known.open_groups
    if not known.compared:
        facts = (f"{count(left, 'group')} of equal pixels",)
        return JourneyStep("Copies", "duplicates", "open", facts, "not compared yet")
    two = len(known.queues["conflicts"])
    facts = (f"{settled:,} of {count(settled + left, 'group')} settled" if settled + left else "no copies",)
    caution = f"{two:,} with two labels" if two else f"{left:,} open" if left else ""
    return JourneyStep("Copies", "duplicates", "open" if left else "done", facts, caution)


def _labels(known: StoredState) -> JourneyStep:
    if not known.method:
        for earlier in reversed(known.dataset.versions()):
            if earlier.number < known.version.number and store.methods(known.dataset, earlier.id):
                words = f"version {earlier.number} is ranked, this one not yet"
                return JourneyStep("Labels", "mislabels", "open", (words,))
        return JourneyStep("Labels", "mislabels", "ahead", ("not ranked yet",))
    left = len(known.suspects) - known.reviewed
    facts = (f"{known.reviewed:,} of {len(known.suspects):,} suspects seen ({known.method})",)
    caution = (
        f"{count(known.pending, 'decision')} to apply"
        if known.pending
        else f"{left:,} to see"
        if left
        else ""
    )
    return JourneyStep("Labels", "mislabels", "open" if caution else "done", facts, caution)


def _split(known: StoredState) -> JourneyStep:
    counts, images = known.version.images_per_split, max(known.version.counts["images"], 1)
    shares = " / ".join(f"{100 * n / images:.0f}" for n in counts.values() if n)
    held, leaks = certificate.load(known.dataset, known.version.id), leaks_of(known.dataset, known.version.id)
    facts = (f"{shares} %", _WORDS[held.holds if held else None])
    if held and held.holds and held.current:
        return JourneyStep("Split", "stratify", "done", facts)
    caution = (
        f"{count(leaks.total.copies, 'pair')} across splits"
        if leaks.total.copies
        else (held.narrow if held else "")
    )
    return JourneyStep("Split", "stratify", "open", facts, caution)


def _models(known: StoredState) -> tuple[JourneyStep, JourneyStep, JourneyStep]:
    working = [row for row in known.rows if row["state"] in ACTIVE]
    ended = [
        row
        for row in known.rows
        if row["val_accuracy"] is not None and row["state"] in ("finished", "stopped")
    ]
    here = [row for row in ended if row["version"] == known.version.id]
    if working:
        first = next((row for row in working if row["state"] != "queued"), working[-1])
        where = (
            f"epoch {first['epochs']:,} of {first['planned_epochs'] or 0:,}"
            if first["state"] != "queued"
            else "waits"
        )
        train = JourneyStep("Train", "train", "working", (f"{first['recipe']}: {where}",))
    else:
        told = f"{count(len(ended), 'run')}, {len(here):,} on this version" if ended else "no runs yet"
        state: StepState = "done" if here else "open" if ended else "ahead"
        train = JourneyStep("Train", "train", state, (told,))
    best = max((row["val_accuracy"] or 0 for row in here), default=None)
    told = "nothing to compare on this version" if best is None else f"best of this version {best:.3f} on val"
    compare = JourneyStep("Compare", "compare", "done" if len(here) > 1 else "ahead", (told,))
    used = run_annotations.promoted(known.dataset.workspace)
    used = used if used and (known.dataset.workspace.runs / used / "model.onnx").is_file() else ""
    words = f"{used} answers" if used else "the shipped model answers"
    return train, compare, JourneyStep("Try it", "predict", "done" if used else "ahead", (words,))


def _story(known: StoredState) -> list[VersionStory]:
    versions = known.dataset.versions()
    images = {version.id: version.counts["images"] for version in versions}
    told = []
    for version in versions:
        held = certificate.load(known.dataset, version.id)
        runs = sorted(
            (row for row in known.rows if row["version"] == version.id),
            key=lambda row: -(row["val_accuracy"] or 0),
        )
        told.append(
            VersionStory(
                version,
                _changed(version, images.get(version.parent or "")),
                held.holds if held else None,
                tuple(runs),
            )
        )
    return told


def _changed(version: Version, before: int | None) -> str:
    """`18,414 images`, or what is different from its parent: `−1,456 images · 310 relabelled`."""
    images = version.counts["images"]
    if before is None:
        return f"{images:,} images"
    parts = [f"{images - before:+,} images".replace("-", "−")] if images != before else []
    counts = version.parameters.get("counts", {})
    parts += [f"{n:,} relabelled" for kind, n in counts.items() if kind == "relabel" and n]
    moved = version.parameters.get("moved")
    parts += [f"{moved:,} moved"] if isinstance(moved, int) and moved else []
    return " · ".join(parts) or f"{images:,} images"
