"""Verbs about datasets: sample, datasets, describe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fer_core.cli.common import dataset, name_argument, version_option, workspace
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work
from fer_core.errors import FerError

_SHOWN = 10  # problems named one by one


@click.command("sample")
@click.option("--name", metavar="NAME", default="sample", show_default=True, help="Name of the dataset.")
@job_option
@reports
def sample(name: str, job: Path | None) -> Report:
    """Put the built-in sample in place, if it is not there.

    About 1,200 drawn faces in four emotions, with copies, leaks, wrong labels and broken files planted on purpose.
    """
    with work(job) as task:
        task.progress(0, 0, "drawing the faces")
        from fer_core.data.datasets import describe
        from fer_core.data.sample import make_sample

        task.result = describe(make_sample(workspace(), name))
    return told(task.result)


@click.command("datasets")
@reports
def datasets() -> Report:
    """List the datasets, the one changed last first."""
    from fer_core.data.datasets import describe, list_datasets

    rows: list[dict[str, Any]] = []
    for found in list_datasets(workspace()):
        try:
            known = describe(found)
        except FerError as error:  # one that is damaged must not hide the others
            known = {"name": found.name, "problem": str(error)}
        keys = ("name", "version", "number", "images", "classes", "unreadable")
        rows.append({key: known.get(key) for key in keys} | {"problem": known.get("problem", "")})
    if not rows:
        return Report([], "No datasets yet. `sample` makes one, `import PATH --name N` takes yours.")
    shown = [
        (r["name"], r["version"], r["images"], r["classes"] and len(r["classes"]), r["unreadable"])
        for r in rows
    ]
    text = table(("name", "version", "images", "classes", "unreadable"), shown)
    return Report(rows, "\n".join([text, *(f"{r['name']}: {r['problem']}" for r in rows if r["problem"])]))


@click.command("describe")
@name_argument
@version_option
@reports
def describe(name: str, version: str | None) -> Report:
    """Counts per split and class, and what could not be read."""
    from fer_core.data import datasets as store

    found = store.describe(dataset(name), version)
    return Report(found, f"{told(found).text}\n\n{count_table(found)}")


def count_table(numbers: dict[str, Any]) -> str:
    """Images per split and class, with totals and shares, of what `describe` or a version counted."""
    names = list(numbers["classes"])
    total = max(sum(numbers["splits"].values()), 1)
    rows: list[tuple[object, ...]] = [
        (split, *(counts.get(name, 0) for name in names), n, f"{n / total:.1%}")
        for split, counts, n in (
            (split, numbers["counts"].get(split, {}), n) for split, n in numbers["splits"].items()
        )
    ]
    rows.append(("all", *numbers["classes"].values(), sum(numbers["splits"].values()), "100.0%"))
    return table(("split", *names, "images", "share"), rows)


def told(found: dict[str, Any]) -> Report:
    lines = [
        f"{found['name']}: {found['images']:,} images in {len(found['classes'])} classes, "
        f"{found['unreadable']:,} unreadable, version v{found['number']} ({found['version']})",
        *listed("unreadable", found["problems"]),
        *(f"  left out: {n:,} {name}" for name, n in found["skipped"].items()),
    ]
    if found["votes"]:
        unclear = ", ".join(f"{n:,} {name}" for name, n in found["votes"]["unclear"].items())
        lines.append(f"  votes: {found['votes']['images']:,} images; no emotion for most voters: {unclear}")
    return Report(found, "\n".join(lines))


def listed(what: str, problems: list[dict[str, str]]) -> list[str]:
    """The first problems, one line each."""
    lines = [f"  {what}: {p['path']}: {p['reason']}" for p in problems[:_SHOWN]]
    more = len(problems) - _SHOWN
    return [*lines, f"  and {more:,} more; --json lists them all"] if more > 0 else lines


COMMANDS: list[click.Command] = [datasets, describe]
