"""Whether the app does its work, for whoever watches it: `GET /healthz` and a card on Workspace health."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from fer_core import __version__
from fer_core.base.atomic import write_atomic
from fer_core.base.workspace import Workspace
from fer_core.runs.run import Run
from fer_core.runs.store import list_active
from fer_core.scheduling import queue

_PROBE = ".health"
_PROBE_SIZE = 64 * 1024
"""Bytes: a full disk still takes an empty file, and a compressing one a long file of zeros."""
_STUCK_SECONDS = 120.0
"""A run that waits this long while none works, or has just ended: nobody advances the queue."""


@dataclass(frozen=True)
class WorkspaceHealth:
    """What was found.

    Attributes:
        version: of the app.
        writable: whether a file could be written and synced in the workspace; `trouble` says why not.
        write_ms: how long that took.
        free_bytes: on its disk; None where that is not known.
        working, waiting: runs.
        advancing: False where runs wait, none works, and that has been so for two minutes.
    """

    version: str
    writable: bool
    trouble: str
    write_ms: float
    free_bytes: int | None
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
        write_atomic(workspace.root / _PROBE, os.urandom(_PROBE_SIZE))
    except OSError as error:
        trouble = error.strerror or str(error)
    took = 1000 * (time.perf_counter() - started)
    waiting = queue.waiting(workspace)
    working = [run for run in list_active(workspace) if not queue.waits(run)]
    free: int | None = None
    with suppress(OSError):
        free = shutil.disk_usage(workspace.root).free
    return WorkspaceHealth(
        version=__version__,
        writable=not trouble,
        trouble=trouble,
        write_ms=round(took, 1),
        free_bytes=free,
        working=len(working),
        waiting=len(waiting),
        advancing=not waiting or bool(working) or _idle(workspace, waiting) < _STUCK_SECONDS,
    )


def _idle(workspace: Workspace, waiting: Sequence[Run]) -> float:
    """Seconds for which runs have waited and nothing came of it: since the first was queued, or another began or ended."""
    queued = {run.folder / "run.json" for run in waiting}
    others = set(workspace.runs.glob("*/run.json")) - queued
    now = time.time()
    longest = max((now - _changed(path) for path in queued), default=0.0)
    return min(longest, min((now - _changed(path) for path in others), default=math.inf))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()
