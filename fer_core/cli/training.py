"""Verbs about training: recipes, train, runs, stop, compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.common import version_option, workspace
from fer_core.cli.report import Report, json_wanted, reports, table
from fer_core.errors import JobError, RecipeError

if TYPE_CHECKING:
    from fer_core.runs.run import Run

_RUN_COLUMNS = (
    "run",
    "state",
    "recipe",
    "dataset",
    "version",
    "epochs",
    "best_epoch",
    "val_accuracy",
    "seconds",
)
_BOARD_COLUMNS = (
    "run", "recipe", "dataset", "version", "val_accuracy", "train_accuracy", "gap", "verdict", "macro_f1",
    "parameters", "seconds",
)  # fmt: skip


@click.command("recipes")
@click.argument("name", required=False)
@reports
def recipes(name: str | None) -> Report:
    """List the recipes, or show one with all its fields."""
    from fer_core.training import recipe as book

    rows: list[dict[str, Any]] = []
    for each in [name] if name else book.names():
        loaded = book.load(each)
        rows.append(
            {
                "name": loaded.name,
                "extends": loaded.extends,
                "description": loaded.description,
                "changes": book.changes(each),
                "fields": book.fields(loaded),
            }
        )
    if name:
        return Report(rows, book.to_toml(book.load(name)).rstrip())
    columns = ("name", "extends", "description")
    return Report(rows, table(columns, [[row[column] for column in columns] for row in rows]))


@click.command("train")
@click.option("--dataset", "name", metavar="NAME", required=True, help="Dataset to train on.")
@click.option("--recipe", metavar="RECIPE", required=True, help="A name from `recipes`, or a .toml file.")
@version_option
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a field of the recipe; may be repeated.",
)
@click.option("--detach", is_flag=True, help="Return at once; the run goes on by itself.")
@reports
def train(name: str, recipe: str, version: str | None, settings: tuple[str, ...], detach: bool) -> Report:
    """Train a recipe on a version, in a process of its own.

    Each epoch is told on stderr as it ends, unless --json. Ctrl-C stops the run and keeps the best weights. The status is 1 if
    the run fails.
    """
    from fer_core.runs import launcher

    run = launcher.start(workspace(), name, version, recipe, _settings(settings))
    if detach:
        return Report(run.summary(), f"{run.id} is running; `runs` shows it, `stop {run.id}` ends it")
    _follow(run, quiet=json_wanted())
    summary = run.summary()
    error = None
    if summary["state"] in {"failed", "lost"}:
        reason = summary["reason"] or f"The log is {run.folder / 'log.txt'}"
        error = JobError(f"Run {run.id} ended as {summary['state']}", hint=reason)
    return Report(summary, _run_table([summary]), error)


def _settings(pairs: tuple[str, ...]) -> dict[str, str]:
    result = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            hint = "For example --set training.epochs=5"
            raise RecipeError("--set takes KEY=VALUE", received=pair, hint=hint)
        result[key.strip()] = value.strip()
    return result


def _follow(run: Run, *, quiet: bool) -> None:
    """Wait for a run and tell each epoch, unless `quiet`; an interrupt stops the run and waits for its end."""
    from fer_core.runs import launcher

    told = 0

    def say(line: str) -> None:
        if not quiet:
            click.echo(line, err=True)

    def tell(row: dict[str, Any]) -> None:
        nonlocal told
        if row["epoch"] > told:  # waiting again begins with the first epoch
            told = row["epoch"]
            say(_epoch(row))

    say(f"{run.id} is starting; Ctrl-C stops it and keeps the best weights")
    try:
        launcher.wait(run, on_epoch=tell)
    except KeyboardInterrupt:
        launcher.stop(run)
        say("\nStopping; the best weights so far are kept")
        launcher.wait(run, on_epoch=tell)


def _epoch(row: dict[str, Any]) -> str:
    words = [f"epoch {row['epoch']:>3}"]
    for key in ("loss", "accuracy", "val_loss", "val_accuracy"):
        words.append(f"{key.replace('val_', 'val ')} {row[key]:.4f}")
    return "  ".join([*words, f"rate {row['learning_rate']:.1e}", f"{row['seconds']:.1f} s"])


def _run_table(rows: list[dict[str, Any]]) -> str:
    return table(_RUN_COLUMNS, [[row[column] for column in _RUN_COLUMNS] for row in rows])


@click.command("runs")
@reports
def runs() -> Report:
    """List the training runs, newest first."""
    from fer_core.runs import store

    rows = [run.summary() for run in store.list_runs(workspace())]
    return Report(
        rows, _run_table(rows) if rows else "No runs yet. `train --dataset N --recipe compact` starts one."
    )


@click.command("stop")
@click.argument("run")
@reports
def stop(run: str) -> Report:
    """Stop a run and keep its best weights.

    Waits until the best weights are evaluated and exported. A run that has ended is left as it is.
    """
    from fer_core.runs import launcher, store

    found = store.get(workspace(), run)
    launcher.stop(found)
    launcher.wait(found)
    summary = found.summary()
    return Report(summary, _run_table([summary]))


@click.command("compare")
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@reports
def compare(runs: tuple[str, ...]) -> Report:
    """Rank runs by validation accuracy at their best epoch.

    All runs, or those named. The gap is train minus validation accuracy in percentage points.
    """
    from fer_core.evaluation.report import leaderboard
    from fer_core.runs import store

    home = workspace()
    chosen = {r.id: r for r in (store.get(home, each) for each in runs)} if runs else {}
    rows = leaderboard(chosen.values() if runs else store.list_runs(home))
    if not rows:
        return Report([], "No runs yet. `train --dataset N --recipe compact` starts one.")
    text = table(_BOARD_COLUMNS, [[row[column] for column in _BOARD_COLUMNS] for row in rows])
    notes = [f"{row['run']}: {row['problem']}" for row in rows if row["problem"]]
    return Report(rows, "\n".join([text, *notes]))


COMMANDS: list[click.Command] = [recipes, train, runs, stop, compare]
