"""Verbs that make a set fit to be learned from as it is: relabel (by votes) and separate (splits without copies)."""

from __future__ import annotations

import click

from fer_core.cli.common import dataset, label, name_argument, version_option
from fer_core.cli.report import Report, reports
from fer_core.cli.splits import distance_option
from fer_core.cli.work import work


@click.command("relabel")
@name_argument
@version_option
@click.option(
    "--majority",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    default=0.5,
    show_default=True,
    help="Of the votes, more than which the label must have outside of train.",
)
@click.option("--hard", is_flag=True, help="No soft labels: images of train need the majority too.")
@reports
def relabel(name: str, version: str | None, majority: float, hard: bool) -> Report:
    """Label images by the votes people gave, as a version.

    Each image gets the emotion most voters chose; those of train keep the votes as a soft label to learn from. Left
    out is what most voters found unclear or no face, and outside of train what has no majority. Single votes are slips.
    """
    from fer_core.review.from_votes import apply_votes

    found = dataset(name)
    made, labels = apply_votes(found, version, majority=majority, soft=not hard)
    result = {
        "name": name,
        "version": made.id,
        "number": made.number,
        "images": made.counts["images"],
        "relabelled": labels.relabelled,
        "left_out": labels.left_out,
        "splits": made.counts["splits"],
        "classes": made.counts["classes"],
    }
    left = ", ".join(f"{n:,} {why}" for why, n in labels.left_out.items()) or "none"
    return Report(
        result,
        f"{name}: version {label(made)}, {made.counts['images']:,} images, {labels.relabelled:,} relabelled\nleft out: {left}",
    )


@click.command("separate")
@name_argument
@version_option
@distance_option
@reports
def separate(name: str, version: str | None, distance: int) -> Report:
    """Keep the splits as they are and drop what leaks between them, as a version.

    From train goes what is a copy of an image in val or test, from val what is a copy of one in test: equal, near or
    mirrored. For sets whose splits others use too; `stratify` makes new ones.
    """
    from fer_core.splits.separate import separate as drop_leaks

    found = dataset(name)
    with work() as task:
        made, dropped = drop_leaks(found, version, distance=distance, progress=task.progress)
    result = {
        "name": name,
        "version": made.id,
        "number": made.number,
        "images": made.counts["images"],
        "dropped": dropped,
        "splits": made.counts["splits"],
    }
    words = (
        ", ".join(f"{n:,} from {split}" for split, n in dropped.items()) or "nothing: no copies across splits"
    )
    return Report(result, f"{name}: version {label(made)}, {made.counts['images']:,} images; dropped {words}")


COMMANDS: list[click.Command] = [relabel, separate]
