"""Long work in a process of its own, followed through the files of its folder.

A job is a command-line verb, started in a new process group. Its folder holds `job.json` (what was started,
and as which process), `progress.json`, `log.txt` and at the end `result.json`. Whoever looks at a job reads
these files, so that a reload, a second tab or a restart of the app changes nothing.

    job = start(workspace, ["import", "faces.zip", "--name", "faces"], title="Adding faces")
    job.state, job.progress.done
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NoReturn

import psutil

from fer_core.errors import FerError, JobError, NotFound
from fer_core.workspace import Workspace, now, read_json, write_json

ProgressFn = Callable[[int, int, str], None]
"""Called with done, total (0 where unknown) and what is counted."""

State = Literal["running", "finished", "failed", "stopped", "lost"]

_COMMAND = (sys.executable, "-m", "fer_core")
_TOLERANCE = 0.05  # seconds; psutil derives the start time from clock ticks
_WRITE_EVERY = 0.2  # seconds between two writes of progress.json
_ETA_AFTER = 0.5  # seconds of work before its pace says anything
_STOP_WAIT = 5.0  # seconds a job may take to clean up


def process_created(pid: int) -> float:
    """When a process started, seconds since the epoch; 0.0 for one that is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def process_alive(pid: int, create_time: float) -> bool:
    """Whether the process with this pid and start time still works.

    A pid alone lies: it is reused, and a killed child stays as a zombie until its parent looks.
    """
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - create_time) < _TOLERANCE
        return same and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.Error:
        return False


