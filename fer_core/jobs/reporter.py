"""The side of the worker: progress, a result, a failure, and a request to stop."""

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
"""Called with done, total (0 where unknown) and what is counted."""
RESULT = "result.json"
_WRITE_EVERY = 0.2  # seconds


class Stopped(SystemExit):
    """The work was asked to stop. Not an `Exception`: only clean-up code should see it."""


def failure_message(error: BaseException) -> str:
    """A failure in words."""
    return str(error) if isinstance(error, FerError) else f"{type(error).__name__}: {error}"


class Reporter:
    """Progress, then a result or a failure. Turns a request to stop (SIGTERM) into `Stopped`.

    Args:
        folder: of the job.
        message_of: puts a failure into words.

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
        """Report progress; written at most five times a second, and when it is complete or counts anew."""
        progress = self._meter(done, total, what)
        anew, self._last = what != self._last.what, progress
        if anew or done == total or self._file.due():
            self._file.write(progress)

    def finish(self, result: Mapping[str, object]) -> None:
        """The work is done; `result` is JSON-ready."""
        write_json(self._folder / RESULT, {"state": "finished", "result": result})

    def fail(self, error: BaseException, done: Mapping[str, object] | None = None) -> None:
        """The work failed, or was stopped; `done` says what came of it until then, JSON-ready."""
        stopped = isinstance(error, Stopped | KeyboardInterrupt)
        how = {"state": "stopped"} if stopped else {"state": "failed", "error": self._message_of(error)}
        write_json(self._folder / RESULT, {**how, "result": done} if done else how)


def _raise_stopped(number: int, frame: FrameType | None) -> NoReturn:
    raise Stopped(128 + number)
