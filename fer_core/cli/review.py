"""The verb review: look at decisions about a dataset, make them, take them back, apply them, carry them elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.cli.common import TargetFile, dataset, label, version_option
from fer_core.cli.data import count_table
from fer_core.cli.decide import set_, undo
from fer_core.cli.duplicates import settle
from fer_core.cli.groups import Verbs
from fer_core.cli.journal import journal_of, name_of
from fer_core.cli.quality import ranked
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import work

if TYPE_CHECKING:
    pass

_NEXT_COLUMNS = ["image_id", "path", "split", "label", "suggested", "score", "why"]
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
    from fer_core.review import apply

    found = dataset(name)
    journal = journal_of(found)
    result = apply.preview(found) | {"decisions": journal.counts(), "reviewers": journal.reviewers()}
    base = found.version(result["version"])
    made = ", ".join(f"{n:,} {action}" for action, n in result["decisions"].items() if n) or "none"
    changes = ", ".join(
        f"{result[key]:,} {key}" for key in ("relabel", "delete", "ambiguous", "restore") if result[key]
    )
    lines = [
        f"decisions that hold: {made}",
        f"not in version {label(base)} yet: {result['pending']:,}" + (f" ({changes})" if changes else ""),
    ]
    if result["new_classes"]:
        lines.append(f"classes no image has yet: {', '.join(result['new_classes'])}")
    lines += [
        f"cannot be applied: {p['action']} {p['path'] or p['image_id']}: {p['why']}"
        for p in result["problems"]
    ]
    return Report(result, "\n".join(lines))


@review.command("next")
@version_option
@click.option(
    "--method",
    metavar="METHOD",
    default="quick",
    show_default=True,
    help="Whose ranking: quick, folds, run:RUN or file:F; made first where there is none.",
)
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="How many to show."
)
@name_of
@reports
def next_(name: str, version: str | None, method: str, top: int) -> Report:
    """The likeliest wrong labels that nobody has decided on."""
    from fer_core.quality import mislabels as ranking
    from fer_core.review.labels import verdicts

    found = dataset(name)
    chosen = found.version(version)
    with work() as task:
        rows = ranking.likely_wrong(ranked(found, chosen, method, task.progress))
    left = rows[~rows["image_id"].isin(verdicts(journal_of(found).decisions()).index)]
    shown = left[_NEXT_COLUMNS].head(top).to_dict("records")
    result = {"name": name, "version": chosen.id, "likely_wrong": len(rows), "left": len(left), "next": shown}
    text = f"{len(left):,} of {len(rows):,} likely wrong labels are not decided"
    if shown:
        text += "\n\n" + table(_NEXT_COLUMNS, [list(row.values()) for row in shown])
    return Report(result, text)


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
    made = apply.apply_journal(found, version=base.id, note=note)
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
            f"{result['not_applied']:,} decisions cannot be applied; `review {name} status` lists them"
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
