"""Long work: progress where somebody watches, and a folder with progress and result where it runs as a job."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.base.errors import FerError

if TYPE_CHECKING:
    from fer_core.jobs.reporter import ProgressFn

job_option = click.option("--job", type=click.Path(path_type=Path), default=None, hidden=True)


@dataclass
class Work:
    """Work in progress.

    Attributes:
        progress: called with done, total (0 where unknown) and what is counted.
        result: what a job leaves behind, JSON-ready; also of one that was stopped, where it is set by then.
        job: whether it runs as a job.
    """

    progress: ProgressFn
    result: Mapping[str, Any] = field(default_factory=dict)
    job: bool = False

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is saved in several steps: a job that is asked to stop meanwhile ends after them, and has finished."""
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN) if self.job else None
        try:
            yield
        finally:
            if before is not None:
                signal.signal(signal.SIGTERM, before)


@contextmanager
def work(job: Path | None = None) -> Iterator[Work]:
    """Do long work inside.

    Args:
        job: the folder of a job (`--job`, see `fer_core.jobs.job`), whose files say how far it is, what came of it or
            why it failed; None shows progress on a terminal.
    """
    if job is None:
        line = TerminalLine()
        try:
            yield Work(line)
        finally:
            line.clear()
        return
    from fer_core.base import json_log
    from fer_core.jobs.reporter import Reporter

    json_log.configure()
    reporter = Reporter(job)
    task = Work(reporter, job=True)
    try:
        yield task
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, FerError):
            logging.getLogger("fer").exception("The work failed")  # stderr is the job's log
        reporter.fail(error, task.result)
        raise
    reporter.finish(task.result)


class TerminalLine:
    """Progress as one line on stderr that is wiped at the end; silent where stderr is no terminal."""

    def __init__(self) -> None:
        from fer_core.jobs.progress import RateMeter

        self._meter = RateMeter() if sys.stderr.isatty() else None
        self._shown = False

    def __call__(self, done: int, total: int, what: str) -> None:
        if self._meter is None:
            return
        progress = self._meter(done, total, what)
        words = f"{what} {done:,} of {total:,}" if total else what
        if progress.eta_s is not None:
            words += f", {_duration(progress.eta_s)} left"
        click.echo(f"\r{words}\033[K", err=True, nl=False)
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\033[K", err=True, nl=False)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
