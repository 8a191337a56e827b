"""Verbs that say what a dataset is and where it stands: status, passport, notes, report."""

from __future__ import annotations

from pathlib import Path

import click

from fer_core.base.errors import NotFound
from fer_core.cli.common import TargetFile, dataset, label, name_argument, version_option
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work


@click.command("passport")
@name_argument
@version_option
@reports
def passport(name: str, version: str | None) -> Report:
    """Say which public set the images are from, and whether test pictures are also in train.

    Class counts are compared with those published of FER2013, the four-class set, AffectNet and RAF-DB; pictures with
    fingerprints of FER2013 and the four-class set, by pixels and by look.
    """
    from fer_core.data.importing.import_report import read_as
    from fer_core.provenance.provenance import provenance_of
    from fer_core.splits import leaks

    found = dataset(name)
    chosen = found.version(version)
    known = provenance_of(found.manifest(chosen.id))
    result = {"name": name, "version": chosen.id, "number": chosen.number, **known.record()}
    across = leaks.leaks_of(found, chosen.id)
    result["leaks"] = across.record()
    understood = found.about.get("understood", {})
    result["read_as"] = origin = read_as(understood)
    lines = [f"{name}, version {label(chosen)}: {known.images:,} images, counts {known.fingerprint}", ""]
    lines += [f"Imported as {origin}.", ""] if origin else []
    lines += [f"{m.words}\n  {m.advice}".rstrip() for m in known.matches] or [known.headline]
    if known.matches:
        rows = [
            (m.title, m.counts or "others", *("-" if s is None else f"{s:.1%}" for s in (m.pixels, m.looks)), m.source)
            for m in known.matches
        ]  # fmt: skip
        lines += ["", table(("set", "equal counts per", "by pixels", "by look", "published in"), rows)]
    lines += ["", *across.words, across.sentence]
    return Report(result, "\n".join(lines))


@click.command("status")
@name_argument
@click.option("--later", metavar="STEP", multiple=True, help="Propose nothing of this step, such as Labels.")
@reports
def status(name: str, later: tuple[str, ...]) -> Report:
    """Where a dataset stands between import and a model in use, and what to do next."""
    from fer_core.reports.status import status

    found = status(dataset(name), later)
    rows = [(step.name, step.state, ", ".join(step.facts), step.caution) for step in found.steps]
    story = [
        (
            f"v{each.version.number}",
            each.version.operation,
            each.changed,
            {True: "holds", False: "does not hold", None: "-"}[each.certified],
            len(each.runs),
        )
        for each in found.story
    ]
    lines = [
        f"{name}, version {found.number} ({found.version})",
        "",
        table(("step", "state", "known", "open"), rows),
    ]
    lines += ["", table(("version", "made by", "what changed", "certificate", "runs"), story), ""]
    step = found.next
    lines.append(
        f"Next: {step.title}. {step.reason}\n  {step.verb}" if step else "All that is left was put off."
    )
    return Report(found.record(), "\n".join(lines))


