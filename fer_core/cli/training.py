"""Verbs about training: train, runs, stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from fer_core.base.errors import JobError, RecipeError
from fer_core.cli.common import dataset, settings_option, version_option, workspace
from fer_core.cli.report import Report, json_wanted, reports, table

if TYPE_CHECKING:
    from fer_core.recipes.recipe import Recipe
    from fer_core.runs.records import Epoch, RunSummary
    from fer_core.runs.run import Run


@click.command("train")
@click.option("--dataset", "name", metavar="NAME", default=None, help="Dataset to train on.")
@click.option("--recipe", metavar="RECIPE", default=None, help="A name from `recipes`, or a .toml file.")
@version_option
@settings_option
@click.option(
    "--resume",
    "paused",
    metavar="RUN",
    default=None,
    help="Go on with a run that was paused, stopped, killed or failed.",
)
@click.option(
    "--fork",
    "forked",
    metavar="RUN@EPOCH",
    default=None,
    help="A new run that begins where another was: 41@12, 41@best, 41@last; --set changes it.",
)
@click.option("--seeds", type=int, metavar="N", default=None, help="N runs with seeds of their own.")
@click.option(
    "--folds",
    type=int,
    metavar="K",
    default=None,
    help="A run on each fold that `stratify --folds K` has made.",
)
@click.option("--hypothesis", metavar="TEXT", default="", help="Why the run is made; shown beside what came.")
@click.option(
    "--expect",
    "expected",
    type=float,
    metavar="ACCURACY",
    default=None,
    help="Expected validation accuracy, 0 to 1; held against what came.",
)
@click.option("--detach", is_flag=True, help="Return at once; the runs go on by themselves.")
@reports
def train(
    name: str | None,
    recipe: str | None,
    version: str | None,
    settings: tuple[str, ...],
    paused: str | None,
    forked: str | None,
    seeds: int | None,
    folds: int | None,
    hypothesis: str,
    expected: float | None,
    detach: bool,
) -> Report:
    """Train a recipe on a version, in a process of its own.

    One run works at a time, others wait in the queue. Each epoch is told on stderr as it ends, unless --json. Ctrl-C stops
    the run and keeps the best weights. The status is 1 if a run fails.
    """
    from fer_core.runs import run_annotations, store
    from fer_core.scheduling import experiments, resume

    run_annotations.check_expected(expected)
    ways = {"--resume": paused, "--fork": forked, "--seeds": seeds, "--folds": folds}
    chosen = [option for option, value in ways.items() if value is not None]
    if len(chosen) > 1:
        raise RecipeError("These options exclude each other", received=" ".join(chosen))
    if paused is not None or forked is not None:
        said = hypothesis or expected is not None
        if name or recipe or version or (paused and (settings or said)):
            hint = "A run keeps its dataset, version and recipe; --fork takes --set"
            raise RecipeError(f"{chosen[0]} stands alone", received="other options", hint=hint)
        if paused is not None:
            runs = [resume.resume(store.get(workspace(), paused))]
        else:
            number, epoch = resume.parse_fork(forked or "")
            runs = [resume.fork(store.get(workspace(), number), epoch, settings_of(settings))]
    else:
        runs = _new_runs(name, recipe, version, settings_of(settings), seeds, folds)
    for run in runs:
        run_annotations.expect(run, hypothesis, expected)
    if {paused, forked, folds} != {None}:  # of others it was said before they were made
        _warn((run.dataset, run.version, run.recipe) for run in runs)
    if detach:
        text = "\n".join(f"{r.id} is {r.state}; `fer runs` shows it, `fer stop {r.id}` ends it" for r in runs)
        return _several([r.summary() for r in runs], text, None)
    for run in runs:
        _follow(run, quiet=json_wanted())
    summaries = [run.summary() for run in runs]
    error = None
    if bad := [s for s in summaries if s["state"] in {"failed", "lost"}]:
        reason = bad[0]["reason"] or f"The log is {runs[summaries.index(bad[0])].folder / 'log.txt'}"
        error = JobError(f"Run {bad[0]['run']} ended as {bad[0]['state']}", hint=reason)
    told = [experiments.spread(runs), *map(_expected, runs)]
    return _several(summaries, "\n".join(filter(None, [_run_table(summaries), *told])), error)


def _expected(run: Run) -> str:
    """What was expected of a run and what came; "" where nobody said."""
    from fer_core.evaluation.verdicts.expectation import outcome_of

    told = outcome_of(run)
    return f"{run.id}: {told.word}, {told.text}" if told else ""


def _warn(versions: Iterable[tuple[str, str, Recipe]]) -> None:
    """Say on stderr what the Train page says of the versions that are trained on and of the recipe, each sentence once."""
    from fer_core.scheduling import readiness

    notes: dict[str, None] = {}
    for name, version, recipe in versions:
        found = readiness.cautions_of(dataset(name), version, recipe)
        notes |= dict.fromkeys(str(caution) for caution in found if not caution.blocks)  # those are errors
    for note in notes:
        click.echo(f"note: {note}", err=True)


def _several(summaries: list[RunSummary], text: str, error: JobError | None) -> Report:
    """One run is one JSON object; an experiment is a list of them."""
    return Report(summaries[0] if len(summaries) == 1 else summaries, text, error)


def _new_runs(
    name: str | None,
    recipe: str | None,
    version: str | None,
    settings: dict[str, str],
    seeds: int | None,
    folds: int | None,
) -> list[Run]:
    from fer_core.recipes.recipe import load, override
    from fer_core.scheduling import experiments, start

    if not name or not recipe:
        raise RecipeError("train needs --dataset and --recipe", hint="Or --resume RUN, or --fork RUN@EPOCH")
    found = dataset(name)
    if seeds is not None:
        experiments.check_count(seeds)
    if folds is None:  # else the versions are known once the runs are made
        _warn([(name, found.version(version).id, override(load(recipe), settings))])
    if seeds is None and folds is None:
        return [start.start(workspace(), name, version, recipe, settings)]
    if folds is not None:
        if version:
            raise RecipeError("--folds chooses the versions itself", received=f"--version {version}")
        return experiments.folds(found, load(recipe), folds, settings)
    return experiments.seeds(found, found.version(version), load(recipe), seeds or 0, settings)


def settings_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """`("training.epochs=5",)` as {"training.epochs": "5"}; raises RecipeError for a part without =."""
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
    from fer_core.scheduling import start

    told = 0

    def say(line: str) -> None:
        if not quiet:
            click.echo(line, err=True)

    def tell(row: Epoch) -> None:
        nonlocal told
        if row["epoch"] > told:  # waiting again begins with the first epoch
            told = row["epoch"]
            say(_epoch(row))

    say(f"{run.id} is starting; Ctrl-C stops it and keeps the best weights")
    try:
        start.wait(run, on_epoch=tell)
    except KeyboardInterrupt:
        start.stop(run)
        say("\nStopping; the best weights so far are kept")
        start.wait(run, on_epoch=tell)


def _epoch(row: Epoch) -> str:
    words = [f"epoch {row['epoch']:>3}", f"loss {row['loss']:.4f}", f"accuracy {row['accuracy']:.4f}"]
    words += [f"val loss {row['val_loss']:.4f}", f"val accuracy {row['val_accuracy']:.4f}"]
    if "val_macro_f1" in row:
        words.append(f"macro F1 {row['val_macro_f1']:.4f}")
    return "  ".join([*words, f"rate {row['learning_rate']:.1e}", f"{row['seconds']:.1f} s"])


def _run_table(rows: Sequence[Mapping[str, object]]) -> str:
    from fer_core.runs.run import TABLE_COLUMNS

    return table(TABLE_COLUMNS, [[row[column] for column in TABLE_COLUMNS] for row in rows])


@click.command("runs")
@reports
def runs() -> Report:
    """List the training runs, newest first."""
    from fer_core.runs import store

    rows = [run.summary() for run in store.list_runs(workspace())]
    return Report(
        rows,
        _run_table(rows) if rows else "No runs yet. `fer train --dataset N --recipe compact` starts one.",
    )


@click.command("stop")
@click.argument("run")
@reports
def stop(run: str) -> Report:
    """Stop a run and keep its best weights.

    Waits until the best weights are evaluated and exported. A run that has ended is left as it is.
    """
    from fer_core.runs import store
    from fer_core.scheduling import start

    found = store.get(workspace(), run)
    start.stop(found)
    start.wait(found)
    summary = found.summary()
    return Report(summary, _run_table([summary]))


COMMANDS: list[click.Command] = [train, runs, stop]
