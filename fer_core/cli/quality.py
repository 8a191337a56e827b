"""Verbs that find what is wrong: mislabels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.cli.common import csv_option, dataset, label, name_argument, version_option, write_csv
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs import ProgressFn

METHODS = ("quick",)
RANKING_COLUMNS = ["image_id", "path", "split", "label", "suggested", "score"]


@click.command("mislabels")
@name_argument
@version_option
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="quick",
    show_default=True,
    help="What judges the labels; quick is a small model, out of fold, about a second per thousand images.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    metavar="N",
    default=15,
    show_default=True,
    help="How many of the worst to show.",
)
@csv_option(help="Write the ranking, one row per image, worst first.")
@job_option
@reports
def mislabels(
    name: str, version: str | None, method: str, top: int, csv_file: Path | None, job: Path | None
) -> Report:
    """Rank the labels by how likely they are wrong.

    The ranking is kept with the dataset; asking again is quick. A score is 0 to 1, low is bad.
    """
    with work(job) as task:
        from fer_core.quality import mislabels as ranking

        found = dataset(name)
        chosen = found.version(version)
        rows = ranked(found, chosen, method, task.progress)
        if csv_file:
            write_csv(rows[RANKING_COLUMNS], csv_file)
        about = {"name": name, "version": chosen.id, "method": method, "images": len(rows)}
        task.result = about | ranking.summary(rows)
    worst = rows[RANKING_COLUMNS].head(top).to_dict("records")
    lines = [
        f"{task.result['likely_wrong']:,} of {len(rows):,} labels of {name}, version {label(chosen)}, "
        f"are likely wrong by method {method}."
    ]
    if worst:
        lines += ["", table(RANKING_COLUMNS, [list(row.values()) for row in worst])]
    return Report({**task.result, "worst": worst}, "\n".join(lines))


def ranked(found: Dataset, version: Version, method: str, progress: ProgressFn) -> pd.DataFrame:
    """The ranking kept with the dataset, made first where there is none."""
    from fer_core.quality import mislabels as ranking

    rows = ranking.load(found, version.id, method)
    if rows is None:
        rows = ranking.rank(found.manifest(version.id), found.pixels(), method=method, progress=progress)
        ranking.save(found, version.id, method, rows)
    return rows


COMMANDS: list[click.Command] = [mislabels]
