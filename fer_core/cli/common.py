"""What the verbs share: the dataset argument, JSON or text, progress, running as a job."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fer_core import jobs
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.workspace import current

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
version_option = click.option("--version", default=None, help="Version: id, start of an id, or v3. Default: the newest.")
job_option = click.option("--job", type=click.Path(path_type=Path), default=None, hidden=True)
name_argument = click.argument("name")


def dataset(name: str) -> Dataset:
    """The dataset of that name in the current workspace."""
    return open_dataset(current(), name)


def emit(value: Any) -> None:
    """Print the one JSON document of a `--json` call."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns aligned for a terminal; numbers to the right, with thousands separators."""

    def word(value: object) -> str:
        if value is None:
            return "-"
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        return f"{value:.4f}" if isinstance(value, float) else str(value)

    cells = [[word(v) for v in row] for row in rows]
    widths = [max(len(h), *(len(r[i]) for r in cells)) if cells else len(h) for i, h in enumerate(header)]
    number = [bool(rows) and all(isinstance(r[i], int | float | None) for r in rows) for i in range(len(header))]

    def line(values: Sequence[str]) -> str:
        parts = (v.rjust(w) if n else v.ljust(w) for v, w, n in zip(values, widths, number, strict=True))
        return "  ".join(parts).rstrip()

    return "\n".join([line(list(header)), line(["-" * w for w in widths]), *(line(r) for r in cells)])


def _terminal_progress() -> Callable[[int, int, str], None]:
    """A single line on stderr, only where somebody watches."""

    def show(done: int, total: int, what: str) -> None:
        if sys.stderr.isatty():
            end = "\n" if total and done >= total else ""
            click.echo(f"\r{what} {done:,} of {total:,}\033[K{end}", err=True, nl=False)

    return show


@contextmanager
def work(job: Path | None) -> Iterator[tuple[jobs.ProgressFn, dict[str, Any]]]:
    """Progress for long work, and a place for its result.

    Run as a job (`--job DIR`), progress, result or failure go to the job's folder, where the page reads them.
    """
    result: dict[str, Any] = {}
    if job is None:
        yield _terminal_progress(), result
        return
    reporter = jobs.Reporter(job)
    try:
        yield reporter, result
    except BaseException as error:
        reporter.fail(error)
        raise
    reporter.finish(result)
