"""Long work in a process of its own, followed through its files.

A job is a command-line verb, started with `--job DIR` in its own process group. It writes its progress, log and
result into that folder; pages read them. It goes on when the page is closed, and a job whose process is gone is
never shown as running.

    job = start(workspace, ["import", "faces.zip", "--name", "faces"], title="Adding faces")
    get(workspace, job.id).progress.done
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from fer_core.errors import FerError, JobError, NotFound
from fer_core.workspace import Workspace, now, read_json, write_json

ProgressFn = Callable[[int, int, str], None]
"""Called with (done, total, what). `total` is 0 while it is not known."""

JobState = Literal["running", "finished", "failed", "stopped", "lost"]
_ROOT = Path(__file__).resolve().parent.parent
_TOLERANCE = 0.05  # seconds; psutil derives the start time from clock ticks
_START_SECONDS = 20.0  # between starting a process and its first file


def create_time(pid: int) -> float:
    """When a process started, in seconds since the epoch; 0.0 for one that is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0


def process_alive(pid: int, created: float) -> bool:
    """Whether the process with this pid *and* start time still runs: a pid alone is reused, and a zombie is dead."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < _TOLERANCE
        return same and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


@dataclass(frozen=True)
class Progress:
    """How far a job is. `eta_s`: seconds left at the pace so far, None while that is not known."""

    done: int = 0
    total: int = 0
    what: str = ""
    eta_s: float | None = None


@dataclass(frozen=True)
class Job:
    """One job. Cheap to create; every property reads the files anew."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    def _read(self, name: str) -> dict[str, Any]:
        try:
            value = read_json(self.folder / name)
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def title(self) -> str:
        return str(self._read("job.json").get("title", self.id))

    @property
    def args(self) -> list[str]:
        """The verb and its arguments."""
        return list(self._read("job.json").get("args", []))

    @property
    def state(self) -> JobState:
        """The true state: `lost` when the process is gone without having written its end."""
        info = self._read("job.json")
        alive = process_alive(int(info.get("pid", -1)), float(info.get("create_time", 0)))
        end = self._read("end.json")  # read after looking at the process, so an end just written is seen
        if end:
            state: JobState = end["state"]
            return state
        return "running" if alive else "stopped" if (self.folder / "stop").exists() else "lost"

    @property
    def progress(self) -> Progress:
        found = self._read("progress.json")
        done, total = int(found.get("done", 0)), int(found.get("total", 0))
        return Progress(done, total, str(found.get("what", "")), found.get("eta_s"))

    @property
    def result(self) -> dict[str, Any]:
        """What the job gave back; {} unless it finished."""
        return dict(self._read("end.json").get("result", {}))

    @property
    def error(self) -> str:
        """Why it failed, in a sentence; "" where it did not."""
        return str(self._read("end.json").get("error", ""))

    def log_tail(self, lines: int = 40) -> str:
        """The last lines the job printed."""
        try:
            text = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        """End the job and everything it started. What it had not finished leaves nothing behind."""
        (self.folder / "stop").touch()
        info = self._read("job.json")
        pid = int(info.get("pid", -1))
        if process_alive(pid, float(info.get("create_time", 0))):
            os.killpg(pid, signal.SIGTERM)


def start(workspace: Workspace, args: list[str], *, title: str) -> Job:
    """Start a verb as a job; returns at once.

    Args:
        workspace: where the job's folder is kept, and the workspace the verb works on.
        args: verb and arguments, as after `python -m fer_core`.
        title: what a person calls it.

    Raises:
        JobError: the process cannot be started.
    """
    folder = workspace.jobs / f"{time.strftime('%Y%m%d-%H%M%S')}-{args[0]}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    paths = os.pathsep.join(p for p in (str(_ROOT), os.environ.get("PYTHONPATH", "")) if p)
    try:
        with open(folder / "log.txt", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fer_core", *args, "--job", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "FER_HOME": str(workspace.root), "PYTHONPATH": paths},
            )
    except OSError as error:
        raise JobError("The work could not be started", received=error) from error
    info = {"title": title, "args": args, "pid": process.pid, "create_time": create_time(process.pid), "started": now()}
    write_json(folder / "job.json", info)
    # Somebody must collect the exit status, or the dead process stays in the process table.
    threading.Thread(target=process.wait, daemon=True).start()
    return Job(folder)


def get(workspace: Workspace, job: str) -> Job:
    """A job by id.

    Raises:
        NotFound: there is none.
    """
    folder = workspace.jobs / job
    if not job or Path(job).name != job or not folder.is_dir():
        raise NotFound("Job not found", received=job)
    return Job(folder)


def recent(workspace: Workspace, limit: int = 20) -> list[Job]:
    """The latest jobs, newest first."""
    folders = [p for p in workspace.jobs.glob("*-*") if (p / "job.json").is_file()]
    return [Job(p) for p in sorted(folders, key=lambda p: p.name, reverse=True)[:limit]]


class Reporter:
    """The job's side: call it with progress; `finish` or `fail` at the end.

    Progress is written at most five times a second. SIGTERM becomes `KeyboardInterrupt`-like: it unwinds the
    stack, so that what is half-written is removed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._began = time.monotonic()
        self._written = 0.0
        self._what = ""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _unwind)

    def __call__(self, done: int, total: int, what: str) -> None:
        moment = time.monotonic()
        if what != self._what:
            self._what, self._began = what, moment
        elif moment - self._written < 0.2 and done < total:
            return
        self._written = moment
        spent = moment - self._began
        eta = spent / done * (total - done) if done and total and spent > 0.5 else None
        write_json(self.folder / "progress.json", {"done": done, "total": total, "what": what, "eta_s": eta})

    def finish(self, result: dict[str, Any]) -> None:
        write_json(self.folder / "end.json", {"state": "finished", "result": result, "ended": now()})

    def fail(self, error: BaseException) -> None:
        """Write why; a stop is not a failure."""
        if isinstance(error, Stopped | KeyboardInterrupt):
            write_json(self.folder / "end.json", {"state": "stopped", "ended": now()})
            return
        words = str(error) if isinstance(error, FerError) else f"It failed ({type(error).__name__}: {error})."
        write_json(self.folder / "end.json", {"state": "failed", "error": words, "ended": now()})


class Stopped(BaseException):
    """Somebody asked this process to end."""


def _unwind(*_: object) -> None:
    raise Stopped
