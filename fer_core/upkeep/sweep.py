"""What interrupted work left behind, removed when the app starts: nothing that anybody still writes, and nothing that was kept.

    sweep(workspace)        # ["data/.faces.1f2e3d4c.tmp", ...]

Whoever fills a temporary folder holds its lock for as long as they live (`base.atomic`), so one whose lock is free belongs to
nobody. What has no such lock is judged by its age.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fer_core import jobs
from fer_core.base.atomic import TEMPORARY, is_being_filled
from fer_core.base.locks import LockHeld, locked
from fer_core.base.workspace import Workspace
from fer_core.data.importing.unfinished import being_imported

_LOCK = ".sweep.lock"
_YOUNG = 60.0
"""Seconds in which a folder may have been made and not locked yet."""
_DAY = 86400.0
_OLD_SAMPLE = re.compile(r"^\.sample-[0-9a-f]{8}$")
"""Where versions before this one drew the sample."""
_EXPORT_DAYS, _JOB_DAYS, _JOBS_KEPT = 7, 30, 200


def sweep(workspace: Workspace, young: float = _YOUNG) -> list[str]:
    """Remove what nobody needs any more; paths from the workspace's root. Whoever comes second leaves it to the first.

    Removed are temporary folders of processes that are gone, datasets whose removal was interrupted, uploads a day old
    that no import reads, exports a week old, and jobs that ended a month ago, beyond the latest 200.

    Args:
        workspace: where.
        young: seconds for which a temporary folder is left alone in any case.
    """
    with suppress(LockHeld, OSError), locked(workspace.root / _LOCK, wait=False):
        return [
            path.relative_to(workspace.root).as_posix() for path in _left(workspace, young) if _remove(path)
        ]
    return []


def _left(workspace: Workspace, young: float) -> Iterator[Path]:
    yield from _temporary(workspace, young)
    yield from (
        path
        for path in workspace.data.glob(".sample-*")
        if _OLD_SAMPLE.match(path.name) and _older(path, _DAY)
    )
    read = [Path(getattr(job.task, "path", "")) for job in jobs.recent(workspace) if job.state == "running"]
    reading = {place for path in read for place in (path, *path.parents)}
    for path in (workspace.jobs / "uploads").glob("*"):
        if _older(path, _DAY) and path not in reading:
            yield path
    yield from (path for path in workspace.exports.glob("[!.]*") if _older(path, _EXPORT_DAYS * _DAY))
    for job in jobs.recent(workspace, limit=1 << 20)[_JOBS_KEPT:]:
        if _older(job.folder, _JOB_DAYS * _DAY) and job.state != "running":
            yield job.folder


def _temporary(workspace: Workspace, young: float) -> Iterator[Path]:
    """Hidden folders of `base.atomic`; what lies in sources, copied or linked, is somebody's own."""
    for top in (workspace.data, workspace.models, workspace.jobs, workspace.exports):
        for root, folders, _ in os.walk(top):
            found = [name for name in folders if TEMPORARY.match(name)]
            folders[:] = [name for name in folders if name not in found and name != "source"]
            for path in (Path(root, name) for name in found):
                if path.name.endswith(".gone") or not (
                    not _older(path, young) or is_being_filled(path) or being_imported(path)
                ):
                    yield path


def _older(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > seconds
    except OSError:
        return False


def _remove(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()
