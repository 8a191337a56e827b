"""Verbs that bring images in from another dataset and out to other programs: merge, export."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fer_core.base.errors import JobError
from fer_core.cli.common import dataset, distance_option, label, name_argument, version_option
from fer_core.cli.data import count_table, listed
from fer_core.cli.report import Report, reports
from fer_core.cli.splits import certified, certify_option, pattern_option, seed_option
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.data.versions import Version
    from fer_core.splits.merge.plan import MergePlan
    from fer_core.splits.merge.propose import MergeProposal
    from fer_core.splits.merge.source_probe import Probe

FORMATS = ("folder", "zip", "keras", "imagefolder", "csv", "fer2013", "npz", "parquet")


@click.command("merge")
@name_argument
@click.argument("other")
@click.option(
    "--fill",
    metavar="CLASS=N,...",
    default="balanced",
    show_default=True,
    help="Images to add per class, as in surprise=150,sad=20; balanced: every class up to the largest.",
)
@click.option(
    "--into",
    type=click.Choice(["train", "all"]),
    default="all",
    show_default=True,
    help="Spread over all splits in their shares, or add to train alone, which shifts the mix between splits.",
)
@click.option(
    "--map",
    "mapping",
    metavar="THEIRS=OURS",
    multiple=True,
    help="A class of another name; nothing after = leaves it out.",
)
@version_option
@click.option(
    "--other-version",
    metavar="VERSION",
    default=None,
    help="Version of the other dataset; the newest where none is named.",
)
@seed_option
@distance_option
@pattern_option("Keep subjects of the other dataset on one side, read from its file names.")
@certify_option
@job_option
@reports
def merge(
    name: str,
    other: str,
    fill: str,
    into: Literal["train", "all"],
    mapping: tuple[str, ...],
    version: str | None,
    other_version: str | None,
    seed: int,
    distance: int,
    subject_pattern: str | None,
    certify: bool,
    job: Path | None,
) -> Report:
    """Fill the gaps of a dataset with images of another one, as a new version.

    Left out are images that are near anything in val or test, that are here already, that fail the checks, and second
    copies of each other. A small model then tries to tell old and new images of a class apart.
    """
    from fer_core.splits.merge.fill import parse_fill, parse_mapping
    from fer_core.splits.merge.propose import propose

    with work(job) as task:
        mine, theirs = dataset(name), dataset(other)
        task.progress(0, 0, "choosing images")
        proposal = propose(
            mine, theirs, version=version, other_version=other_version, fill=parse_fill(fill), into=into,
            mapping=parse_mapping(mapping), seed=seed, distance=distance, subject_pattern=subject_pattern,
            progress=task.progress,
        )  # fmt: skip
        with task.whole():
            task.progress(0, 0, "saving")
            saved, plan = proposal.save(mine), proposal.plan
            held = certified(mine, saved, task) if certify else {}
            chosen = mine.version(plan.parent)
            task.result = _record(name, proposal, saved, chosen) | held
    head = f"{name}: version {label(saved)} from {label(chosen)} with {plan.added:,} images of {other}, into {into}"
    return Report(
        task.result, "\n".join([head, "", count_table(saved.counts), "", *_notes(plan, proposal.told_apart)])
    )


def _record(name: str, proposal: MergeProposal, saved: Version, chosen: Version) -> dict[str, object]:
    about = saved.parameters
    return {
        "name": name,
        "other": proposal.other.name,
        "other_version": proposal.version,
        "version": saved.id,
        "number": saved.number,
        "parent": chosen.id,
        "into": proposal.plan.into,
        "added": {key: row["added"] for key, row in about["classes"].items()},
        **{key: about[key] for key in ("classes", "left_out", "drift")},
        "told_apart": about["sources_told_apart"],
        "splits": saved.images_per_split,
        "counts": saved.counts["counts"],
        "warnings": proposal.plan.warnings,
    }


def _notes(plan: MergePlan, told_apart: Mapping[str, Probe | None]) -> list[str]:
    """What was left out, how the class mix moved and what the small model found, a line each."""
    return [
        *(f"left out: {n:,} {reason}" for reason, n in plan.blocked.items()),
        *(
            f"class mix, {key}: off by {row['points']:.2f} points ({row['worst']})"
            for key, row in plan.drifts.iterrows()
        ),
        *(
            f"{key}: a small model tells old from new with AUROC {found.auroc:.2f} ({found.low:.2f} to {found.high:.2f})"
            for key, found in told_apart.items()
            if found
        ),
        *(f"note: {warning}" for warning in plan.warnings),
    ]


@click.command("export")
@name_argument
@click.option(
    "--to",
    metavar="PLACE",
    type=click.Path(path_type=Path),
    required=True,
    help="A new or empty folder, or a new file ending in .zip.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="folder",
    show_default=True,
    help="Layout of the files; zip is folder, packed.",
)
@version_option
@job_option
@reports
def export(name: str, to: Path, form: str, version: str | None, job: Path | None) -> Report:
    """Write a version as files to train from elsewhere.

    The status is 1 if files of the source are gone or changed.
    """
    asked = form
    if form == "zip":
        form, to = "folder", to if to.suffix.lower() == ".zip" else to.with_name(f"{to.name}.zip")
    with work(job) as task:
        from fer_core.data.exporting.export import export_version

        found = dataset(name)
        made = export_version(found, found.version(version), to, form, progress=task.progress)
        task.result = result = {**made, "format": asked}
    missing = made["missing"]
    lines = [
        f"{made['images']:,} images written to {made['to']}, SHA-256 {made['checksum'][:16]}",
        *listed("missing", missing),
        *(f"note: {warning}" for warning in made["warnings"]),
    ]
    error = JobError(f"{len(missing):,} files could not be exported") if missing else None
    return Report(result, "\n".join(lines), error)


COMMANDS: list[click.Command] = [merge, export]
