"""Long work: progress where somebody watches, and a folder with progress and result where it runs as a job."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.errors import FerError

if TYPE_CHECKING:
    from fer_core.jobs import ProgressFn

job_option = click.option("--job", type=click.Path(path_type=Path), default=None, hidden=True)
_ETA_AFTER = 1.0  # seconds of work before its pace says anything


@dataclass
class Work:
    """Work in progress.

    Attributes:
        progress: called with done, total (0 where unknown) and what is counted.
        result: what a job leaves behind, JSON-ready.
    """

    progress: ProgressFn
    result: dict[str, Any] = field(default_factory=dict)


@contextmanager
def work(job: Path | None = None) -> Iterator[Work]:
    """Do long work inside.

    Args:
        job: the folder of a job (`--job`, see `fer_core.jobs`), whose files say how far it is, what came of it or
            why it failed; None shows progress on a terminal.
    """
    if job is None:
        line = TerminalLine()
        try:
            yield Work(line)
        finally:
            line.clear()
        return
    from fer_core.jobs import Reporter

    reporter = Reporter(job)
    task = Work(reporter)
    try:
        yield task
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, FerError):
            traceback.print_exc()  # stderr is the job's log
        reporter.fail(error)
        raise
    reporter.finish(task.result)


class TerminalLine:
    """Progress as one line on stderr that is wiped at the end; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._what = ""
        self._since = 0.0

    def __call__(self, done: int, total: int, what: str) -> None:
        if not self._watched:
            return
        now = time.monotonic()
        if what != self._what:
            self._what, self._since = what, now
        spent = now - self._since
        words = f"{what} {done:,} of {total:,}" if total else what
        if total and done and spent > _ETA_AFTER:
            words += f", {_duration(spent / done * (total - done))} left"
        click.echo(f"\r{words}\033[K", err=True, nl=False)

    def clear(self) -> None:
        if self._watched and self._what:
            click.echo("\r\033[K", err=True, nl=False)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
