"""The verb compare: the leaderboard, and the difference of two runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.cli.common import TargetFile, workspace
from fer_core.cli.report import Report, cells, reports, table

if TYPE_CHECKING:
    from fer_core.base.workspace import Workspace
    from fer_core.evaluation.comparison import Comparison, JudgedRun
    from fer_core.runs.run import Run

_BOARD_COLUMNS = (
    "run", "recipe", "dataset", "version", "val_accuracy", "train_accuracy", "gap", "verdict", "macro_f1",
    "parameters", "seconds", "ledger",
)  # fmt: skip
_FORMATS = {".csv": "csv", ".md": "markdown", ".tex": "latex", ".html": "html"}
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
@click.option(
    "--on",
    metavar="VERSION",
    default=None,
    help="Judge all of them on this version, as far as they have predictions for it; see `evaluate`.",
)
@click.option("--common", is_flag=True, help="Rank on the images that no run has learned from, however few.")
@click.option(
    "--predict", is_flag=True, help="Ask the runs that have no predictions for --on; nothing else changes."
)
@reports
def compare(
    runs: tuple[str, ...], split: str, to: Path | None, on: str | None, common: bool, predict: bool
) -> Report:
    """Rank runs by accuracy at their best epoch; runs that do not differ significantly share a rank.

    All runs, or those named. The gap is train minus validation accuracy in percentage points. Ranks hold among runs of
    one version, or on the version of --on. A run that has learned from some of the images is judged by the others,
    without a rank. Of exactly two runs the difference is told, with its interval and p.
    """
    from fer_core.evaluation import comparison
    from fer_core.evaluation.across.judged_file import judged_words
    from fer_core.runs import store

    home = workspace()
    if to is not None and to.suffix not in _FORMATS:
        raise click.BadParameter("the name must end in .csv, .md, .tex or .html.", param_hint="--to")
    chosen = list({run.id: run for run in (store.get(home, each) for each in runs)}.values())
    failed = _predict(home, chosen, on) if predict else {}
    found = comparison.judge(home, chosen, split, on=on, common=common, via="cli")
    rows = found.rows
    if not rows:
        return Report([], "No runs yet. `fer train --dataset N --recipe compact` starts one.")
    own = split == "val" and on is None  # then it is the validation accuracy every run has
    columns = ("rank", *_BOARD_COLUMNS) if own else ("rank", "accuracy", "images", *_BOARD_COLUMNS)
    lines = [table(columns, [cells({**row, "rank": _rank_word(row)}, columns) for row in rows])]
    lines += [f"{row['run']}: {row['problem']}" for row in rows if row["problem"]]
    lines += [
        f"{row['run']}: not ranked. {row['unranked']}"
        for row in rows
        if row["unranked"] and not row["problem"]
    ]
    lines += [f"{row['run']}: {judged_words(store.get(home, row['run']))}" for row in rows if row["judged"]]
    lines += [f"{run} could not be asked: {why}" for run, why in failed.items()]
    if len(chosen) == 2:
        lines.append(_difference(chosen, split, found.version))
    if to is not None:
        _write(to, found, columns, split, chosen)
        lines.append(f"Written: {to}")
    return Report(rows, "\n".join(lines))


def _predict(home: Workspace, chosen: Sequence[Run], on: str | None) -> dict[str, str]:
    from fer_core.evaluation import comparison

    if on is None:
        raise click.BadParameter("needs --on, the version to predict.", param_hint="--predict")
    return comparison.predict_all(home, chosen, on)


def _rank_word(row: JudgedRun) -> str | None:
    return f"{row['rank']}{'=' if row['shared'] else ''}" if row["rank"] else None


def _difference(runs: list[Run], split: str, on: str | None) -> str:
    from fer_core.base.errors import FerError
    from fer_core.evaluation import ledger, run_pair, scores
    from fer_core.evaluation.leakage import run_leaks

    looked = {(look["run"], look["version"]) for look in ledger.reads(runs[0].workspace)}
    scores.look_at_all([run for run in runs if (run.id, run.version) not in looked], split, "cli")
    leaked = [cost for run in runs if (cost := run_leaks.own_cost(run, split)) is not None]
    own = "".join(f"\n{cost.run}: {cost.words}" for cost in leaked)
    told = f"What differs: {run_pair.differences(*runs)}\n"
    try:
        found = run_pair.compare_runs(runs[0], runs[1], split, on).verdict
    except FerError as error:
        return f"{told}These two cannot be held against each other: {error}{own}"
    low, high = found["interval"]
    return told + (
        f"{runs[1].id} against {runs[0].id}: {found['difference'] * 100:+.1f} points "
        f"[{low * 100:+.1f}, {high * 100:+.1f}], p {found['p']:.2g}; "
        f"{'significant' if found['told_apart'] else 'not significant'}; "
        f"fixed {found['fixed']:,}, broke {found['broke']:,} of {found['images']:,}{own}"
    )


def _write(path: Path, found: Comparison, columns: Sequence[str], split: str, runs: list[Run]) -> None:
    import pandas as pd

    from fer_core.base.atomic import write_atomic
    from fer_core.reports import comparison_page
    from fer_core.reports.table_text import as_text

    if path.suffix != ".html":
        shown = pd.DataFrame([cells(row, columns) for row in found.rows], columns=list(columns))
        write_atomic(path.resolve(), as_text(shown, _FORMATS[path.suffix]))
        return
    names = [
        "rank",
        "run",
        "recipe",
        "version",
        "low",
        "accuracy",
        "high",
        "gap",
        "macro_f1",
        "parameters",
        "ledger",
    ]
    rows = [cells({**row, "rank": _rank_word(row)}, names) for row in found.rows]
    board = pd.DataFrame(rows, columns=names)
    about = f"By {'test' if split == 'test' else 'validation'} accuracy at the best epoch."
    text = comparison_page.of_runs("Comparison of runs", about, board, runs, split, found.version)
    write_atomic(path.resolve(), text)


COMMANDS: list[click.Command] = [compare]
