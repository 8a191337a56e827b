"""Starting processes, and telling whether they are alive.

    launch([sys.executable, "-m", "fer_core.workers.train", str(folder)], folder)    # outlives whoever started it
    is_running(folder, since=now())                                                     # True

A folder's `process.json` names the process that works on it; the starter and the process itself both write it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import psutil

import fer_core
from fer_core.base.atomic import write_json
from fer_core.base.jsonl import read_object

FILE = "process.json"
LOG = "log.txt"
_TOLERANCE = 0.05  # seconds; psutil derives the start time from clock ticks
_START_SECONDS = 30.0  # between the start of a process and its first file
_SILENT_SECONDS = 120.0  # without a change of files, after which a process on another machine counts as gone
_GRACE = 10.0  # seconds between SIGTERM and SIGKILL
_DEAD = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
_ending: set[Path] = set()
"""Folders whose process was started here and whose end has not been recorded yet."""


@dataclass(frozen=True)
class Process:
    """A process, identified beyond its pid, which the system reuses.

    Attributes:
        pid: process id.
        create_time: when it started, seconds since the epoch; wrong once somebody sets the clock.
        ticks: when it started, in clock ticks since the machine booted; None if not known.
        boot: id of that boot; "" if not known.
        host: the machine; "" for this one.
    """

    pid: int
    create_time: float = 0.0
    ticks: int | None = None
    boot: str = ""
    host: str = ""

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process of that pid on this machine; one that is gone is never `alive`."""
        try:
            created = float(psutil.Process(pid).create_time())
        except psutil.Error:
            created = 0.0
        return cls(pid, created, _ticks(pid), _boot(), socket.gethostname())

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Process | None:
        """From JSON, also as older versions wrote it; None if it names no process."""
        known = {field.name for field in fields(cls)}
        try:
            return cls(**{key: value for key, value in record.items() if key in known and value is not None})
        except TypeError:
            return None

    def record(self) -> dict[str, int | float | str | None]:
        """JSON-ready."""
        return asdict(self)

    @property
    def here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.host in {"", socket.gethostname()}

    @property
    def alive(self) -> bool:
        """Whether it still runs on this machine.

        The pid alone is not enough: pids are reused, and a killed child stays a zombie until its parent waits for it.
        Ticks since boot do not depend on the clock.
        """
        try:
            process = psutil.Process(self.pid)
            if self.ticks is not None and self.boot and _boot():
                same = (self.ticks, self.boot) == (_ticks(self.pid), _boot())
            else:
                same = abs(process.create_time() - self.create_time) < _TOLERANCE
            return same and process.status() not in _DEAD
        except psutil.Error:
            return False


def this_process() -> dict[str, int | float | str | None]:
    """The record of this process, for `Process.read`."""
    return Process.of(os.getpid()).record()


def record_process(folder: Path, pid: int) -> None:
    """Write a folder's `process.json`; nothing if the process has ended already."""
    process = Process.of(pid)
    if process.create_time:
        write_json(folder / FILE, process.record())


def is_running(folder: Path, since: str | None, record: Mapping[str, Any] | None = None) -> bool:
    """Whether the process of a folder runs.

    Args:
        folder: of a job or a run.
        since: when it was started (ISO 8601): without a record it counts as running for the first 30 seconds.
        record: the process, if the folder has no `process.json`.
    """
    process = Process.read(read_object(folder / FILE) or record or {})
    if process is None:
        return bool(since) and _ago(str(since)) < _START_SECONDS
    if not process.here:
        signs = [path.stat().st_mtime for path in folder.glob("*.json*")]
        return time.time() - max(signs, default=0.0) < _SILENT_SECONDS
    return process.alive


def is_ending(folder: Path) -> bool:
    """Whether this process started that of the folder and has not recorded its end yet."""
    return folder in _ending


def environment(**changes: str) -> dict[str, str]:
    """The environment of every process started here: this package on PYTHONPATH, unbuffered output, a Keras backend.

    Args:
        changes: variables to add or replace.
    """
    package = str(Path(fer_core.__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    usual = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    ours = {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYTHONUNBUFFERED": "1"}
    return {**usual, **os.environ, **ours, **changes}


def spawn(
    command: Sequence[str], log: Path, *, own_session: bool, changes: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process whose output goes to the end of a log.

    Args:
        command: program and arguments.
        log: the file.
        own_session: it outlives this process and its terminal; otherwise it ends with them.
        changes: see `environment`.

    Raises:
        OSError: it cannot be started.
    """
    with open(log, "ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment(**(changes or {})),
            start_new_session=own_session,
        )


def launch(
    command: Sequence[str], folder: Path, ended: Callable[[int], None] | None = None, **changes: str
) -> None:
    """Start the process of a job or run in its own session; it is recorded in `process.json` and writes to `log.txt`.

    Args:
        command: program and arguments.
        folder: of the job or run.
        ended: called with the exit status, if this process still runs then.
        changes: see `environment`.

    Raises:
        OSError: it cannot be started.
    """
    process = spawn(command, folder / LOG, own_session=True, changes=changes)
    if ended:
        _ending.add(folder)
    try:
        record_process(folder, process.pid)
    except OSError:
        _ending.discard(folder)
        raise

    def wait() -> None:
        try:
            status = process.wait()  # somebody must ask, or the dead process stays in the system's table
            if ended:
                ended(status)
        finally:
            _ending.discard(folder)

    threading.Thread(target=wait, name=f"wait-{process.pid}", daemon=True).start()


def terminate(process: subprocess.Popen[bytes]) -> None:
    """End a child process with SIGTERM, then SIGKILL after ten seconds."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group; nothing if it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat; None on systems without it, and for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[19])  # the name before it may hold spaces and brackets
    except (OSError, ValueError, IndexError):
        return None


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _ago(moment: str) -> float:
    """Seconds since a time; infinite for text that is none."""
    try:
        return time.time() - datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return float("inf")