def identity() -> dict[str, Any]:
    """This process, as `process_alive(**identity())` asks for it."""
    return {"pid": os.getpid(), "create_time": process_created(os.getpid())}


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        done: of `total`.
        total: 0 where it is not known yet.
        what: what is counted.
        started: seconds since the epoch when counting this began; 0.0 before the first report.
        eta_s: seconds left at the pace so far; None where it cannot be told.
    """

    done: int = 0
    total: int = 0
    what: str = ""
    started: float = 0.0
    eta_s: float | None = None


@dataclass(frozen=True)
class Job:
    """A job's folder. Every property reads what is there now."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def about(self) -> dict[str, Any]:
        """`job.json`: title, args, pid, create_time, created."""
        found: dict[str, Any] = read_json(self.folder / "job.json")
        return found

    @property
    def title(self) -> str:
        return str(self.about["title"])

    @property
    def args(self) -> list[str]:
        """The verb and its arguments."""
        return list(self.about["args"])

    @property
    def created(self) -> str:
        """UTC, ISO 8601."""
        return str(self.about["created"])

    @property
    def state(self) -> State:
        """The true state: a process that is gone is never "running"."""
        about = self.about
        # Asked before the result is read, for a job may write it and end in between.
        alive = process_alive(about["pid"], about["create_time"])
        ended = self._ended()
        if ended:
            state: State = ended["state"]
            return state
        if alive:
            return "running"
        return "stopped" if (self.folder / "stop").exists() else "lost"

    @property
    def progress(self) -> Progress:
        found = _read(self.folder / "progress.json")
        return Progress(**found) if found else Progress()

    @property
    def result(self) -> dict[str, Any]:
        """What the verb reported; {} unless it finished."""
        return dict((self._ended() or {}).get("result", {}))

    @property
    def error(self) -> str:
        """Why it failed, in words; "" where it did not."""
        found = self._ended()
        if found:
            return str(found.get("error", ""))
        if self.state == "lost":
            return "The process ended without a word: it was killed, or the machine was restarted."
        return ""

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the job's output."""
        try:
            with open(self.folder / "log.txt", "rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 400 * lines))
                return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def stop(self, wait_s: float = _STOP_WAIT) -> None:
        """End the job and all processes it started; it first gets the time to clean up."""
        if self.state != "running":
            return
        (self.folder / "stop").touch()
        pid, created = self.about["pid"], self.about["create_time"]
        _signal_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + wait_s
        while process_alive(pid, created) and time.monotonic() < deadline:
            time.sleep(0.02)
        _signal_group(pid, signal.SIGKILL)

    def _ended(self) -> dict[str, Any] | None:
        return _read(self.folder / "result.json")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = read_json(path)
        return found
    except FileNotFoundError:
        return None


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def start(workspace: Workspace, verb_args: Sequence[str], *, title: str) -> Job:
    """Start a verb as a job; returns at once.

    Args:
        workspace: the one the verb works on; the job's folder is kept there.
        verb_args: verb and arguments, as after `python -m fer_core`.
        title: what a person calls it.

    Raises:
        JobError: the process cannot be started.
    """
    folder = workspace.jobs / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
    folder.mkdir(parents=True)
    command = [*_COMMAND, *verb_args, "--job", str(folder)]
    paths = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"FER_HOME": str(workspace.root), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        with open(folder / "log.txt", "wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True
            )
    except OSError as error:
        raise JobError("The work could not be started", received=error) from error
    as_process = {"pid": process.pid, "create_time": process_created(process.pid)}
    about = {"title": title, "args": list(verb_args), **as_process, "created": now()}
    write_json(folder / "job.json", about)
    job = Job(folder)
    threading.Thread(target=_watch, args=(process, job), daemon=True).start()
    return job


def _watch(process: subprocess.Popen[bytes], job: Job) -> None:
    """Collect the ended process, and write down a failure it could not report itself (a bad option, say)."""
    code = process.wait()
    if code > 0 and job.folder.exists() and not (job.folder / "result.json").exists():
        last = job.log_tail(1) or f"The command ended with status {code}."
        write_json(job.folder / "result.json", {"state": "failed", "error": last.removeprefix("fer_core: ")})


def get(workspace: Workspace, job_id: str) -> Job:
    """The job of that id.

    Raises:
        NotFound: there is none.
    """
    folder = workspace.jobs / job_id
    if folder.parent != workspace.jobs or not (folder / "job.json").is_file():
        raise NotFound("There is no such job", received=job_id)
    return Job(folder)


def recent(workspace: Workspace, limit: int = 20) -> list[Job]:
    """The latest jobs of the workspace, newest first."""
    found = workspace.jobs.glob("*/job.json") if workspace.jobs.is_dir() else ()
    return [Job(path.parent) for path in sorted(found, reverse=True)[:limit]]


class Stopped(SystemExit):
    """The job was asked to stop. Not an `Exception`: only clean-up code should see it."""


class Reporter:
    """The job's side: progress, then a result or a failure. Turns a request to stop into `Stopped`.

    Example:
        reporter = Reporter(folder)
        reporter(10, 200, "images read")
        reporter.finish({"images": 200})
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._what = ""
        self._started = 0.0
        self._written = 0.0
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _raise_stopped)

    def __call__(self, done: int, total: int, what: str) -> None:
        """Report progress; written at most five times a second, and when it is complete or counts anew."""
        at = time.time()
        if what != self._what:
            self._what, self._started = what, at
        elif at - self._written < _WRITE_EVERY and done != total:
            return
        self._written = at
        spent = at - self._started
        eta = spent / done * (total - done) if done and total and spent > _ETA_AFTER else None
        progress = {"done": done, "total": total, "what": what, "started": self._started, "eta_s": eta}
        write_json(self._folder / "progress.json", progress)

    def finish(self, result: dict[str, Any]) -> None:
        """The job is done; `result` is JSON-ready."""
        write_json(self._folder / "result.json", {"state": "finished", "result": result})

    def fail(self, error: BaseException) -> None:
        """The job failed, or was stopped."""
        if isinstance(error, Stopped | KeyboardInterrupt):
            ended = {"state": "stopped"}
        elif isinstance(error, FerError):
            ended = {"state": "failed", "error": str(error)}
        else:
            ended = {"state": "failed", "error": f"{type(error).__name__}: {error}"}
        write_json(self._folder / "result.json", ended)


def _raise_stopped(number: int, frame: FrameType | None) -> NoReturn:
    raise Stopped(128 + number)
