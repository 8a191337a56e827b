"""Single decisions: review NAME set, review NAME undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from fer_core.cli.common import dataset
from fer_core.cli.journal import journal_of, name_of
from fer_core.cli.report import Report, reports
from fer_core.errors import DecisionError, NotFound

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset

ACTIONS = ("relabel", "keep", "delete", "ambiguous", "note")
who_option = click.option("--who", metavar="NAME", default="", help="The reviewer.")


@click.command("set")
@click.argument("image")
@click.argument("action", type=click.Choice(ACTIONS))
@click.option("--label", "new_label", metavar="CLASS", default=None, help="The right class, with relabel.")
@click.option(
    "--soft",
    metavar="CLASS=P,...",
    default=None,
    help="Probabilities, with ambiguous; those of the ranking where none are given.",
)
@click.option("--why", metavar="TEXT", default="", help="The reason, kept with the decision; a note's text.")
@who_option
@name_of
@reports
def set_(
    name: str, image: str, action: str, new_label: str | None, soft: str | None, why: str, who: str
) -> Report:
    """Decide on one image.

    IMAGE is its id, the start of its id, or its path. A later decision on the same image replaces this one.
    """
    found = dataset(name)
    row = _image(found, image)
    if action == "relabel" and not new_label:
        raise DecisionError("A relabel needs --label", received=image)
    if action == "note" and not why:
        raise DecisionError("A note needs its text, as --why", received=image)
    for option, value, meant in (("--label", new_label, "relabel"), ("--soft", soft, "ambiguous")):
        if value and action != meant:
            raise DecisionError(f"{option} belongs to {meant}", received=action)
    from fer_core.review.decisions import class_name

    given = str(row["label"])
    clean = class_name(new_label) if new_label else ""
    if action == "relabel" and clean == given:
        action, clean = "keep", ""
    number = journal_of(found).add(
        action,
        image_id=str(row["image_id"]),
        pixel_hash=str(row["pixel_hash"]),
        path=str(row["path"]),
        label=clean,
        soft_label=_soft(found, str(row["image_id"]), soft) if action == "ambiguous" else None,
        reason=why,
        who=who,
        shown={"label": given, "version": found.head},
    )
    result = {
        "id": number,
        "action": action,
        "image_id": row["image_id"],
        "path": row["path"],
        "label": clean,
    }
    change = f": {given} -> {clean}" if clean else ""
    return Report(result, f"decision {number}: {action} {row['path']}{change}")


@click.command("undo")
@click.argument("decision", type=int, required=False)
@who_option
@name_of
@reports
def undo(name: str, decision: int | None, who: str) -> Report:
    """Take back a decision by its number, or the reviewer's last.

    What was decided together is taken back together. Without --who, the last by a reviewer without a name.
    """
    journal = journal_of(dataset(name))
    number = journal.undo(decision, who)
    if number is None:
        others = [known for known in journal.reviewers() if known != who]
        hint = f"; --who takes one of: {', '.join(others)}" if others and decision is None else ""
        return Report({"undone": []}, f"Nothing to undo{hint}.")
    entries = journal.decisions(active_only=False)
    target = entries.loc[entries["id"] == number, "target"].iloc[0]
    taken = entries[(entries["key"] == target) | (entries["batch"] == target)]
    rows = taken[["id", "action", "image_id", "path", "label"]].to_dict("records")
    lines = [
        f"undone: decision {r['id']}, {r['action']} {r['path'] or r['image_id']} {r['label']}".rstrip()
        for r in rows
    ]
    return Report({"undone": rows}, "\n".join(lines))


def _image(found: Dataset, wanted: str) -> pd.Series:
    """The row of an image, in the newest version that has it."""
    for version in (found.head, *(v.id for v in reversed(found.versions()) if v.id != found.head)):
        rows = found.manifest(version)
        named = rows[(rows["image_id"] == wanted) | (rows["path"] == wanted)]
        if named.empty and len(wanted) >= 4:
            named = rows[rows["image_id"].str.startswith(wanted)]
        if len(named) == 1:
            return named.iloc[0]
        if len(named) > 1:
            raise NotFound("More than one image is meant", received=wanted, hint="Give the whole id")
    raise NotFound(
        "There is no such image in this dataset",
        received=wanted,
        hint=f"`mislabels {found.name} --csv F` lists the ids",
    )


def _soft(found: Dataset, image_id: str, text: str | None) -> Mapping[str, float]:
    """Probabilities from the option, else from the ranking of the newest version."""
    from fer_core.data.records import classes
    from fer_core.quality import mislabels as ranking
    from fer_core.review.labels import probabilities

    if text:
        try:
            return {key.strip(): float(p) for key, p in (part.split("=") for part in text.split(","))}
        except ValueError as error:
            hint = "For example --soft happy=0.6,neutral=0.4"
            raise DecisionError("--soft takes CLASS=P,...", received=text, hint=hint) from error
    rows = ranking.load(found, found.head)
    row = None if rows is None else rows[rows["image_id"] == image_id]
    if row is None or row.empty:
        raise DecisionError(
            "An ambiguous image needs --soft, since its version is not ranked",
            received=image_id,
            hint=f"Give --soft happy=0.6,neutral=0.4 or run `mislabels {found.name}` first",
        )
    return probabilities({str(k): v for k, v in row.iloc[0].items()}, classes(found.manifest()))
