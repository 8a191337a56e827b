"""Whether the app does its work, for whoever watches it: `GET /healthz` and a card on Workspace health."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from fer_core import __version__
from fer_core.base.atomic import write_atomic
from fer_core.base.workspace import Workspace
from fer_core.runs.store import list_active
from fer_core.scheduling import queue

_PROBE = ".health"
_STUCK_SECONDS = 120.0
"""A run that waits this long while none works: nobody advances the queue."""


@dataclass(frozen=True)
class WorkspaceHealth:
    """What was found.

    Attributes:
        version: of the app.
        writable: whether a file could be written and synced in the workspace; `trouble` says why not.
        write_ms: how long that took.
        free_bytes: on its disk.
        working, waiting: runs.
        advancing: False where runs wait, none works, and that has been so for two minutes.
    """

    version: str
    writable: bool
    trouble: str
    write_ms: float
    free_bytes: int
    working: int
    waiting: int
    advancing: bool

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.writable and self.advancing

    def record(self) -> dict[str, object]:
        """As JSON has it."""
        return {"ok": self.ok, **asdict(self)}


def check(workspace: Workspace) -> WorkspaceHealth:
    """Look at the disk and the queue; writes one small file. Takes milliseconds."""
    started, trouble = time.perf_counter(), ""
    try:
        write_atomic(workspace.root / _PROBE, "")
    except OSError as error:
        trouble = error.strerror or str(error)
    took = 1000 * (time.perf_counter() - started)
    waiting = queue.waiting(workspace)
    working = [run for run in list_active(workspace) if not queue.waits(run)]
    idle = min((time.time() - _changed(run.folder / "run.json") for run in waiting), default=0.0)
    try:
        free = shutil.disk_usage(workspace.root).free
    except OSError:
        free = 0
    return WorkspaceHealth(
        version=__version__,
        writable=not trouble,
        trouble=trouble,
        write_ms=round(took, 1),
        free_bytes=free,
        working=len(working),
        waiting=len(waiting),
        advancing=not waiting or bool(working) or idle < _STUCK_SECONDS,
    )


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()
