"""Verbs about copies: duplicates finds them, review NAME duplicates settles them by rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.common import csv_option, dataset, label, name_argument, version_option, write_csv
from fer_core.cli.decide import who_option
from fer_core.cli.journal import journal_of, name_of
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.jobs import ProgressFn

KINDS = ("exact", "near", "mirrored", "rotated")
HASHES = ("phash", "dhash", "ahash", "whash")
POLICIES = ("heldout", "train", "largest", "sharpest", "majority")
QUEUES = ("conflicts", "leaks", "mirrored", "near", "within")


class Names(click.ParamType[tuple[str, ...]]):
    """Names out of a list, separated by commas."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        given = value if isinstance(value, tuple) else tuple(part.strip() for part in str(value).split(","))
        unknown = [name for name in given if name not in self.known]
        if unknown:
            self.fail(f"{', '.join(map(repr, unknown))} is none of {', '.join(self.known)}.", param, ctx)
        return given


kind_option = click.option(
    "--kind",
    "kinds",
    type=Names("kinds", KINDS),
    default="exact",
    show_default=True,
    metavar="KIND[,KIND]",
    help="exact, near, mirrored, rotated. Exact copies are always counted.",
)
distance_option = click.option(
    "--distance",
    type=click.IntRange(0, 16),
    metavar="N",
    default=4,
    show_default=True,
    help="Bits by which the hashes of copies that are not exact may differ.",
)


@click.command("duplicates")
@name_argument
@version_option
@kind_option
@distance_option
@click.option(
    "--hash",
    "hash_",
    type=click.Choice(HASHES),
    default="phash",
    show_default=True,
    help="The perceptual hash that proposes pairs; their correlation decides.",
)
@click.option(
    "--against",
    metavar="OTHER",
    default=None,
    help="Look for the images of this dataset in another one instead.",
)
@csv_option(help="Write the groups, one row per image.")
@job_option
@reports
def duplicates(
    name: str,
    version: str | None,
    kinds: tuple[str, ...],
    distance: int,
    hash_: str,
    against: str | None,
    csv_file: Path | None,
    job: Path | None,
) -> Report:
    """Find copies, and the leaks they make between splits.

    What was compared is kept with the dataset; another distance, or new images, take less time.
    """
    with work(job) as task:
        from fer_core.quality.duplicates import Groups

        found = dataset(name)
        chosen = found.version(version)
        if against is not None:
            report = _against(found, chosen.id, against, kinds, distance, hash_, csv_file, task.progress)
            task.result = report.document
            return report
        tables = _copies(found, chosen.id, kinds, distance, hash_, task.progress)
        if csv_file:
            write_csv(tables.pop("all"), csv_file)
        tables.pop("all", None)
        result = {kind: Groups(rows).summary() for kind, rows in tables.items()}
        task.result = {"name": name, "version": chosen.id, **result}
    crossings = sorted({pair for summary in result.values() for pair in summary["cross_split"]})
    rows = [
        (
            kind,
            s["groups"],
            s["extra_copies"],
            *(s["cross_split"].get(p, 0) for p in crossings),
            s["conflicting_labels"],
        )
        for kind, s in result.items()
    ]
    head = f"{name}, version {label(chosen)}: groups of copies, and how many of them two splits share\n\n"
    text = head + table(("kind", "groups", "extra copies", *crossings, "labels differ"), rows)
    return Report(task.result, text)


def _copies(
    found: Dataset, version: str, kinds: tuple[str, ...], distance: int, hash_: str, progress: ProgressFn
) -> dict[str, pd.DataFrame]:
    """Kind -> table of groups, and "all" of them. A group with near and mirrored copies counts under both."""
    from fer_core.quality.copies import find_copies
    from fer_core.quality.duplicates import find_exact
    from fer_core.quality.scan_store import scanned

    manifest = found.manifest(version)
    exact = find_exact(manifest).table
    wanted = [kind for kind in KINDS[1:] if kind in kinds]
    if not wanted:
        return {"exact": exact, "all": exact}
    pairs = scanned(found, version, distance, wanted, hash_, progress)
    rows = find_copies(manifest, pairs, distance).table
    each = {kind: rows[rows["group"].isin(rows.loc[rows["kind"] == kind, "group"])] for kind in wanted}
    return {"exact": exact, **each, "all": rows}


