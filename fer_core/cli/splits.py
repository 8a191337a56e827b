"""Verbs about splits: stratify, separate, certify."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.base.errors import JobError
from fer_core.cli.common import dataset, distance_option, label, name_argument, reach_option, version_option
from fer_core.cli.data import count_table
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import Work, job_option, work
from fer_core.duplicates.reach import DISTANCE, SURE_DISTANCE

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.splits.certificate import Certificate
    from fer_core.splits.crossing import PairCounts
    from fer_core.splits.plan import SplitPlan
    from fer_core.splits.propose import SavedSplits

TOGETHER = ("exact", "near", "mirrored")
_Verb = Callable[..., Any]


seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=42,
    show_default=True,
    help="Decides which images go where.",
)


certify_option = click.option(
    "--certify",
    is_flag=True,
    help="Then check every pair of images in different splits, as the verb `certify` does.",
)


def certified(found: Dataset, made: Version, task: Work) -> dict[str, object]:
    """Certify a version that was just made; what a report says of it, by `certificate`."""
    from fer_core.reports import certificate_page
    from fer_core.splits import certificate

    task.progress(0, 0, "checking every pair across splits")
    proof = certificate.certify(found, made.id)
    certificate_page.write(found, made.id)
    return {"certificate": _proof(proof)}


def _proof(proof: Certificate) -> dict[str, object]:
    keys = ("exact", "near", "mirrored", "pairs_checked", "holds", "distance", "created")
    return {key: value for key, value in proof.record().items() if key in keys}


def pattern_option(words: str) -> Callable[[_Verb], _Verb]:
    return click.option("--subject-pattern", metavar="REGEX", default=None, help=words)


@click.command("stratify")
@name_argument
@version_option
@click.option(
    "--ratios",
    metavar="A/B/C",
    default="80/10/10",
    show_default=True,
    help="Shares of train, val and test in percent.",
)
@seed_option
@click.option(
    "--balance",
    metavar="COLUMNS",
    default="class",
    show_default=True,
    help="What to balance, separated by commas: class, source, brightness, mode.",
)
@click.option(
    "--together",
    type=click.Choice(TOGETHER),
    default="mirrored",
    show_default=True,
    help="Copies that stay on one side: exact ones always; near, or near and mirrored ones, too.",
)
@distance_option
@click.option(
    "--subject-column",
    metavar="COLUMN",
    default="auto",
    show_default=True,
    help="Keep images of equal value on one side: subject, group, or none. auto: the subject, where the dataset knows it.",
)
@pattern_option(r"Keep files of one subject on one side, read from their names, as in '(\w+)_\d+'.")
@click.option("--keep-test", is_flag=True, help="Leave the test split exactly as it is.")
@click.option(
    "--cap",
    type=click.IntRange(min=1),
    metavar="N",
    default=None,
    help="At most N images of a class; the rest is set aside.",
)
@click.option(
    "--folds",
    type=click.IntRange(2, 20),
    metavar="K",
    default=None,
    help="K folds instead of train, val and test; each also becomes a version to train on.",
)
@job_option
@reports
def stratify(
    name: str,
    version: str | None,
    ratios: str,
    seed: int,
    balance: str,
    together: str,
    distance: int,
    subject_column: str,
    subject_pattern: str | None,
    keep_test: bool,
    cap: int | None,
    folds: int | None,
    job: Path | None,
) -> Report:
    """Make new splits, copies on one side, as a new version.

    Every pair of images in different splits is then checked for copies, and the certificate is kept with the version.
    """
    from fer_core.reports import certificate_page
    from fer_core.splits.propose import propose, save
    from fer_core.splits.ratios import parse_ratios

    with work(job) as task:
        found = dataset(name)
        chosen = found.version(version)
        task.progress(0, 0, "choosing splits")
        plan = propose(
            found, chosen.id, parse_ratios(ratios), seed, folds=folds, together=together, distance=distance,
            balance=[column.strip() for column in balance.split(",") if column.strip()],
            column=None if subject_column == "none" else subject_column,
            pattern=subject_pattern, keep_test=keep_test, cap=cap, progress=task.progress,
        )  # fmt: skip
        with task.whole():
            task.progress(0, 0, "saving, then checking every pair across splits")
            done = save(found, plan)
            certificate_page.write(found, done.version.id)
            task.result = _record(name, plan, chosen, done)
    return Report(task.result, "\n".join(_told(name, plan, chosen, done)))


def _record(name: str, plan: SplitPlan, chosen: Version, done: SavedSplits) -> dict[str, Any]:
    saved = done.version
    return {
        "name": name,
        "version": saved.id,
        "number": saved.number,
        "parent": chosen.id,
        "splits": saved.images_per_split,
        "counts": saved.counts["counts"],
        "group_violations": plan.group_violations,
        "groups": plan.groups,
        "together": plan.grouped_by,
        "moved": plan.moved,
        "set_aside": len(plan.aside),
        "evenness": {key: round(row["worst"], 4) for key, row in plan.evenness.iterrows()},
        "certificate": _proof(done.certificate),
        "folds": [{"fold": v.parameters["fold"], "version": v.id, "number": v.number} for v in done.folds],
        "warnings": plan.warnings,
    }


def _told(name: str, plan: SplitPlan, chosen: Version, done: SavedSplits) -> list[str]:
    saved, each, checked = done.version, done.folds, done.certificate
    lines = [
        f"{name}: version {label(saved)} from {label(chosen)}, {plan.moved:,} images moved, "
        f"{plan.groups:,} sets of linked copies kept together, {plan.group_violations} broken",
        "",
        count_table(saved.counts),
        "",
        f"certificate: {'holds' if checked.holds else 'does not hold'}, {checked.pairs_checked:,} pairs across splits "
        f"checked for {checked.scope}",
    ]
    if each:
        lines.append(f"folds to train on: {', '.join(label(version) for version in each)}")
    if len(plan.aside):
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in plan.aside["reason"].value_counts().items())
        lines.append(f"set aside: {reasons}")
    return [*lines, *(f"note: {warning}" for warning in plan.warnings)]


@click.command("separate")
@name_argument
@version_option
@reach_option(
    SURE_DISTANCE,
    "Bits by which the hashes of copies that are dropped may differ; beyond the default some pairs are two faces in the "
    "same light.",
)
@certify_option
@job_option
@reports
def separate(name: str, version: str | None, distance: int, certify: bool, job: Path | None) -> Report:
    """Keep the splits as they are and drop what leaks between them, as a version.

    From train goes what is a copy of an image in val or test, from val what is a copy of one in test: equal, near or
    mirrored. For sets whose splits others use too; `stratify` makes new ones.
    """
    from fer_core.splits.separate import rows_to_drop, separate

    with work(job) as task:
        found = dataset(name)
        task.progress(0, 0, "looking across the splits")
        rows_to_drop(found, found.version(version).id, distance=distance, progress=task.progress)
        with task.whole():
            done = separate(found, version, distance=distance)
            held = certified(found, done.version, task) if certify else {}
            made, dropped = done.version, done.dropped
            task.result = {
                "name": name,
                "version": made.id,
                "number": made.number,
                "images": made.counts["images"],
                "dropped": dropped,
                "possible": done.possible,
                "splits": made.images_per_split,
                **held,
            }
    words = ", ".join(f"{n:,} from {split}" for split, n in dropped.items())
    words = words or f"nothing: no copies across splits up to {distance} bits"
    if done.possible:
        words += (
            f"\n{done.possible:,} more may leak, up to {DISTANCE} bits apart: some are strangers, so they stay; "
            f"look at them on Duplicates, or drop them with --distance {DISTANCE}"
        )
    return Report(
        task.result, f"{name}: version {label(made)}, {made.counts['images']:,} images; dropped {words}"
    )


@click.command("certify")
@name_argument
@version_option
@distance_option
@click.option(
    "--mirrored/--no-mirrored", default=True, show_default=True, help="Look for mirrored copies too."
)
@job_option
@reports
def certify(name: str, version: str | None, distance: int, mirrored: bool, job: Path | None) -> Report:
    """Check every pair of images in different splits for copies.

    The certificate is kept with the version; what was compared before is read. The status is 1 when copies lie on two
    sides.
    """
    from fer_core.reports import certificate_page
    from fer_core.splits import certificate

    with work(job) as task:
        found = dataset(name)
        chosen = found.version(version)
        result = certificate.certify(
            found, chosen.id, distance=distance, mirrored=mirrored, progress=task.progress
        )
        certificate_page.write(found, chosen.id)
        task.result = result.record()
    kinds = ("exact", "near", "mirrored")
    rows = [
        (pair, row.checked, *(_found(row, kind) for kind in kinds))
        for pair, row in [*result.table.items(), ("all", result.total)]
    ]
    lines = [
        f"{name}, version {label(chosen)}: pairs of images across splits, checked by {result.method}",
        "",
        table(("splits", "pairs checked", *kinds), rows),
        *(f"{e['kind']}: {e['first']} and {e['second']}" for e in result.examples[:5]),
    ]
    words = f"The splits are not apart: {result.total.copies:,} pairs of copies across them"
    error = None if result.holds else JobError(words)
    return Report(result.record(), "\n".join(lines), error)


def _found(row: PairCounts, kind: str) -> int | str:
    number: int | None = getattr(row, kind)
    return "not checked" if number is None else number


COMMANDS: list[click.Command] = [separate, stratify, certify]
