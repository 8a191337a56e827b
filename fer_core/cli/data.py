"""Verbs about datasets: sample, import, datasets, describe, export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fer_core.cli.common import dataset, emit, job_option, json_option, name_argument, text_table, version_option, work
from fer_core.data import datasets as store
from fer_core.workspace import current


def _summary(found: store.Dataset) -> dict[str, Any]:
    return store.describe(found)


def _say(summary: dict[str, Any]) -> None:
    click.echo(
        f"{summary['name']}: {summary['images']:,} images, {len(summary['classes'])} classes, "
        f"{summary['unreadable']:,} unreadable, version {summary['version']}"
    )


@click.command("sample")
@click.option("--name", default="sample", show_default=True, help="Name of the dataset.")
@json_option
@job_option
def sample(name: str, as_json: bool, job: Path | None) -> None:
    """Put the built-in sample in place: about 1,200 drawn faces with faults planted on purpose."""
    from fer_core.data.sample import make_sample

    with work(job) as (progress, result):
        result |= _summary(make_sample(current(), name))
    if as_json:
        emit(result)
    elif job is None:
        _say(result)


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the new dataset.")
@click.option("--copy", is_flag=True, help="Keep a copy of an archive in the workspace.")
@click.option("--own", is_flag=True, hidden=True, help="Take the archive over (uploads).")
@json_option
@job_option
def import_(path: Path, name: str, copy: bool, own: bool, as_json: bool, job: Path | None) -> None:
    """Import a folder or archive of labelled faces. The files are read where they are and never changed."""
    with work(job) as (progress, result):
        try:
            result |= _summary(store.import_dataset(current(), path, name, progress=progress, copy=copy or own))
        finally:
            if own:
                path.unlink(missing_ok=True)
    if as_json:
        emit(result)
    elif job is None:
        _say(result)
        for problem in result["problems"][:10]:
            click.echo(f"  unreadable: {problem['path']}: {problem['reason']}")


@click.command("datasets")
@json_option
def datasets(as_json: bool) -> None:
    """List the datasets of the workspace."""
    rows = [_summary(found) for found in store.list_datasets(current())]
    if as_json:
        emit([{k: row[k] for k in ("name", "version", "images", "unreadable")} for row in rows])
    else:
        body = [(r["name"], r["version"], r["images"], len(r["classes"]), r["unreadable"]) for r in rows]
        click.echo(text_table(("name", "version", "images", "classes", "unreadable"), body))


@click.command("describe")
@name_argument
@version_option
@json_option
def describe(name: str, version: str | None, as_json: bool) -> None:
    """Counts per split and class, and what could not be read."""
    summary = store.describe(dataset(name), version)
    if as_json:
        emit(summary)
        return
    _say(summary)
    names = list(summary["classes"])
    rows = [(split, *(row.get(c, 0) for c in names), summary["splits"][split]) for split, row in summary["counts"].items()]
    click.echo(text_table(("split", *names, "all"), rows))


@click.command("export")
@name_argument
@click.option("--to", type=click.Path(path_type=Path), required=True, help="New or empty folder.")
@version_option
@json_option
def export(name: str, to: Path, version: str | None, as_json: bool) -> None:
    """Write a version as a tree of split/class folders with the original files."""
    from fer_core.data.export import export_version

    found = dataset(name)
    result = export_version(found, found.version(version), to)
    if as_json:
        emit(result)
    else:
        click.echo(f"{result['images']:,} images written to {to}")


COMMANDS: list[click.Command] = [sample, import_, datasets, describe, export]
