"""Verbs about the results of one run: evaluate, ledger, calibrate, promote, card."""

from __future__ import annotations

from pathlib import Path

import click

from fer_core.cli.common import TargetFile, version_option, workspace
from fer_core.cli.compare import split_option
from fer_core.cli.report import Report, cells, reports, table
from fer_core.cli.work import job_option, work

_SCORES = ("accuracy", "balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1", "top2",
           "kappa", "log_loss", "brier", "ece")  # fmt: skip


@click.command("evaluate")
@click.argument("run", metavar="RUN")
@version_option
@split_option
@job_option
@reports
def evaluate(run: str, version: str | None, split: str, job: Path | None) -> Report:
    """Score a run on its own version, or predict another version of its dataset and score it there.

    Images the run has learned from are left out, and copies of them. Reading test is recorded in the ledger.
    """
    from fer_core.data.datasets import open_dataset
    from fer_core.evaluation import scores
    from fer_core.evaluation.predict_version import predict_on
    from fer_core.evaluation.report import evaluate_run
    from fer_core.runs import store

    home = workspace()
    with work(job) as task:
        found = store.get(home, run)
        where = None
        if version is not None:
            where = open_dataset(home, found.dataset).version(version).id
            predict_on(found, where, task.progress)
        own = where in (None, found.version)
        if own and split == "val":
            evaluate_run(found)
        result = scores.read_scores(found, split, via="cli", version=None if own else where)
        task.result = {"run": found.id, "version": where or found.version, "split": split, **result}
    numbers = zip(_SCORES, cells(result, _SCORES), strict=True)
    rows = [[name, value, *result["intervals"].get(name, (None, None))] for name, value in numbers]
    classes = [[name, *row.values()] for name, row in result["per_class"].items()]
    text = [
        f"{found.id} on {split} of version {where or found.version}: {result['images']:,} images"
        + (f", {result['seen']:,} left out that it has learned from" if result["seen"] else ""),
        table(("score", "value", "95 % from", "to"), rows),
        table(("class", "precision", "recall", "f1", "images"), classes),
    ]
    return Report(task.result, "\n\n".join(text))


@click.command("ledger")
@reports
def ledger() -> Report:
    """List every look at a test result, oldest first. Nothing switches the ledger off."""
    from fer_core.evaluation.ledger import reads

    rows = reads(workspace())
    columns = ("time", "run", "dataset", "version", "images", "via")
    text = (
        table(columns, [cells(row, columns) for row in rows])
        if rows
        else "Nobody has looked at a test result."
    )
    return Report(rows, text)


@click.command("calibrate")
@click.argument("run", metavar="RUN")
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.9,
    show_default=True,
    help="Wanted share of right answers among those that are not called uncertain.",
)
@reports
def calibrate(run: str, precision: float) -> Report:
    """Fit temperature and threshold of a run on validation and write them into its model.

    The model answers with them from then on, on Try it and for predict. Scores of the run stay as they are.
    """
    from fer_core.evaluation import calibration
    from fer_core.runs import store

    found = store.get(workspace(), run)
    fitted = calibration.fit(found, precision)
    calibration.apply_to(found, fitted.temperature, fitted.threshold)
    text = (
        f"{found.id}: temperature {fitted.temperature:.2f} (it is {calibration.direction(fitted.temperature)}); from "
        f"{fitted.threshold:.2f} on {fitted.coverage:.0%} of {fitted.images:,} validation images are answered, "
        f"{fitted.precision:.1%} of them rightly. Written into its model"
    )
    if fitted.views > 1:
        text += (
            f". Fitted on means over {fitted.views} views of each image, which are timider than the model's answers to one: "
            "with flip or without, they may be surer than that"
        )
    return Report({"run": found.id, **vars(fitted)}, text)


@click.command("promote")
@click.argument("run", metavar="RUN")
@reports
def promote(run: str) -> Report:
    """Make a run the one that answers on Try it."""
    from fer_core.runs import run_annotations, store

    found = store.get(workspace(), run)
    run_annotations.promote(found)
    return Report({"run": found.id}, f"{found.id} answers on Try it")


@click.command("card")
@click.argument("run", metavar="RUN")
@click.option(
    "--to",
    type=TargetFile(),
    metavar="FILE",
    default=None,
    help="Write it to a file: Markdown, or a page if it ends in .html.",
)
@reports
def card(run: str, to: Path | None) -> Report:
    """Print the model card of a run: data, results with intervals, limits, how to train it again."""
    from fer_core.base.atomic import write_atomic
    from fer_core.evaluation import leaderboard
    from fer_core.reports import document, model_card
    from fer_core.runs import store

    found = store.get(workspace(), run)
    row = next(row for row in leaderboard.rows(workspace()) if row["run"] == found.id)
    made = model_card.card(found, row)
    text = document.markdown(made)
    if to is not None:
        as_page = to.suffix == ".html"
        write_atomic(to.resolve(), document.html(made) if as_page else text)
    return Report({"run": found.id, "card": text}, f"Written: {to}" if to else text.rstrip())


COMMANDS: list[click.Command] = [evaluate, ledger, calibrate, promote, card]
