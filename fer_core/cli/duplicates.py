"""Verbs about copies: duplicates finds them, review NAME duplicates settles them by rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.common import (
    csv_option,
    dataset,
    distance_option,
    label,
    name_argument,
    name_of,
    version_option,
    write_csv,
)
from fer_core.cli.decide import who_option
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

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
    help="The perceptual hash whose distance is meant; the correlation of the pixels decides.",
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

    What was compared is kept with the dataset: another distance takes no new comparison, new images little.
    """
    with work(job) as task:
        from fer_core.duplicates.search import search

        found = dataset(name)
        chosen = found.version(version)
        if against is not None:
            report = _against(found, chosen.id, against, kinds, distance, hash_, csv_file, task.progress)
            task.result = report.document
            return report
        copies = search(found, chosen.id, kinds, distance, hash_, task.progress)
        if csv_file:
            write_csv(copies.table, csv_file)
        result = copies.summary()
        task.result = {"name": name, "version": chosen.id, "method": copies.method, **result}
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
    text += f"\n\ncompared: {copies.method}"
    return Report(task.result, text)


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
    from fer_core.duplicates.search import search_across

    other = dataset(against)
    shared = search_across(found, version, other, kinds, distance, hash_, progress)
    if csv_file:
        write_csv(shared.table, csv_file)
    number, images, conflicting = len(shared.table), shared.images, shared.conflicting_labels
    document = {
        "name": found.name, "version": version, "against": other.name, "against_version": other.head,
        "images": images, "shared": number, **shared.counts, "conflicting_labels": conflicting,
    }  # fmt: skip
    said = ", ".join(f"{count:,} {kind}" for kind, count in shared.counts.items())
    text = (
        f"{number:,} of {images:,} images of {found.name} are in {other.name} too: {said}; "
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
    from fer_core.api.by_rule import settle_by_rule

    found = dataset(name)
    with work() as task:
        done = settle_by_rule(
            found, policy, queues_, kinds, distance, who=who, record=not dry_run, progress=task.progress
        )
    about = done.plan.summary()
    settled = {"policy": policy, "queues": list(queues_), "recorded": bool(done.batch), "batch": done.batch}
    result = {"name": name, "version": found.head, **settled, **about, "after": done.after}
    verb = "would be" if dry_run else "are"
    text = f"{about['groups']:,} groups {verb} settled, {about['dropped']:,} images {verb} dropped from the next version"
    if about["splits"]:
        text += " (" + ", ".join(f"{n:,} from {split}" for split, n in about["splits"].items()) + ")"
    if about["left"]:
        text += f"; {about['left']:,} groups are left for a person"
    if done.after["open"]:
        text += f"; {done.after['open']:,} groups are open once that is applied"
    if done.after["anew"]:
        text += f", {done.after['anew']:,} of which form anew, of pictures that are copies of two groups"
    return Report(result, text)


COMMANDS: list[click.Command] = [duplicates]
