"""Work that needs a process of its own while somebody waits for it: what imports Keras, say.

    report = call("fer_core.workers.convert", {"run": "0041-compact"}, progress=progress)     # the caller
    sys.exit(serve(work))                                                                     # the worker

The two speak through a folder: `request.json`, `progress.json`, `result.json` and `log.txt`, as those of a job.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from fer_core.base import json_log
from fer_core.base.atomic import write_json
from fer_core.base.errors import FerError, JobError
from fer_core.base.jsonl import read_object, read_tail
from fer_core.jobs import process
from fer_core.jobs.progress import FILE, read
from fer_core.jobs.reporter import RESULT, ProgressFn, Reporter, failure_message

REQUEST = "request.json"
_LOOK = 0.2  # seconds between two looks at the worker
_GRACE = 10.0  # seconds
STARTER = "FERSTARTER"
WorkFn = Callable[[Path, Any, Reporter], Mapping[str, object]]
"""Called with the folder, the request (JSON, of the worker's own type) and a reporter; returns the result, JSON-ready."""


class WorkerFailed(JobError):
    """A worker did not do its work.

    Attributes:
        reason: in words; of one that died, its last word.
        died: it ended without saying why.
    """

    def __init__(self, reason: str, *, died: bool) -> None:
        self.reason, self.died = reason, died
        super().__init__("The process died" if died else "The process failed", received=reason)


def call(
    module: str,
    request: Mapping[str, object] | None = None,
    *,
    folder: Path | None = None,
    progress: ProgressFn | None = None,
    limit_s: float | None = None,
    changes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Have a worker do something, and wait; whatever ends or interrupts this process ends the worker too.

    Args:
        module: of the worker, such as `fer_core.workers.convert`.
        request: what to do, JSON-ready.
        folder: where both work; None takes a temporary one.
        progress: told what the worker reports.
        limit_s: seconds it may take.
        changes: of the environment.

    Returns:
        The worker's result.

    Raises:
        WorkerFailed: it failed or died.
        TimeoutError: it took too long, and was ended.
        FerError: it could not be started.
    """
    with tempfile.TemporaryDirectory() if folder is None else nullcontext(str(folder)) as name:
        where = Path(name)
        for old in (RESULT, FILE):
            (where / old).unlink(missing_ok=True)
        if request is not None:
            write_json(where / REQUEST, request, durable=False)
        command = [sys.executable, "-m", module, str(where)]
        starter = {STARTER: str(os.getpid()), **(changes or {})}
        try:
            worker = process.spawn(command, where / process.LOG, own_session=False, changes=starter)
        except OSError as error:
            raise FerError("The process could not be started", received=error) from error
        try:
            _follow(worker, where, progress, limit_s)
        finally:
            process.end(worker)
        found = read_object(where / RESULT)
        if found.get("state") == "finished":
            return dict(found["result"])
        last = read_tail(where / process.LOG, 1) or f"status {worker.returncode}"
        raise WorkerFailed(str(found.get("error") or last), died="error" not in found)


def _follow(
    worker: subprocess.Popen[bytes], folder: Path, progress: ProgressFn | None, limit_s: float | None
) -> None:
    began = time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            worker.wait(_LOOK)
        if progress and (known := read(folder)).what:
            progress(known.done, known.total, known.what)
        if worker.returncode is not None:
            return
        if limit_s is not None and time.monotonic() - began > limit_s:
            raise TimeoutError(f"{limit_s:g} s")


def serve(work: WorkFn, message_of: Callable[[BaseException], str] = failure_message) -> int:
    """The worker's side of `call`: do what the folder named on the command line asks for.

    Args:
        work: does it.
        message_of: puts a failure into words.

    Returns:
        The exit status.
    """
    folder = Path(sys.argv[1]).resolve()
    json_log.begin()
    reporter = Reporter(folder, message_of)
    end_with_starter()
    try:
        result = work(folder, read_object(folder / REQUEST), reporter)
    except BaseException as error:
        if not isinstance(error, FerError | SystemExit):
            logging.getLogger("fer").exception("The work failed")  # stderr is the log
        reporter.fail(error)
        return 1
    reporter.finish(result)
    return 0


def end_with_starter() -> None:
    """Whoever waits may be killed outright: then nobody wants the result."""
    starter = int(os.environ.get(STARTER) or os.getppid())

    def watch() -> None:
        while os.getppid() == starter:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os._exit(1)  # it hangs in a call that does not come back to Python

    threading.Thread(target=watch, daemon=True).start()