@click.command("notes")
@name_argument
@click.option("--class", "label_", metavar="CLASS", default=None, help="About this class; else the dataset.")
@click.option(
    "--distinguishes", metavar="TEXT", default=None, help='What tells the class apart; "" removes it.'
)
@click.option("--confuses", metavar="TEXT", default=None, help='What it is confused with; "" removes it.')
@click.option("--other", metavar="CLASS", default=None, help="With --class: a second one, to tell it from.")
@click.option(
    "--separates", metavar="TEXT", default=None, help='What separates --class from --other; "" removes it.'
)
@click.option("--text", metavar="TEXT", default=None, help='Kept with the dataset; "" removes it.')
@reports
def notes(
    name: str,
    label_: str | None,
    distinguishes: str | None,
    confuses: str | None,
    other: str | None,
    separates: str | None,
    text: str | None,
) -> Report:
    """Show the notes about a dataset and its classes, or write one."""
    from fer_core.data import manifest
    from fer_core.data.notes import KINDS, read_notes, write_note

    found = dataset(name)
    about_class = {"distinguishes": distinguishes, "confuses": confuses}
    if label_ is None and any(words is not None for words in about_class.values()):
        raise click.UsageError("--distinguishes and --confuses need --class.")
    if label_ is not None and text is not None:
        raise click.UsageError(
            "--text is about the dataset; with --class give --distinguishes or --confuses."
        )
    if (other is None) != (separates is None) or (other is not None and label_ is None):
        raise click.UsageError("--separates needs --class and --other.")
    known = manifest.classes(found.manifest())
    for asked in (label_, other):
        if asked is not None and asked not in known:
            raise NotFound(
                "The dataset has no such class", received=asked, hint=f"Classes: {', '.join(known)}"
            )
    if text is not None:
        write_note(found, text)
    for kind, words in about_class.items():
        if words is not None:
            write_note(found, words, label=label_, kind=kind)
    if separates is not None:
        write_note(found, separates, label=label_, other=other)
    told = read_notes(found)
    lines = [told["dataset"]] if told["dataset"] else []
    for one, own in told["classes"].items():
        if label_ in (None, one):
            lines += [one, *(f"  {KINDS[kind].lower()}: {words}" for kind, words in own.items())]
    lines += [
        f"{pair}: {words}" for pair, words in told["pairs"].items() if label_ in (None, *pair.split(" or "))
    ]
    return Report({"name": name, **told}, "\n".join(lines) or f"{name} has no notes yet")


@click.command("report")
@name_argument
@version_option
@click.option(
    "--out", type=TargetFile(), metavar="FILE", default=None, help="Everything about the version, as HTML."
)
@click.option(
    "--story",
    type=TargetFile(),
    metavar="FILE",
    default=None,
    help="The story of all versions and models: HTML, or Markdown where it ends in .md.",
)
@click.option("--no-faces", is_flag=True, help="The story without pictures.")
@click.option(
    "--datasheet",
    type=TargetFile(),
    metavar="FILE",
    default=None,
    help="The version's datasheet: Croissant JSON-LD.",
)
@click.option(
    "--production",
    type=TargetFile(),
    metavar="FILE",
    default=None,
    help="What to know before a model is put to use: HTML, or Markdown where it ends in .md.",
)
@click.option(
    "--run",
    metavar="RUN",
    default=None,
    help="With --production: whose; else the run that answers on Try it.",
)
@click.option(
    "--license",
    "licence",
    metavar="URL",
    default="",
    help="For datasheet or production page: the licence, which no file tells.",
)
@click.option("--url", metavar="URL", default="", help="For the datasheet: page of the dataset.")
@click.option("--creator", metavar="NAME", default="", help="For the datasheet: who made the dataset.")
@job_option
@reports
def report(
    name: str,
    version: str | None,
    out: Path | None,
    story: Path | None,
    no_faces: bool,
    datasheet: Path | None,
    production: Path | None,
    run: str | None,
    licence: str,
    url: str,
    creator: str,
    job: Path | None,
) -> Report:
    """Write documents about a dataset: each is one file that needs nothing else.

    --out: counts, splits, drift, balance, checks, copies and leaks, likely wrong labels if they are ranked, faces of every class,
    notes, versions, the passport, and the version id. --story: what cleaning, merging and each model brought,
    the winner and why, and
    how to do it again. Both show faces: send them to nobody who may not see them.
    """  # fmt: skip
    from fer_core.reports import written
    from fer_core.reports.datasheet import Publication

    asked = {"report": out, "story": story, "datasheet": datasheet, "production": production}
    files = {kind: path for kind, path in asked.items() if path is not None}
    if not files:
        raise click.UsageError("Name a file with --out, --story, --datasheet or --production.")
    with work(job) as task:
        found = dataset(name)
        chosen = found.version(version)
        ask = written.Asked(chosen.id, not no_faces, run, Publication(licence, url, creator))
        made = [
            written.write(found, kind, path.resolve(), ask, task.progress) for kind, path in files.items()
        ]
        first = made[0]
        task.result = {
            "name": name,
            "version": chosen.id,
            "number": chosen.number,
            "out": first["out"],
            "bytes": first["bytes"],
            "written": made,
        }
    return Report(
        task.result,
        "\n".join(
            f"{name}, version {label(chosen)}: {each['kind']} written to {each['out']}" for each in made
        ),
    )


COMMANDS: list[click.Command] = [status, passport, notes, report]
