"""What a worker reports: progress, a result or a failure; and how it is asked to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

from fer_core.base.atomic import write_json
from fer_core.base.errors import FerError
from fer_core.jobs.progress import Progress, ProgressFile, RateMeter

ProgressFn = Callable[[int, int, str], None]
"""Called with done, total (0 if unknown) and what is counted."""
RESULT = "result.json"
_WRITE_EVERY = 0.2  # seconds


class Stopped(SystemExit):
    """The work was asked to stop. Not an `Exception`, so that only clean-up code sees it."""


def failure_message(error: BaseException) -> str:
    """An error for people: a `FerError` explains itself, any other is shown with its type."""
    return str(error) if isinstance(error, FerError) else f"{type(error).__name__}: {error}"


class Reporter:
    """Writes progress, then a result or a failure; raises `Stopped` on SIGTERM.

    Args:
        folder: of the job.
        message_of: turns an error into a message for people.

    Example:
        reporter = Reporter(folder)
        reporter(10, 200, "images read")
        reporter.finish({"images": 200})
    """

    def __init__(self, folder: Path, message_of: Callable[[BaseException], str] = failure_message) -> None:
        self._folder, self._message_of = folder, message_of
        self._meter, self._file = RateMeter(), ProgressFile(folder, _WRITE_EVERY)
        self._last = Progress()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _raise_stopped)

    def __call__(self, done: int, total: int, what: str) -> None:
        """Report progress; written at most five times a second, and whenever `what` changes or all is done."""
        progress = self._meter(done, total, what)
        anew, self._last = what != self._last.what, progress
        if anew or done == total or self._file.due():
            self._file.write(progress)

    def finish(self, result: Mapping[str, object]) -> None:
        """Record the result, a mapping that JSON can hold."""
        write_json(self._folder / RESULT, {"state": "finished", "result": result})

    def fail(self, error: BaseException, done: Mapping[str, object] | None = None) -> None:
        """Record a failure, or that it was stopped; `done` is a partial result that JSON can hold."""
        stopped = isinstance(error, Stopped | KeyboardInterrupt)
        how = {"state": "stopped"} if stopped else {"state": "failed", "error": self._message_of(error)}
        write_json(self._folder / RESULT, {**how, "result": done} if done else how)


def _raise_stopped(number: int, frame: FrameType | None) -> NoReturn:
    raise Stopped(128 + number)
