"""Background work in separate processes: start, find, follow, stop."""

from fer_core.jobs import tasks
from fer_core.jobs.job import Job, JobState, find, get, latest, recent, start
from fer_core.jobs.process import this_process
from fer_core.jobs.progress import Progress
from fer_core.jobs.reporter import ProgressFn, Reporter, Stopped

__all__ = [
    "Job",
    "JobState",
    "Progress",
    "ProgressFn",
    "Reporter",
    "Stopped",
    "find",
    "get",
    "latest",
    "recent",
    "start",
    "tasks",
    "this_process",
]
