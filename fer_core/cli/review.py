"""The verb review: look at decisions about a dataset, make them, take them back, apply them, carry them elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fer_core.cli.common import TargetFile, Verbs, dataset, journal_of, label, name_of, version_option
from fer_core.cli.data import count_table
from fer_core.cli.decide import claim, next_, set_, undo
from fer_core.cli.duplicates import settle
from fer_core.cli.report import Report, reports, table

_LIST_COLUMNS = ["id", "action", "image_id", "path", "label", "reason", "who", "time"]


@click.group(
    "review",
    cls=Verbs,
    subcommand_metavar="ACTION [ARGS]...",
    invoke_without_command=True,
    no_args_is_help=True,
)
@click.argument("name")
@click.pass_context
def review(ctx: click.Context, name: str) -> None:
    """Decide on images, undo, apply the decisions as a version.

    Decisions are appended to the dataset's journal; no file is ever touched.
    """
    ctx.obj = name
    if ctx.invoked_subcommand is None:
        raise click.UsageError(f"Missing action. One of: {', '.join(review.commands)}.", ctx)


@review.command("status")
@name_of
@reports
def status(name: str) -> Report:
    """What is decided, and what is not in a version yet."""
    from fer_core.review import apply, review_queue, verdicts
    from fer_core.review.claims import Claims

    found = dataset(name)
    journal = journal_of(found)
    waiting, counts = apply.preview(found), journal.counts()
    said = verdicts.label_verdicts(journal.decisions(active_only=False))
    people = review_queue.reviewer_activity(said, Claims(found.journal_path).holders())
    disputed = len(verdicts.disagreements(said))
    result = {**waiting, "decisions": counts, "reviewers": journal.reviewers(),
              "people": [asdict(person) for person in people], "disagreements": disputed}  # fmt: skip
    base = found.version(waiting["version"])
    made = ", ".join(f"{n:,} {action}" for action, n in counts.items() if n) or "none"
    kinds = {"relabel": waiting["relabel"], "delete": waiting["delete"], "ambiguous": waiting["ambiguous"],
             "restore": waiting["restore"]}  # fmt: skip
    changes = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if n)
    lines = [
        f"decisions that hold: {made}",
        f"not in version {label(base)} yet: {waiting['pending']:,}" + (f" ({changes})" if changes else ""),
    ]
    if waiting["new_classes"]:
        lines.append(f"classes no image has yet: {', '.join(waiting['new_classes'])}")
    lines += [
        f"{p.who or '(no name)'}: {p.decisions:,} decisions on labels, holds {p.holds:,} faces"
        for p in people
    ]
    if disputed:
        lines.append(f"reviewers disagree on {disputed:,} images: `review {name} next --disagree`")
    lines += [
        f"cannot be applied: {p['action']} {p['path'] or p['image_id']}: {p['why']}"
        for p in waiting["problems"]
    ]
    return Report(result, "\n".join(lines))


review.add_command(next_)
review.add_command(claim)


@review.command("list")
@click.option("--all", "everything", is_flag=True, help="Undone and superseded decisions too.")
@name_of
@reports
def list_(name: str, everything: bool) -> Report:
    """The decisions that hold, oldest first."""
    rows = journal_of(dataset(name)).decisions(active_only=not everything)
    columns = [*_LIST_COLUMNS, "undone"] if everything else _LIST_COLUMNS
    listed = rows.drop(columns="key").to_dict("records")
    text = (
        table(columns, rows[columns].astype("object").to_numpy().tolist()) if listed else "No decisions yet."
    )
    return Report(listed, text)


review.add_command(settle)
review.add_command(set_)
review.add_command(undo)


@review.command("apply")
@click.argument("patch", type=click.Path(path_type=Path), required=False)
@version_option
@click.option("--note", metavar="TEXT", default="", help="Kept with the new version.")
@name_of
@reports
def apply_(name: str, patch: Path | None, version: str | None, note: str) -> Report:
    """Make a version in which the decisions hold.

    With a PATCH file, its decisions are taken over first.
    """
    from fer_core.review import apply, patches

    found = dataset(name)
    base = found.version(version)
    taken = patches.import_patch(found, patch) if patch else None
    made = apply.apply_journal(found, version=version, note=note)
    new = made.id != base.id
    about = made.parameters if new else {}
    result = {
        "name": name,
        "version": made.id,
        "number": made.number,
        "parent": base.id if new else made.parent,
        "new": new,
        "changes": about.get("counts", {}),
        "not_applied": about.get("not_applied", 0),
        "patch": taken,
        **{key: made.counts[key] for key in ("images", "splits", "classes", "counts")},
    }
    if not new:
        return Report(result, f"Nothing to apply: version {label(made)} holds every decision.")
    changes = ", ".join(f"{n:,} {action}" for action, n in result["changes"].items())
    lines = [f"{name}: version {label(made)} from {label(base)}: {changes or 'no image changes'}"]
    if result["not_applied"]:
        lines.append(
            f"{result['not_applied']:,} decisions cannot be applied; `fer review {name} status` lists them"
        )
    return Report(result, "\n".join([*lines, "", count_table(made.counts)]))


@review.command("export")
@click.argument("file", type=TargetFile())
@name_of
@reports
def export(name: str, file: Path) -> Report:
    """Write the decisions to a patch, for another copy of the data."""
    from fer_core.review import patches

    count = patches.export_patch(dataset(name), file)
    return Report({"entries": count, "file": file}, f"{count:,} entries written to {file}")


@review.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@name_of
@reports
def import_(name: str, file: Path) -> Report:
    """Take over the decisions of a patch; apply makes the version."""
    from fer_core.review import patches

    result = patches.import_patch(dataset(name), file)
    text = f"{result['new']:,} of {result['entries']:,} entries were new"
    if result["missing"]:
        text += f"; {result['missing']:,} are about images that are not here"
    return Report(result, text)


COMMANDS: list[click.Command] = [review]
