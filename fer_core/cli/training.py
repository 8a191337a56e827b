"""Verbs about training: recipes, train, runs, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.common import dataset, version_option, workspace
from fer_core.cli.report import Report, json_wanted, reports, table
from fer_core.errors import JobError, RecipeError

if TYPE_CHECKING:
    from fer_core.runs.run import Run
    from fer_core.training.recipe import Recipe

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


@click.command("recipes")
@click.argument("name", required=False)
@click.option(
    "--classes",
    type=click.IntRange(min=2),
    metavar="N",
    default=None,
    help="Also count the parameters for N classes.",
)
@reports
def recipes(name: str | None, classes: int | None) -> Report:
    """List the recipes, or show one with all its fields.

    Parameters are counted on networks that are built without downloading weights.
    """
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
                **(_counted(loaded, classes) if classes else {}),
            }
        )
    if name:
        text = book.to_toml(book.load(name)).rstrip()
        if classes:
            sizes = f"{rows[0]['parameters']:,} parameters, {rows[0]['trainable_parameters']:,} trained"
            text = f"{text}\n\n# {sizes}, for {classes} classes"
        return Report(rows, text)
    counts = ("parameters", "trainable_parameters") if classes else ()
    columns = ("name", "extends", *counts, "description")
    return Report(rows, table(columns, [[row[column] for column in columns] for row in rows]))


def _counted(recipe: Recipe, classes: int) -> dict[str, int]:
    """Parameters of a recipe's network; in this process, which Keras makes a few seconds slower."""
    from fer_core.models import registry

    size = registry.count(recipe.model, classes)
    return {"parameters": size.parameters, "trainable_parameters": size.trainable_parameters}


@click.command("train")
@click.option("--dataset", "name", metavar="NAME", default=None, help="Dataset to train on.")
@click.option("--recipe", metavar="RECIPE", default=None, help="A name from `recipes`, or a .toml file.")
@version_option
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a field of the recipe; may be repeated.",
)
@click.option(
    "--resume",
    metavar="RUN",
    default=None,
    help="Go on with a run that was paused, stopped, killed or failed.",
)
@click.option(
    "--fork",
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
@click.option("--detach", is_flag=True, help="Return at once; the runs go on by themselves.")
@reports
def train(
    name: str | None,
    recipe: str | None,
    version: str | None,
    settings: tuple[str, ...],
    resume: str | None,
    fork: str | None,
    seeds: int | None,
    folds: int | None,
    detach: bool,
) -> Report:
    """Train a recipe on a version, in a process of its own.

    One run works at a time, others wait in the queue. Each epoch is told on stderr as it ends, unless --json. Ctrl-C stops
    the run and keeps the best weights. The status is 1 if a run fails.
    """
    from fer_core.runs import again, store

    ways = {"--resume": resume, "--fork": fork, "--seeds": seeds, "--folds": folds}
    chosen = [option for option, value in ways.items() if value is not None]
    if len(chosen) > 1:
        raise RecipeError("These options exclude each other", received=" ".join(chosen))
    if resume is not None or fork is not None:
        if name or recipe or version or (resume and settings):
            hint = "A run keeps its dataset, version and recipe; --fork takes --set"
            raise RecipeError(f"{chosen[0]} stands alone", received="other options", hint=hint)
        if resume is not None:
            runs = [again.resume(store.get(workspace(), resume))]
        else:
            number, epoch = again.parse_fork(fork or "")
            runs = [again.fork(store.get(workspace(), number), epoch, settings_of(settings))]
    else:
        runs = _new_runs(name, recipe, version, settings_of(settings), seeds, folds)
    if detach:
        text = "\n".join(f"{r.id} is {r.state}; `runs` shows it, `stop {r.id}` ends it" for r in runs)
        return _several([r.summary() for r in runs], text, None)
    for run in runs:
        _follow(run, quiet=json_wanted())
    summaries = [run.summary() for run in runs]
    error = None
    if bad := [s for s in summaries if s["state"] in {"failed", "lost"}]:
        reason = bad[0]["reason"] or f"The log is {runs[summaries.index(bad[0])].folder / 'log.txt'}"
        error = JobError(f"Run {bad[0]['run']} ended as {bad[0]['state']}", hint=reason)
    return _several(summaries, _run_table(summaries), error)


def _several(summaries: list[dict[str, Any]], text: str, error: JobError | None) -> Report:
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
    from fer_core.runs import experiments, launcher
    from fer_core.training.recipe import load

    if not name or not recipe:
        raise RecipeError("train needs --dataset and --recipe", hint="Or --resume RUN, or --fork RUN@EPOCH")
    if seeds is None and folds is None:
        return [launcher.start(workspace(), name, version, recipe, settings)]
    found = dataset(name)
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


COMMANDS: list[click.Command] = [recipes, train, runs, stop]
