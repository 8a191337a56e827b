"""Background jobs: long work in a process of its own, followed through the files of its folder.

A job runs a `Task` through the command line in a new process group. Its folder holds `job.json` (kind, parameters,
title), `process.json`, `progress.json`, `log.txt` and at the end `result.json`. The state of a job is read from these
files alone, so a reload, a second tab or a restart of the app changes nothing.

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
_STOP_WAIT = 5.0  # seconds to clean up
_LATEST = 200
"""How many recent jobs `find` looks through."""
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
    """A job, by its folder. Every property reads the files anew."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def info(self) -> JobInfo:
        """`job.json`; {} while it cannot be read."""
        return cast(JobInfo, read_object(self.folder / "job.json"))

    @property
    def task(self) -> Task:
        """What it does; an `Unknown` for a job of another version of the app."""
        return _task(self.folder / "job.json")

    @property
    def title(self) -> str:
        return str(self.info.get("title") or self.task.title)

    @property
    def created(self) -> str:
        """UTC, ISO 8601."""
        return str(self.info.get("created", ""))

    @property
    def state(self) -> JobState:
        """The state, checked against the process: a job whose process is gone is never "running"."""
        info = self.info
        # Asked before the result is read, for a job may write it and end in between.
        alive = process.is_running(self.folder, info.get("created"), info)
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
        """Its result; {} unless it finished, or reported a partial result before it was stopped."""
        return dict(read_object(self.folder / RESULT).get("result", {}))

    @property
    def error(self) -> str:
        """Why it failed, for people; "" if it did not."""
        if found := read_object(self.folder / RESULT):
            return str(found.get("error", ""))
        return _LOST if self.state == "lost" else ""

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the job's output."""
        return read_tail(self.folder / process.LOG, lines)

    def stop(self, wait_s: float = _STOP_WAIT) -> None:
        """End the job and all processes it started; they are killed after `wait_s` seconds."""
        if self.state != "running":
            return
        (self.folder / "stop").touch()
        found = process.Process.read(read_object(self.folder / process.FILE) or self.info)
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
        workspace: what it works on; the job's folder is created in it.
        task: what to do.
        title: shown to people; "" takes the task's own.

    Raises:
        JobError: the process cannot be started.
    """
    folder = workspace.jobs / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
    make_folder(folder)
    info: JobInfo = {
        "title": title or task.title,
        "kind": task.kind,
        "parameters": task.parameters,
        "created": now(),
    }
    write_json(folder / "job.json", info)
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
    """A callback that records a failure the process could not report itself, such as a bad option."""

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
    """The recent jobs of a task or of a class of tasks, newest first.

    Args:
        workspace: where to look.
        task: a task, compared with all its parameters; or a class of tasks.
        parameters: of the class, those to compare, such as dataset and version.
    """

    def matches(other: Task) -> bool:
        if isinstance(task, Task):
            return other == task
        wanted = parameters.items()
        return isinstance(other, task) and all(getattr(other, name) == value for name, value in wanted)

    return [job for job in recent(workspace, _LATEST) if matches(job.task)]


def latest(workspace: Workspace, task: Task | type[Task], **parameters: Any) -> Job | None:
    """The newest of `find`; None if there is none."""
    return next(iter(find(workspace, task, **parameters)), None)


def _task(path: Path) -> Task:
    try:
        about = path.stat()
    except OSError:
        return Task.parse([])
    return _read_task(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1024)
def _read_task(path: Path, changed: int, size: int) -> Task:
    """The task of a `job.json`, which is written once; older versions kept the command line."""
    try:
        found = read_json(path)
        if "kind" in found:
            return Task.read(found["kind"], found["parameters"])
        return Task.parse(found["args"])
    except (OSError, ValueError, KeyError, TypeError):
        return Task.parse([])
