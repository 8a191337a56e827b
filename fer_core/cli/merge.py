"""Verbs that bring images in from another dataset and out to other programs: merge, export."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from fer_core.cli.common import dataset, label, name_argument, version_option
from fer_core.cli.data import count_table, listed
from fer_core.cli.report import Report, reports
from fer_core.cli.splits import distance_option, pattern_option, seed_option
from fer_core.cli.work import job_option, work
from fer_core.errors import JobError

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
    default="train",
    show_default=True,
    help="Add to train alone, or spread over all splits in their shares.",
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
) -> Report:
    """Fill the gaps of a dataset with images of another one, as a new version.

    Left out are images that are near anything in val or test, that are here already, that fail the checks, and second
    copies of each other. A small model then tries to tell old and new images of a class apart.
    """
    from fer_core.splits import merged
    from fer_core.splits.fill import parse_fill, parse_mapping
    from fer_core.splits.merge import plan_merge
    from fer_core.splits.subjects import from_pattern

    mine, theirs = dataset(name), dataset(other)
    merged.check_apart(mine, theirs)
    chosen, taken = mine.version(version), theirs.version(other_version)
    wanted, names = parse_fill(fill), parse_mapping(mapping)
    manifest, rows = mine.manifest(chosen.id), theirs.manifest(taken.id)
    groups = [from_pattern(rows, subject_pattern)] if subject_pattern else []
    screened = merged.screen_datasets(mine, theirs, chosen.id, taken.id, distance=distance)
    plan = plan_merge(
        manifest, rows, screened, name=other, fill=wanted, into=into, mapping=names, seed=seed, groups=groups
    )
    told_apart = merged.probes(plan, manifest, mine.pixels(), theirs.pixels())
    saved = merged.save_merge(mine, theirs, plan, other_version=taken.id, told_apart=told_apart)
    result = {
        "name": name,
        "other": other,
        "other_version": taken.id,
        "version": saved.id,
        "number": saved.number,
        "parent": chosen.id,
        "into": into,
        "added": {str(key): int(n) for key, n in plan.table["added"].items()},
        "classes": {str(key): {str(k): int(n) for k, n in row.items()} for key, row in plan.table.iterrows()},
        "left_out": plan.blocked,
        "drift": merged.drift_record(plan.drifts),
        "told_apart": merged.probe_record(told_apart),
        "splits": saved.counts["splits"],
        "counts": saved.counts["counts"],
        "warnings": plan.warnings,
    }
    lines = [
        f"{name}: version {label(saved)} from {label(chosen)} with {plan.added:,} images of {other}, into {into}",
        "",
        count_table(saved.counts),
        "",
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
    return Report(result, "\n".join(lines))


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
        from fer_core.data.export import export_version

        found = dataset(name)
        made = export_version(found, found.version(version), to, form, progress=task.progress)
        task.result = made | {"format": asked}
    result = task.result
    missing = result["missing"]
    lines = [
        f"{result['images']:,} images written to {result['to']}, SHA-256 {result['checksum'][:16]}",
        *listed("missing", missing),
        *(f"note: {warning}" for warning in result["warnings"]),
    ]
    error = JobError(f"{len(missing):,} files could not be exported") if missing else None
    return Report(result, "\n".join(lines), error)


COMMANDS: list[click.Command] = [merge, export]
