"""Whether a process is the one we started, and still works: pid and start time together.

A pid alone lies: it is reused, and a killed child stays as a zombie until its parent looks.
"""

from __future__ import annotations

import psutil

_TOLERANCE = 0.05  # seconds; psutil derives the start time from clock ticks


def create_time(pid: int) -> float:
    """When a process started, seconds since the epoch; 0.0 for one that is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0


def process_alive(pid: int, created: float) -> bool:
    """Whether the process with this pid and start time still runs."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < _TOLERANCE
        return same and process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
