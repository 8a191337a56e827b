"""Verbs that find what is wrong: mislabels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.common import csv_option, dataset, label, name_argument, version_option, write_csv
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs import ProgressFn

METHODS = ("quick", "folds", "run", "file")
RANKING_COLUMNS = ["image_id", "path", "split", "label", "suggested", "score"]


@click.command("mislabels")
@name_argument
@version_option
@click.option(
    "--method",
    metavar="METHOD",
    default="quick",
    show_default=True,
    help="What judges the labels: quick, folds, run:RUN or file:F.",
)
@click.option("--recipe", metavar="RECIPE", default=None, help="With folds: the recipe. [default: compact]")
@click.option(
    "--folds",
    type=click.IntRange(2, 20),
    metavar="K",
    default=None,
    help="With folds: how many. [default: 2]",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    metavar="E",
    default=None,
    help="With folds: epochs of each. [default: 18]",
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
    name: str,
    version: str | None,
    method: str,
    recipe: str | None,
    folds: int | None,
    epochs: int | None,
    top: int,
    csv_file: Path | None,
    job: Path | None,
) -> Report:
    """Rank the labels by how likely they are wrong.

    The ranking is kept with the dataset; asking again is quick. A score is 0 to 1, low is bad.
    """
    with work(job) as task:
        from fer_core.quality import mislabels as ranking

        found = dataset(name)
        chosen = found.version(version)
        rows = ranked(found, chosen, method, task.progress, recipe=recipe, folds=folds, epochs=epochs)
        if csv_file:
            names = [f"p_{each}" for each in ranking.class_names(rows)]
            columns = [*RANKING_COLUMNS, "given_p", "suggested_p", *names]
            write_csv(rows[[*columns, "issue", "ambiguous", "likely_wrong", "why"]], csv_file)
        about = {"name": name, "version": chosen.id, "method": method, "images": len(rows)}
        about |= {"about": rows.attrs["about"], "weights": rows.attrs["weights"]}
        task.result = about | ranking.summary(rows)
    worst = rows[RANKING_COLUMNS].head(top).to_dict("records")
    lines = [
        f"{task.result['likely_wrong']:,} of {len(rows):,} labels of {name}, version {label(chosen)}, "
        f"are likely wrong by method {method}; {task.result['ambiguous']:,} more images are ambiguous."
    ]
    left = rows.attrs["about"]["images"] - len(rows)
    if left:
        lines.append(f"{left:,} images were not judged: the model has learned them, or says nothing of them.")
    if worst:
        lines += ["", table(RANKING_COLUMNS, [list(row.values()) for row in worst])]
    matrix = ranking.noise_matrix(rows)
    return Report({**task.result, "noise": matrix.to_dict("index"), "worst": worst}, "\n".join(lines))


def ranked(
    found: Dataset, version: Version, method: str, progress: ProgressFn, **options: Any
) -> pd.DataFrame:
    """The ranking kept with the dataset, made first where there is none that was made so.

    Args:
        found, version: whose labels.
        method: quick, folds, run:RUN or file:PATH.
        progress: told (done, total, what).
        options: recipe, folds and epochs, of folds.
    """
    from fer_core.evaluation import judges
    from fer_core.quality import mislabels as ranking

    judge = judges.Judge.parse(method, **options)
    kept_as = judges.name_of(found, judge)
    rows = ranking.load(found, version.id, kept_as)
    if rows is None or not judges.is_current(rows, judge):
        rows = judges.judge(found, version.id, judge, progress)
        ranking.save(found, version.id, kept_as, rows)
    return rows


COMMANDS: list[click.Command] = [mislabels]
