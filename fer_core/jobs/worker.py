"""Workers: one call into a separate process whose result the caller waits for, such as work that imports Keras.

    report = call("fer_core.workers.convert", {"run": "0041-compact"}, progress=progress)     # the caller
    sys.exit(serve(work))                                                                     # the worker

They communicate through a folder with `request.json`, `progress.json`, `result.json` and `log.txt`, as a job does.
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
_POLL = 0.2  # seconds between two looks at the worker
_GRACE = 10.0  # seconds
STARTER = "FERSTARTER"
WorkFn = Callable[[Path, Any, Reporter], Mapping[str, object]]
"""Called with the folder, the request (JSON) and a reporter; returns a result that JSON can hold."""


class WorkerFailed(JobError):
    """A worker failed.

    Attributes:
        reason: its error message; of one that died, the last line of its log.
        died: it ended without reporting an error.
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
    """Run a worker and wait for its result; the worker ends with this process.

    Args:
        module: the worker, such as `fer_core.workers.convert`.
        request: what to do, as JSON can hold it.
        folder: where both exchange files; None takes a temporary one.
        progress: called with the worker's progress.
        limit_s: seconds it may take; None is no limit.
        changes: environment variables to add or replace.

    Returns:
        The worker's result.

    Raises:
        WorkerFailed: it failed or died.
        TimeoutError: it took too long and was ended.
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
            process.terminate(worker)
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
            worker.wait(_POLL)
        if progress and (known := read(folder)).what:
            progress(known.done, known.total, known.what)
        if worker.returncode is not None:
            return
        if limit_s is not None and time.monotonic() - began > limit_s:
            raise TimeoutError(f"{limit_s:g} s")


def serve(work: WorkFn, message_of: Callable[[BaseException], str] = failure_message) -> int:
    """The worker's side of `call`: handle the request in the folder named on the command line.

    Args:
        work: handles it.
        message_of: turns an error into a message for people.

    Returns:
        The exit status.
    """
    folder = Path(sys.argv[1]).resolve()
    json_log.configure()
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
    """End this worker once the process that started it is gone, even if that was killed."""
    starter = int(os.environ.get(STARTER) or os.getppid())

    def watch() -> None:
        while os.getppid() == starter:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os._exit(1)  # it hangs in a call that does not come back to Python

    threading.Thread(target=watch, daemon=True).start()
