"""Verbs about results: compare, evaluate, ledger, promote, card."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from fer_core.cli.common import TargetFile, version_option, workspace
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

_BOARD_COLUMNS = (
    "run", "recipe", "dataset", "version", "val_accuracy", "train_accuracy", "gap", "verdict", "macro_f1",
    "parameters", "seconds", "ledger",
)  # fmt: skip
_FORMATS = {".csv": "csv", ".md": "markdown", ".tex": "latex", ".html": "html"}
_SCORES = ("accuracy", "balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1", "top2",
           "kappa", "log_loss", "brier", "ece")  # fmt: skip
split_option = click.option(
    "--split",
    type=click.Choice(["val", "test"]),
    default="val",
    show_default=True,
    help="What to judge by. Reading test is recorded in the ledger.",
)


@click.command("compare")
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@split_option
@click.option(
    "--to",
    type=TargetFile(),
    metavar="FILE",
    default=None,
    help="Write the table: .csv, .md or .tex; or a report with bars: .html.",
)
@reports
def compare(runs: tuple[str, ...], split: str, to: Path | None) -> Report:
    """Rank runs by accuracy at their best epoch; runs that cannot be told apart share a rank.

    All runs, or those named. The gap is train minus validation accuracy in percentage points. Ranks hold among runs of
    one version. Of exactly two runs the difference is told, with its interval and p.
    """
    from fer_core.evaluation import board, ledger
    from fer_core.runs import store

    home = workspace()
    if to is not None and to.suffix not in _FORMATS:
        raise click.BadParameter("the name must end in .csv, .md, .tex or .html.", param_hint="--to")
    chosen = {store.get(home, each).id: store.get(home, each) for each in runs}
    rows = [row for row in board.rows(home) if not runs or row["run"] in chosen]
    rows = [row for row in rows if runs or not row["archived"]]
    if not rows:
        return Report([], "No runs yet. `train --dataset N --recipe compact` starts one.")
    _rank(rows, split)
    log = ledger.reads(home)
    for row in rows:
        row["ledger"] = ledger.standing(home, row, log).words
    rows.sort(
        key=lambda row: (
            row["dataset"] or "",
            str(row["version"]),
            row["rank"] or 10**6,
            -(row["accuracy"] or 0),
        )
    )
    columns = ("rank", *_BOARD_COLUMNS) if split == "val" else ("rank", "accuracy", *_BOARD_COLUMNS)
    lines = [table(columns, [[_rank_word(row) if c == "rank" else row[c] for c in columns] for row in rows])]
    lines += [f"{row['run']}: {row['problem']}" for row in rows if row["problem"]]
    lines += [
        f"{row['run']}: not ranked. {row['unranked']}"
        for row in rows
        if row["unranked"] and not row["problem"]
    ]
    if len(chosen) == 2:
        lines.append(_difference(list(chosen.values()), split, rows))
    if to is not None:
        _write(to, rows, columns, split, list(chosen.values()))
        lines.append(f"Written: {to}")
    return Report(rows, "\n".join(lines))


def _rank(rows: list[dict[str, Any]], split: str) -> None:
    """Give every row rank, shared, accuracy, low, high and unranked (why not), each version for itself."""
    from fer_core.data.datasets import open_dataset
    from fer_core.errors import FerError
    from fer_core.evaluation import ranking, scores
    from fer_core.runs import store

    home = workspace()
    by_version: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        row |= dict.fromkeys(("rank", "shared", "accuracy", "low", "high")) | {"unranked": ""}
        by_version.setdefault((str(row["dataset"]), str(row["version"])), []).append(row)
    for (dataset, version), group in by_version.items():
        found = [store.get(home, row["run"]) for row in group]
        if split == "test":
            for run in found:
                try:
                    scores.look(run, "test", via="cli")
                except FerError:
                    continue  # the ranking says why
        try:
            manifest = open_dataset(home, dataset).manifest(version)
        except FerError:
            manifest = None
        ranked = ranking.rank([[run] for run in found], split, version, manifest)
        for row in group:
            row["unranked"] = ranked.left_out.get(row["run"], "")
            if place := ranked.places.get((row["run"],)):
                names = ("rank", "shared", "accuracy", "low", "high")
                row |= {name: getattr(place, name) for name in names}


def _rank_word(row: dict[str, Any]) -> str | None:
    return f"{row['rank']}{'=' if row['shared'] else ''}" if row["rank"] else None


def _difference(runs: list[Any], split: str, rows: list[dict[str, Any]]) -> str:
    from fer_core.errors import FerError
    from fer_core.evaluation.pair import pair

    try:
        found = pair(runs[0], runs[1], split).verdict
    except FerError as error:
        return f"These two cannot be held against each other: {error}"
    low, high = found["interval"]
    return (
        f"{runs[1].id} against {runs[0].id}: {found['difference'] * 100:+.1f} points "
        f"[{low * 100:+.1f}, {high * 100:+.1f}], p {found['p']:.2g}; "
        f"{'told apart' if found['told_apart'] else 'cannot be told apart'}; "
        f"fixed {found['fixed']:,}, broke {found['broke']:,} of {found['images']:,}"
    )


def _write(
    path: Path, rows: list[dict[str, Any]], columns: Iterable[str], split: str, runs: list[Any]
) -> None:
    import pandas as pd

    from fer_core.evaluation.words import as_text
    from fer_core.workspace import write_atomic

    if path.suffix == ".html":
        write_atomic(path.resolve(), _document(rows, split, runs))
        return
    shown = pd.DataFrame([{c: row[c] for c in columns} for row in rows])
    write_atomic(path.resolve(), as_text(shown, _FORMATS[path.suffix]))


def _document(rows: list[dict[str, Any]], split: str, runs: list[Any]) -> str:
    """The report as HTML; of exactly two runs with all that tells them apart."""
    import pandas as pd

    from fer_core.errors import FerError
    from fer_core.evaluation import pair as pairs
    from fer_core.evaluation.html_report import render

    names = ("run", "recipe", "version", "low", "accuracy", "high", "gap", "macro_f1", "parameters", "ledger")
    board = pd.DataFrame([{"rank": _rank_word(row), **{c: row[c] for c in names}} for row in rows])
    found = None
    if len(runs) == 2:
        try:
            found = pairs.pair(runs[0], runs[1], split)
        except FerError:
            found = None  # the leaderboard stands by itself
    settings = pairs.settings(runs)[0] if len(runs) > 1 else None
    where = "test" if split == "test" else "validation"
    return render("Comparison of runs", f"By {where} accuracy at the best epoch.", board, found, settings)


@click.command("evaluate")
@click.argument("run", metavar="RUN")
@version_option
@split_option
@job_option
@reports
def evaluate(run: str, version: str | None, split: str, job: Path | None) -> Report:
    """Score a run on its own version, or predict another version of its dataset and score it there.

    Images the run has learned from are left out. Reading test is recorded in the ledger.
    """
    from fer_core.data.datasets import open_dataset
    from fer_core.evaluation import scores
    from fer_core.evaluation.common import predict_on
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
        result = scores.look(found, split, via="cli", version=None if own else where)
        task.result = {"run": found.id, "version": where or found.version, "split": split, **result}
    rows = [[name, result[name], *result["intervals"].get(name, (None, None))] for name in _SCORES]
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
    from fer_core.evaluation import ledger as book

    rows = book.reads(workspace())
    columns = ("time", "run", "dataset", "version", "images", "via")
    text = (
        table(columns, [[row[c] for c in columns] for row in rows])
        if rows
        else "Nobody has looked at a test result."
    )
    return Report(rows, text)


@click.command("promote")
@click.argument("run", metavar="RUN")
@reports
def promote(run: str) -> Report:
    """Make a run the one that answers on Try it."""
    from fer_core.evaluation import marks
    from fer_core.runs import store

    found = store.get(workspace(), run)
    marks.promote(found)
    return Report({"run": found.id}, f"{found.id} answers on Try it")


@click.command("card")
@click.argument("run", metavar="RUN")
@click.option("--to", type=TargetFile(), metavar="FILE", default=None, help="Write it to a file.")
@reports
def card(run: str, to: Path | None) -> Report:
    """Print the model card of a run: data, results with intervals, limits, how to train it again."""
    from fer_core.evaluation import board
    from fer_core.evaluation.words import model_card
    from fer_core.runs import store
    from fer_core.workspace import write_atomic

    found = store.get(workspace(), run)
    row = next(row for row in board.rows(workspace()) if row["run"] == found.id)
    text = model_card(found, row)
    if to is not None:
        write_atomic(to.resolve(), text)
    return Report({"run": found.id, "card": text}, f"Written: {to}" if to else text.rstrip())


COMMANDS: list[click.Command] = [compare, evaluate, ledger, promote, card]
