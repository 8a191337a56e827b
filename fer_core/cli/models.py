"""Verbs about models: recipes, train, runs, stop, compare, predict."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click

from fer_core.cli.common import dataset, emit, json_option, text_table, version_option
from fer_core.errors import FerError, JobError, RecipeError
from fer_core.workspace import current

_RUN_COLUMNS = ("run", "state", "recipe", "dataset", "version", "epochs", "best_epoch", "val_accuracy", "seconds")


def _settings(pairs: tuple[str, ...]) -> dict[str, str]:
    result = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise RecipeError("--set takes key=value", received=pair, hint="For example --set optimizer.learning_rate=0.001")
        result[key.strip()] = value.strip()
    return result


@click.command("recipes")
@click.argument("name", required=False)
@json_option
def recipes(name: str | None, as_json: bool) -> None:
    """List the recipes, or show one: what it extends and what it changes."""
    from fer_core.training import recipe as book

    wanted = [name] if name else book.names()
    rows: list[dict[str, Any]] = []
    for each in wanted:
        loaded = book.load(each)
        rows.append({"name": each, "extends": loaded.extends, "changes": book.changes(each), "fields": loaded.model_dump(mode="json")})
    if as_json:
        emit(rows)
    elif name:
        click.echo(book.to_toml(book.load(name)))
    else:
        click.echo(text_table(("name", "extends", "description"), [(r["name"], r["extends"], r["fields"]["description"]) for r in rows]))


@click.command("train")
@click.option("--dataset", "name", required=True, help="Dataset to train on.")
@click.option("--recipe", required=True, help="Name of a recipe; `recipes` lists them.")
@version_option
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one field; may be repeated.")
@click.option("--detach", is_flag=True, help="Start and return; the run goes on by itself.")
@json_option
def train(name: str, recipe: str, version: str | None, settings: tuple[str, ...], detach: bool, as_json: bool) -> None:
    """Train a recipe on a version, in a process of its own. Ctrl-C stops it and keeps the best weights."""
    from fer_core.runs import launcher

    found = dataset(name)
    run = launcher.start(current(), found, found.version(version).id, recipe, _settings(settings))
    if not detach:
        run = _follow(run.id, quiet=as_json)
    summary = run.summary()
    if as_json:
        emit(summary)
    else:
        click.echo(text_table(_RUN_COLUMNS, [[summary[c] for c in _RUN_COLUMNS]]))
    if summary["state"] in {"failed", "lost"}:
        raise JobError(f"Run {run.id} ended as {summary['state']}", hint=summary.get("reason") or f"See {run.folder / 'log.txt'}")


def _follow(run_id: str, *, quiet: bool) -> Any:
    """Wait for a run, printing each epoch as it ends."""
    from fer_core.runs import launcher, store

    def show(row: dict[str, Any]) -> None:
        if not quiet:
            click.echo(
                f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.4f}  "
                f"val loss {row['val_loss']:.4f}  val accuracy {row['val_accuracy']:.4f}  "
                f"lr {row['learning_rate']:.2e}  {row['seconds']:.1f} s",
                err=True,
            )

    run = store.get(current(), run_id)
    try:
        launcher.wait(run, on_epoch=show)
    except KeyboardInterrupt:
        click.echo("Stopping; the best weights so far are kept.", err=True)
        launcher.stop(run)
        launcher.wait(run, on_epoch=show)
    return store.get(current(), run_id)


@click.command("runs")
@json_option
def runs(as_json: bool) -> None:
    """List the training runs, newest first."""
    from fer_core.runs import store

    rows = [run.summary() for run in store.list_runs(current())]
    if as_json:
        emit(rows)
    else:
        click.echo(text_table(_RUN_COLUMNS, [[row[c] for c in _RUN_COLUMNS] for row in rows]))


@click.command("stop")
@click.argument("run")
@json_option
def stop(run: str, as_json: bool) -> None:
    """Stop a run after the batch it is in. The best weights so far are kept, evaluated and exported."""
    from fer_core.runs import launcher, store

    found = store.get(current(), run)
    launcher.stop(found)
    launcher.wait(found)
    summary = store.get(current(), run).summary()
    if as_json:
        emit(summary)
    else:
        click.echo(f"{summary['run']}: {summary['state']}")


@click.command("compare")
@click.argument("runs", nargs=-1)
@json_option
def compare(runs: tuple[str, ...], as_json: bool) -> None:
    """The leaderboard: best-epoch validation accuracy first, with gap, macro F1, size and time."""
    from fer_core.evaluation.report import leaderboard
    from fer_core.runs import store

    workspace = current()
    chosen = [store.get(workspace, r) for r in runs] if runs else store.list_runs(workspace)
    rows = leaderboard(chosen)
    if as_json:
        emit(rows)
        return
    columns = ("run", "recipe", "dataset", "version", "val_accuracy", "train_accuracy", "gap", "verdict", "macro_f1", "parameters", "seconds")
    click.echo(text_table(columns, [[row[c] for c in columns] for row in rows]))


@click.command("predict")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", required=True, help="A run's id, or an .onnx file.")
@click.option("--faces", "mode", flag_value="faces", help="Look for faces, also in small pictures.")
@click.option("--whole", "mode", flag_value="whole", help="Use each picture whole, as a face crop.")
@click.option("--flip", is_flag=True, help="Average with the mirrored face.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one row per face as CSV.")
@click.option("--annotate", type=click.Path(path_type=Path), default=None, help="Folder for copies with boxes drawn in.")
@json_option
def predict(
    files: tuple[Path, ...], model: str, mode: str | None, flip: bool, as_csv: bool, annotate: Path | None, as_json: bool
) -> None:
    """Emotions of the faces in pictures. A folder stands for the pictures in it."""
    from fer_core.inference import photo
    from fer_core.inference.predictor import Predictor
    from fer_core.runs import store

    path = Path(model)
    predictor = Predictor.load(path if path.suffix == ".onnx" else store.get(current(), model).folder)
    documents: list[dict[str, Any]] = []
    failures = 0
    for file in photo.pictures(files):
        try:
            data = file.read_bytes()
            result = photo.analyse(predictor, data, str(file), mode=mode or "auto", flip=flip)
        except (FerError, OSError) as error:
            failures += 1
            documents.append({"file": str(file), "error": str(error), "faces": []})
            continue
        documents.append(result.to_json())
        if annotate:
            annotate.mkdir(parents=True, exist_ok=True)
            photo.annotate(data, result).save(annotate / f"{file.stem}.annotated.png")
    if as_json:
        emit(documents)
    elif as_csv:
        rows = photo.rows(documents)
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]) if rows else ["file"])
        writer.writeheader()
        writer.writerows(rows)
    else:
        for document in documents:
            click.echo(photo.sentence(document))
    if failures == len(documents):
        raise FerError("None of the files could be read", received=", ".join(str(f) for f in files[:3]))


COMMANDS: list[click.Command] = [recipes, train, runs, stop, compare, predict]
