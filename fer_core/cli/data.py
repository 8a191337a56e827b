"""Verbs about datasets: sample, datasets, describe."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.base.errors import FerError
from fer_core.cli.common import dataset, name_argument, no_compare_option, version_option, workspace
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.records import DatasetNumbers, Tally
    from fer_core.jobs.reporter import ProgressFn

_SHOWN = 10  # problems named one by one


@click.command("sample")
@click.option("--name", metavar="NAME", default="sample", show_default=True, help="Name of the dataset.")
@no_compare_option
@job_option
@reports
def sample(name: str, no_compare: bool, job: Path | None) -> Report:
    """Put the built-in sample in place, if it is not there.

    About 1,200 drawn faces in four emotions, with copies, leaks, wrong labels and broken files planted on purpose.
    """
    with work(job) as task:
        task.progress(0, 0, "drawing the faces")
        from fer_core.data.datasets import describe
        from fer_core.data.sample.make import make_sample

        found = make_sample(workspace(), name, progress=task.progress)
        task.result = counted = describe(found)
        said = "" if no_compare else compared(found, task.progress)
    return told(counted, said)


@dataclass(frozen=True)
class ListedDataset:
    """A dataset in the list; of a damaged one only the problem is known."""

    name: str
    version: str | None = None
    number: int | None = None
    images: int | None = None
    classes: dict[str, int] | None = None
    unreadable: int | None = None
    problem: str = ""


@click.command("datasets")
@reports
def datasets() -> Report:
    """List the datasets, the one changed last first."""
    from fer_core.data.datasets import describe, list_datasets

    rows: list[ListedDataset] = []
    for found in list_datasets(workspace()):
        try:
            known = describe(found)
        except FerError as error:  # one that is damaged must not hide the others
            rows.append(ListedDataset(found.name, problem=str(error)))
            continue
        numbers = (known["version"], known["number"], known["images"], known["classes"], known["unreadable"])
        rows.append(ListedDataset(found.name, *numbers))
    if not rows:
        return Report([], "No datasets yet. `fer sample` makes one, `fer import PATH --name N` takes yours.")
    shown = [(r.name, r.version, r.images, r.classes and len(r.classes), r.unreadable) for r in rows]
    text = table(("name", "version", "images", "classes", "unreadable"), shown)
    problems = [f"{r.name}: {r.problem}" for r in rows if r.problem]
    return Report([asdict(row) for row in rows], "\n".join([text, *problems]))


@click.command("describe")
@name_argument
@version_option
@reports
def describe(name: str, version: str | None) -> Report:
    """Counts per split, class and source, what could not be read, and what is known about copies across splits."""
    from fer_core.data import datasets
    from fer_core.splits import leaks

    own = dataset(name)
    found = datasets.describe(own, version)
    known = leaks.leaks_of(own, version)
    sources = own.manifest(version).query("error == ''")["source"].value_counts()
    by_source = {str(source): int(n) for source, n in sources.items()}
    text = f"{told(found).text}\n\n{count_table(found)}\n\n{known.sentence}"
    if len(sources) > 1:
        text += "\nsources: " + ", ".join(f"{n:,} {source}" for source, n in by_source.items())
    return Report({**found, "leaks": known.record(), "sources": by_source}, text)


def count_table(numbers: Tally) -> str:
    """Images per split and class, with totals and shares, of what `describe` or a version counted."""
    names = list(numbers["classes"])
    total = max(sum(numbers["splits"].values()), 1)
    bare = sum(numbers["splits"].values()) - sum(numbers["classes"].values())
    rows: list[tuple[object, ...]] = []
    for split, n in numbers["splits"].items():
        own = [numbers["counts"].get(split, {}).get(name, 0) for name in names]
        rows.append((split, *own, *([n - sum(own)] if bare else []), n, f"{n / total:.1%}"))
    own = list(numbers["classes"].values())
    rows.append(("all", *own, *([bare] if bare else []), sum(numbers["splits"].values()), "100.0%"))
    return table(("split", *names, *(["no class"] if bare else []), "images", "share"), rows)


def told(found: DatasetNumbers, more: str = "") -> Report:
    """What was added; `more` is a line at the end."""
    from fer_core.data.importing.import_report import import_report

    lines = [
        f"{found['name']}: {found['images']:,} images in {len(found['classes'])} classes, "
        f"{found['unreadable']:,} unreadable, version v{found['number']} ({found['version']})",
        *(f"  {line}" for line in import_report(found)),
    ]
    if found["votes"]:
        unclear = ", ".join(f"{n:,} {name}" for name, n in found["votes"]["unclear"].items())
        lines.append(f"  votes: {found['votes']['images']:,} images; no emotion for most voters: {unclear}")
    return Report(found, "\n".join([*lines, *([more] if more else [])]))


def compared(found: Dataset, progress: ProgressFn) -> str:
    """What became of the comparison that follows an import, in words; "" where it is done. It never fails the import."""
    from fer_core.duplicates.first_comparison import compare_newest

    try:
        job = compare_newest(found, progress)
    except FerError as error:
        return f"Near copies are not compared yet: {error}"
    if job is None:
        return ""
    return f"Near copies are looked for in the background (job {job.id}); the pages show how far it is."


def listed(what: str, problems: list[dict[str, str]]) -> list[str]:
    """The first problems, one line each."""
    lines = [f"  {what}: {p['path']}: {p['reason']}" for p in problems[:_SHOWN]]
    more = len(problems) - _SHOWN
    return [*lines, f"  and {more:,} more; --json lists them all"] if more > 0 else lines


COMMANDS: list[click.Command] = [datasets, describe]
