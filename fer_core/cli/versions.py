"""Verbs about versions and whole datasets: versions, diff, annotate, revert, remove."""

from __future__ import annotations

import click

from fer_core.base.errors import FerError
from fer_core.cli.common import dataset, label, name_argument
from fer_core.cli.report import Report, reports, table

_SHOWN = 8


@click.command("versions")
@name_argument
@reports
def versions(name: str) -> Report:
    """List the versions, oldest first: what made each from which, and what it holds."""
    found = dataset(name)
    head = found.head
    known = found.versions()
    rows = [
        {
            "version": v.id,
            "number": v.number,
            "parent": v.parent,
            "operation": v.operation,
            "parameters": v.parameters,
            "images": v.counts["images"],
            "splits": v.counts["splits"],
            "classes": v.counts["classes"],
            "created": v.created,
            "name": v.name,
            "note": v.note,
            "head": v.id == head,
        }
        for v in known
    ]
    numbers = {v.id: f"v{v.number}" for v in known}
    shown = [
        (f"v{v.number}{' *' if v.id == head else ''}", v.id, numbers.get(v.parent or "", "-"), v.operation,
         v.counts["images"], v.created[:16].replace("T", " "), " ".join(filter(None, (v.name, v.note))))
        for v in known
    ]  # fmt: skip
    header = ("", "version", "from", "made by", "images", "created (UTC)", "name and note")
    return Report(rows, table(header, shown) + "\n* the newest state")


@click.command("diff")
@name_argument
@click.argument("first")
@click.argument("second")
@reports
def diff(name: str, first: str, second: str) -> Report:
    """Compare two versions image by image: added, removed, relabelled, moved to another split."""
    from fer_core.data.diff import diff, diff_record

    found = diff(dataset(name), first, second)
    told = diff_record(found)
    counts = found.counts()
    lines = [
        f"{name}, from {label(found.first)} to {label(found.second)}: "
        + ", ".join(f"{n:,} {what}" for what, n in counts.items())
    ]
    for what, rows in (("added", told["added"]), ("removed", told["removed"])):
        lines += [f"  {what}: {r['path']} ({r['split']}, {r['label']})" for r in rows[:_SHOWN]]
        lines += [f"  and {len(rows) - _SHOWN:,} more {what}"] if len(rows) > _SHOWN else []
    for what in ("relabelled", "moved"):
        pairs = getattr(found, what).groupby(["before", "after"]).size().sort_values(ascending=False)
        lines += [f"  {what}: {n:,} from {before} to {after}" for (before, after), n in pairs.items()]
    return Report({"name": name, **told}, "\n".join(lines))


@click.command("annotate")
@name_argument
@click.argument("version")
@click.option("--name", "title", metavar="TEXT", default=None, help='Call it so; "" takes the name away.')
@click.option("--note", metavar="TEXT", default=None, help='Kept with it; "" takes the note away.')
@reports
def annotate(name: str, version: str, title: str | None, note: str | None) -> Report:
    """Give a version a name, by which every verb then knows it, and a note."""
    from fer_core.data import admin

    if title is None and note is None:
        raise FerError("There is nothing to change", hint="Give --name or --note")
    found = admin.annotate(dataset(name), version, name=title, note=note)
    result = {
        "name": name,
        "version": found.id,
        "number": found.number,
        "title": found.name,
        "note": found.note,
    }
    return Report(result, f"{name}: version {label(found)} {found.name!r} {found.note}".rstrip())


@click.command("revert")
@name_argument
@click.argument("version")
@reports
def revert(name: str, version: str) -> Report:
    """Go back to a version. Later ones stay and can be gone back to as well; decisions stay in the journal."""
    from fer_core.data import admin

    found = dataset(name)
    before = found.version()
    chosen = admin.revert(found, version)
    result = {
        "name": name,
        "version": chosen.id,
        "number": chosen.number,
        "before": before.id,
        "new": chosen.id != before.id,
    }
    return Report(
        result, f"{name}: version {label(chosen)} is the newest state; before it was {label(before)}"
    )


@click.command("remove")
@name_argument
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be deleted.")
@reports
def remove(name: str, yes: bool) -> Report:
    """Delete a dataset from the workspace: versions, decisions, pixels, and the copy of its files if it has one.

    Files elsewhere, and runs trained on it, stay. Without --yes nothing is deleted and the status is 2.
    """
    from fer_core.data import admin

    found = dataset(name)
    result = admin.remove(found) if yes else admin.removal_summary(found)
    what = f"{result['versions']} versions, {result['bytes'] / 1e6:,.1f} MB"
    copy = (
        " and the workspace's copy of the files"
        if result["owned_source"]
        else f"; the files in {result['source']} stay"
    )
    verb = "removed" if yes else "would be removed"
    refused = admin.removal_objection(result) or FerError(
        "Nothing was deleted", hint="Give --yes to delete it"
    )
    return Report({**result, "removed": yes}, f"{name}: {what} {verb}{copy}", None if yes else refused)


COMMANDS: list[click.Command] = [versions, diff, annotate, revert, remove]