def _against(
    found: Dataset,
    version: str,
    against: str,
    kinds: tuple[str, ...],
    distance: int,
    hash_: str,
    csv_file: Path | None,
    progress: ProgressFn,
) -> Report:
    """The images of a dataset that another one has too."""
    from fer_core.errors import FerError
    from fer_core.quality.between import between
    from fer_core.quality.scan_store import load

    other = dataset(against)
    if other.name == found.name:
        raise FerError(
            "A dataset is not compared against itself", received=against, hint="Leave out --against"
        )
    wanted = [kind for kind in KINDS[1:] if kind in kinds]
    known = {kind: load(other, kind, hash_) for kind in wanted}
    manifest = found.manifest(version)
    rows = between(
        manifest, found.pixels(), other.manifest(), other.pixels(), distance, wanted, hash_, known, progress
    )
    if csv_file:
        write_csv(rows, csv_file)
    counts = {kind: int((rows["kind"] == kind).sum()) for kind in ("exact", *wanted)}
    conflicting = int((rows["label"] != rows["other_label"]).sum())
    images = int((manifest["error"] == "").sum())
    document = {
        "name": found.name, "version": version, "against": other.name, "against_version": other.head,
        "images": images, "shared": len(rows), **counts, "conflicting_labels": conflicting,
    }  # fmt: skip
    said = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    text = (
        f"{len(rows):,} of {images:,} images of {found.name} are in {other.name} too: {said}; "
        f"{conflicting:,} of them with another label there"
    )
    return Report(document, text)


@click.command("duplicates")
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    required=True,
    help="What to keep: heldout keeps the copy in test or val, train the one in train; groups whose labels differ "
    "are decided by majority alone.",
)
@click.option(
    "--queue",
    "queues_",
    type=Names("queues", QUEUES),
    default="leaks,mirrored,near,within",
    show_default=True,
    metavar="QUEUE[,QUEUE]",
    help="conflicts, leaks, mirrored, near, within.",
)
@kind_option
@distance_option
@click.option("--dry-run", is_flag=True, help="Say what would be recorded, and record nothing.")
@who_option
@name_of
@reports
def settle(
    name: str,
    policy: str,
    queues_: tuple[str, ...],
    kinds: tuple[str, ...],
    distance: int,
    dry_run: bool,
    who: str,
) -> Report:
    """Settle groups of copies by a rule.

    Keeps one image of each group and drops the others from the next version; `undo` takes all of it back at once.
    """
    from fer_core.quality.copies import find_copies
    from fer_core.quality.scan_store import compare, scanned
    from fer_core.review import copies
    from fer_core.review.policies import plan_policy

    found = dataset(name)
    journal = journal_of(found)
    manifest, decisions = found.manifest(), journal.decisions()
    wanted = [kind for kind in KINDS[1:] if kind in kinds]
    with work() as task:
        if wanted:
            pairs = scanned(found, found.head, distance, wanted, progress=task.progress)
        else:
            pairs = compare(manifest.iloc[:0], found.pixels(), distance, ())
    whole = copies.members(find_copies(manifest, pairs, distance).table, manifest)
    apart = copies.partly_rejected(whole, decisions)
    groups = copies.members(find_copies(manifest, pairs, distance, rejected=apart).table, manifest)
    listed = copies.queues(groups, decisions)
    plan = plan_policy(groups, dict.fromkeys(queues_, policy), listed)
    batch = "" if dry_run or not plan.settled else journal.add_many(plan.decisions(who))
    about = plan.summary()
    settled = {"policy": policy, "queues": list(queues_), "recorded": bool(batch), "batch": batch}
    result = {"name": name, "version": found.head, **settled, **about}
    verb = "would be" if dry_run else "are"
    text = f"{about['groups']:,} groups {verb} settled, {about['dropped']:,} images {verb} dropped from the next version"
    if about["splits"]:
        text += " (" + ", ".join(f"{n:,} from {split}" for split, n in about["splits"].items()) + ")"
    if about["left"]:
        text += f"; {about['left']:,} groups are left for a person"
    return Report(result, text)


COMMANDS: list[click.Command] = [duplicates]
