"""The verb slices: where a run fails more often, and gaps between groups."""

from __future__ import annotations

import click

from fer_core.cli.common import workspace
from fer_core.cli.compare import split_option
from fer_core.cli.report import Report, reports, table


@click.command("slices")
@click.argument("run", metavar="RUN")
@split_option
@click.option("--version", metavar="VERSION", default=None, help="Another version it has answers for.")
@click.option(
    "--by",
    metavar="COLUMN",
    default="",
    help="Hold the levels of this column against each other; else groups of people.",
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="Slices told.")
@reports
def slices(run: str, split: str, version: str | None, by: str, top: int) -> Report:
    """Find the slices of a split on which a run is wrong more often: by brightness, sharpness, size, source, subject, votes, ...

    Every level of every column and every pair of levels is looked at, with all p corrected together (Holm): where nothing is
    weak, one is told in 5 % of searches at most. Groups of people count where the source names them; nothing is guessed.
    """
    from fer_core.data.datasets import open_dataset
    from fer_core.evaluation import scores
    from fer_core.evaluation.slices.of_run import slices_of
    from fer_core.runs import store

    found = store.get(workspace(), run)
    where = version and open_dataset(found.workspace, found.dataset).version(version).id
    scores.look_at_all([found], split, "cli", where)
    told = slices_of(found, split, where, by)
    shown = told.found.slices[:top]
    lines = [
        [each.words, each.images, f"{each.accuracy:.3f}", f"{each.rest:.3f}", f"{100 * each.difference:+.1f}",
         "[{:+.1f}, {:+.1f}]".format(*(100 * end for end in each.difference_interval)), f"{each.p:.2g}",
         "weak" if each.weak else "not significant"]
        for each in shown
    ]  # fmt: skip
    text = [table(("slice", "images", "accuracy", "rest", "points", "95 %", "p", "verdict"), lines)]
    text.append(
        f"{len(told.found.slices):,} slices of {told.found.images:,} images looked at: {told.found.verdict}; accuracy "
        f"{told.found.accuracy:.3f}. {told.left_out:,} images left out: copies of others, or learned from"
    )
    text += [f"{gap.column}: {gap.sentence}" for gap in told.gaps]
    document = {
        "run": found.id,
        "split": split,
        "version": where or found.version,
        "images": told.found.images,
        "left_out": told.left_out,
        "accuracy": told.found.accuracy,
        "columns": [column.name for column in told.found.columns],
        "looked_at": len(told.found.slices),
        "slices": [each.record() for each in shown],
        "gaps": [gap.record() for gap in told.gaps],
    }
    return Report(document, "\n".join(text))
