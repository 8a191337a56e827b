"""Long work in a process of its own, followed through the files of its folder.

A job is a `Task`, done by the command line in a new process group. Its folder holds `job.json` (kind, parameters,
title), `process.json`, `progress.json`, `log.txt` and at the end `result.json`. Whoever looks at a job reads these
files, so that a reload, a second tab or a restart of the app changes nothing.

    job = start(workspace, Check(dataset="faces", version="a91f..."))
    job.state, job.progress.done
    find(workspace, Check, dataset="faces")      # [job]
"""

from __future__ import annotations

import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypedDict, cast

from fer_core.base.atomic import make_folder, read_json, write_json
from fer_core.base.errors import JobError, NotFound
from fer_core.base.jsonl import read_object, read_tail
from fer_core.base.workspace import Workspace, now
from fer_core.jobs import process, progress
from fer_core.jobs.progress import Progress
from fer_core.jobs.reporter import RESULT
from fer_core.jobs.task import Task

JobState = Literal["running", "finished", "failed", "stopped", "lost"]

_COMMAND = (sys.executable, "-m", "fer_core")
_STOP_WAIT = 5.0  # seconds a job may take to clean up
_LATEST = 200
"""How many jobs are looked through for one of a kind."""
_LOST = "The process ended without a word: it was killed, or the machine was restarted."


class JobInfo(TypedDict, total=False):
    """`job.json`; older versions wrote args, pid and create_time in place of kind and parameters."""

    title: str
    kind: str
    parameters: dict[str, Any]
    created: str
    args: list[str]
    pid: int
    create_time: float


@dataclass(frozen=True)
class Job:
    """A job's folder. Every property reads what is there now."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def about(self) -> JobInfo:
        """`job.json` as it stands; {} while it cannot be read."""
        return cast(JobInfo, read_object(self.folder / "job.json"))

    @property
    def task(self) -> Task:
        """What it does."""
        return _task(self.folder / "job.json")

    @property
    def title(self) -> str:
        return str(self.about.get("title") or self.task.title)

    @property
    def created(self) -> str:
        """UTC, ISO 8601."""
        return str(self.about.get("created", ""))

    @property
    def state(self) -> JobState:
        """The true state: a process that is gone is never "running"."""
        about = self.about
        # Asked before the result is read, for a job may write it and end in between.
        alive = process.is_running(self.folder, about.get("created"), about)
        ending = process.is_ending(self.folder)
        if ended := read_object(self.folder / RESULT):
            state: JobState = ended.get("state", "failed")
            return state
        if alive:
            return "running"
        if (self.folder / "stop").exists():
            return "stopped"
        return "running" if ending else "lost"

    @property
    def progress(self) -> Progress:
        return progress.read(self.folder)

    @property
    def result(self) -> dict[str, Any]:
        """What came of it; {} unless it finished, or said so before it was stopped."""
        return dict(read_object(self.folder / RESULT).get("result", {}))

    @property
    def error(self) -> str:
        """Why it failed, in words; "" where it did not."""
        if found := read_object(self.folder / RESULT):
            return str(found.get("error", ""))
        return _LOST if self.state == "lost" else ""

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the job's output."""
        return read_tail(self.folder / process.LOG, lines)

    def stop(self, wait_s: float = _STOP_WAIT) -> None:
        """End the job and all processes it started; it first gets the time to clean up."""
        if self.state != "running":
            return
        (self.folder / "stop").touch()
        found = process.Process.read(read_object(self.folder / process.FILE) or self.about)
        if found is None or not found.here:
            return
        process.signal_group(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + wait_s
        while found.alive and time.monotonic() < deadline:
            time.sleep(0.02)
        process.signal_group(found.pid, signal.SIGKILL)


def start(workspace: Workspace, task: Task, title: str = "") -> Job:
    """Start a task as a job; returns at once.

    Args:
        workspace: the one it works on; the job's folder is kept there.
        task: what to do.
        title: what a person calls it; "" takes the task's own.

    Raises:
        JobError: the process cannot be started.
    """
    folder = workspace.jobs / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
    make_folder(folder)
    about: JobInfo = {
        "title": title or task.title,
        "kind": task.kind,
        "parameters": task.parameters,
        "created": now(),
    }
    write_json(folder / "job.json", about)
    job = Job(folder)
    try:
        process.launch(
            [*_COMMAND, *task.command(folder)], folder, _note_failure(job), FER_HOME=str(workspace.root)
        )
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise JobError("The work could not be started", received=error) from error
    return job


def _note_failure(job: Job) -> Callable[[int], None]:
    """Writes down a failure that the process could not report itself (a bad option, say)."""

    def ended(status: int) -> None:
        if status > 0 and job.folder.exists() and not (job.folder / RESULT).exists():
            last = job.log_tail(1) or f"The command ended with status {status}."
            write_json(job.folder / RESULT, {"state": "failed", "error": last.removeprefix("fer: ")})

    return ended


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


def find(workspace: Workspace, task: Task | type[Task], **parameters: Any) -> list[Job]:
    """The jobs that do a task, or those of a kind with some parameters, newest first.

    Args:
        workspace: where.
        task: a task, all of whose parameters count; or a class of tasks.
        parameters: of a class, those that count, such as dataset and version.
    """
    kind = task if isinstance(task, type) else type(task)
    exactly = task if isinstance(task, Task) else None

    def meant(other: Task) -> bool:
        if not isinstance(other, kind) or (exactly is not None and other != exactly):
            return False
        return all(getattr(other, name) == value for name, value in parameters.items())

    return [job for job in recent(workspace, _LATEST) if meant(job.task)]


def latest(workspace: Workspace, task: Task | type[Task], **parameters: Any) -> Job | None:
    """The newest of `find`; None where there is none."""
    return next(iter(find(workspace, task, **parameters)), None)


def _task(path: Path) -> Task:
    try:
        about = path.stat()
    except OSError:
        return Task.parse([])
    return _read_task(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1024)
def _read_task(path: Path, changed: int, size: int) -> Task:
    """The task of a `job.json`, which is written once; older versions kept the words of the command line."""
    try:
        found = read_json(path)
        if "kind" in found:
            return Task.read(found["kind"], found["parameters"])
        return Task.parse(found["args"])
    except (OSError, ValueError, KeyError, TypeError):
        return Task.parse([])
