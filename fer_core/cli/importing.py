"""Verbs that bring images in: inspect, import, refresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.base.emotions import ordered_splits
from fer_core.base.errors import JobError, SourceError
from fer_core.base.parsing import expand_home
from fer_core.cli.common import dataset, name_argument, no_compare_option, workspace
from fer_core.cli.data import compared, count_table, listed, told
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.data.importing.preview import SourcePreview
    from fer_core.data.records import Tally

_Verb = Callable[..., Any]
NUMBERINGS = ("fer2013", "affectnet", "rafdb")
CLASSES = ("4", "7", "8", "all")


def _files(verb: _Verb) -> _Verb:
    """The options about lists, and about the layout of public sets."""
    for option in (
        click.option(
            "--choose", metavar="NAME=VALUE", multiple=True, help="A choice that a public set's layout leaves open."
        ),
        click.option(
            "--as", "delivery", metavar="SET", default="auto", show_default=True,
            help="Read a source as this public set is delivered; none reads its folders and lists only.",
        ),
        click.option(
            "--votes", metavar="CSV", default="",
            help="Counts per class and image, as FER+'s; joined line by line to a table, else by file name.",
        ),
        click.option("--no-labels", is_flag=True, help="Use no list that lies in the source."),
        click.option(
            "--labels", metavar="LIST", multiple=True, help="Classes of the images; any column names. Can be repeated."
        ),
    ):  # fmt: skip
        verb = option(verb)
    return verb


@click.command("inspect")
@click.argument("path", type=click.Path(path_type=Path))
@_files
@reports
def inspect(
    path: Path, labels: tuple[str, ...], no_labels: bool, votes: str, delivery: str, choose: tuple[str, ...]
) -> Report:
    """Show which classes a source names and what they would become. Nothing is imported."""
    from fer_core.data.exporting.export import changed_files
    from fer_core.data.importing.options import Options, parse_choices
    from fer_core.data.importing.preview import preview_source
    from fer_core.data.readers.base import EXPORT_MANIFEST

    choices = dict(parse_choices(choose))
    options = Options(labels=labels, votes=votes, lists=not no_labels, delivery=delivery, choices=choices)
    found = preview_source(path, options)
    becomes = found.becomes()
    exported = (expand_home(path) / EXPORT_MANIFEST).is_file()
    changed = changed_files(expand_home(path)) if exported else None
    result = {
        "kind": found.kind,
        "classes": [
            {
                "name": c.name,
                "images": c.images,
                "proposed": c.proposed,
                "certain": c.certain,
                "splits": c.splits,
                "likely": c.likely,
            }
            for c in found.classes
        ],
        "understood": asdict(found.understood),
        "stops": found.stops,
        "numbering": found.numbering,
        "unlabelled": found.unlabelled,
        "problems": found.problems,
        "unclear": found.unclear,
        "left_out": found.left_out,
        "becomes": becomes,
        "changed_since_export": changed,
    }
    return Report(result, "\n".join(_looked_at(found, becomes, changed)))


def _looked_at(found: SourcePreview, becomes: Tally, changed: list[dict[str, str]] | None) -> list[str]:
    """What `inspect` says of a source.

    Args:
        found: in it.
        becomes: what an import makes of it.
        changed: files that are not as an export wrote them; None for what is no export.
    """
    from fer_core.data.importing.import_report import left_out_lines, understood_lines, unknown_lines

    splits = ordered_splits(split for c in found.classes for split in c.splits)
    rows = [
        (c.name, c.proposed or "(left out)", *(c.splits.get(split, 0) for split in splits), c.images)
        for c in found.classes
    ]
    lines = [
        *understood_lines(asdict(found.understood)),
        table(("found", "becomes", *splits, "images"), rows),
    ]
    lines += unknown_lines(found.unknown)
    lines += [found.stops] if found.stops else []
    lines += left_out_lines(found.left_out)
    lines += [
        f"{n:,} images whose votes say {name}; --skip {name} leaves them out"
        for name, n in found.unclear.items()
    ]
    if changed is not None:
        lines.append("An export, as it was written." if not changed else "An export that has changed since:")
        lines += listed("changed", changed)
    lines += ["", f"As proposed it becomes {becomes['images']:,} images:", count_table(becomes)]
    if found.numbering:
        lines.append(
            f"The classes are numbers, probably of {found.numbering}. Import with --map {found.numbering} if they are."
        )
    return lines


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", required=True, help="Name of the new dataset.")
@click.option("--copy", is_flag=True, help="Keep a copy of the files in the workspace.")
@_files
@click.option(
    "--map",
    "mapping",
    metavar="THEIRS=OURS",
    multiple=True,
    help="A class of another name, nothing after = leaves it out; or what numbers mean: fer2013, affectnet, rafdb.",
)
@click.option(
    "--accept-classes",
    is_flag=True,
    help="Take folders as classes even where they look like people or wrapping folders.",
)
@click.option(
    "--skip", metavar="CLASS", multiple=True, help="Leave a class out; with votes also unknown or NF."
)
@click.option(
    "--classes",
    type=click.Choice(CLASSES),
    default="all",
    show_default=True,
    help="Keep one of the usual class sets only.",
)
@click.option(
    "--subject-pattern",
    metavar="REGEX",
    default="",
    help=r"Who is shown, read from the path, as in '(\w+)_\d+'.",
)
@no_compare_option
@click.option("--own", is_flag=True, hidden=True)
@job_option
@reports
def import_(
    path: Path,
    name: str,
    copy: bool,
    labels: tuple[str, ...],
    no_labels: bool,
    votes: str,
    delivery: str,
    choose: tuple[str, ...],
    mapping: tuple[str, ...],
    accept_classes: bool,
    skip: tuple[str, ...],
    classes: str,
    subject_pattern: str,
    no_compare: bool,
    own: bool,
    job: Path | None,
) -> Report:
    """Import labelled faces: a folder, zip or tar, a CSV with pixels as FER2013's, Parquet as Hugging Face's, .npz or HDF5.

    Class folders, with or without split folders around or inside them, or images and lists of labels, or a public set as
    it is delivered. The files are read where they are and never changed; what is not a readable image is listed with
    the reason. Started again after a stop, it goes on where it was.
    """
    home = workspace()
    if own and not path.resolve().is_relative_to(home.jobs.resolve()):
        raise SourceError("Only an upload of this workspace can be taken over", received=path)
    with work(job) as task:
        from fer_core.data.importing import uploads

        try:
            from fer_core.data.datasets import describe, import_dataset
            from fer_core.data.importing.options import Options, parse_choices

            names, numbering = _mapping(mapping)
            options = Options(
                labels=labels, lists=not no_labels, votes=votes, delivery=delivery, choices=dict(parse_choices(choose)),
                names=names, numbering=numbering, accept_classes=accept_classes, skip=skip, classes=classes,
                subject_pattern=subject_pattern,
            )  # fmt: skip
            found = import_dataset(
                home, path, name, progress=task.progress, copy=copy or own, options=options, resume=not own
            )
        finally:
            if own:
                uploads.discard(home, (path, *labels, votes))
        task.result = counted = describe(found)
        said = "" if no_compare else compared(found, task.progress)
    return told(counted, said)


def _mapping(mapping: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """Names and numbering of `--map`."""
    from fer_core.data.importing.class_mapping import parse_names

    numberings = [word for word in mapping if word in NUMBERINGS]
    if len(set(numberings)) > 1:
        raise SourceError("Numbers can mean one thing only", received=", ".join(numberings))
    return parse_names(word for word in mapping if word not in NUMBERINGS), "".join(numberings[:1])


@click.command("refresh")
@name_argument
@click.option("--dry-run", is_flag=True, help="Say what would be added, and add nothing.")
@job_option
@reports
def refresh(name: str, dry_run: bool, job: Path | None) -> Report:
    """Look at the source again, add its new files as a version, and look for copies as an import does.

    The choices of the import hold again. Files that changed, moved or are gone are reported and stay as they were
    imported; the status is then 1.
    """
    with work(job) as task:
        from fer_core.data.importing.refresh import refresh

        own = dataset(name)
        task.result = found = refresh(own, task.progress, dry_run=dry_run)
        said = "" if dry_run else compared(own, task.progress)
    lines = [
        f"{name}: {found['added']:,} new images{' would be' if dry_run else ''} added, "
        f"{found['unchanged']:,} unchanged, version v{found['number']} ({found['version']})"
    ]
    kinds = {"changed": found["changed"], "gone": found["gone"], "renamed": found["renamed"],
             "relabelled": found["relabelled"]}  # fmt: skip
    for what, rows in {**kinds, "problems": found["problems"]}.items():
        lines += listed(what, rows)
    lines += [said] if said else []
    altered = {what: len(rows) for what, rows in kinds.items() if rows}
    words = ", ".join(f"{n:,} {what}" for what, n in altered.items())
    error = JobError(f"The source is not what it was: {words}; nothing was made of it") if altered else None
    return Report(found, "\n".join(lines), error)


COMMANDS: list[click.Command] = [inspect, import_, refresh]
