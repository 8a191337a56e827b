"""The verb mislabels: labels ranked by how likely they are wrong."""

from __future__ import annotations

from pathlib import Path

import click

from fer_core.cli.common import csv_option, dataset, label, name_argument, version_option, write_csv
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

RANKING_COLUMNS = ["image_id", "path", "split", "label", "suggested", "score"]


@click.command("mislabels")
@name_argument
@version_option
@click.option(
    "--method",
    metavar="METHOD",
    default=None,
    help="What judges the labels: emotions, quick, folds, run:RUN or file:F. [default: emotions, the model that ships, where "
    "it knows the classes, else quick]",
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
@click.option(
    "--anew",
    is_flag=True,
    help="Rank every image again, whatever is kept or carried over from an earlier version.",
)
@csv_option(help="Write the ranking, one row per image, worst first.")
@job_option
@reports
def mislabels(
    name: str,
    version: str | None,
    method: str | None,
    recipe: str | None,
    folds: int | None,
    epochs: int | None,
    top: int,
    anew: bool,
    csv_file: Path | None,
    job: Path | None,
) -> Report:
    """Rank the labels by how likely they are wrong.

    The ranking is kept with the dataset; asking again is quick, and so is asking of a later version: what did not change is
    carried over, and it is said how much. A score is 0 to 1, low is bad.
    """
    with work(job) as task:
        from fer_core.mislabels import flat, judges, noise_matrix, summary, told_words

        found = dataset(name)
        chosen = found.version(version)
        method = method or judges.best(found, chosen.id)
        options = {"recipe": recipe, "folds": folds, "epochs": epochs}
        rows = judges.ranked(found, chosen.id, method, task.progress, anew, **options)
        if csv_file:
            write_csv(flat(rows), csv_file)
        about = {"name": name, "version": chosen.id, "method": method, "images": len(rows)}
        about |= {"about": rows.attrs["about"], "weights": rows.attrs["weights"]}
        task.result = about | summary(rows)
    worst = rows[RANKING_COLUMNS].head(top).to_dict("records")
    lines = [
        f"{task.result['likely_wrong']:,} of {len(rows):,} labels of {name}, version {label(chosen)}, "
        f"are likely wrong by method {method}; {task.result['ambiguous']:,} more images are ambiguous."
    ]
    lines += told_words(rows.attrs["about"])
    left = rows.attrs["about"]["images"] - len(rows)
    if left:
        lines.append(f"{left:,} images were not judged: the model has learned them, or says nothing of them.")
    if worst:
        lines += ["", table(RANKING_COLUMNS, [list(row.values()) for row in worst])]
    matrix = noise_matrix(rows)
    return Report({**task.result, "noise": matrix.to_dict("index"), "worst": worst}, "\n".join(lines))


COMMANDS: list[click.Command] = [mislabels]
