"""The queue: runs that wait for a device. One run at a time, or as many as `FER_SLOTS` says.

Nobody has to watch it: whoever starts a run, ends one or looks at the runs calls `advance`, which starts what has
room. The order is a file, so the queue survives the app and the machine.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from fer_core.base.atomic import write_json
from fer_core.base.errors import RunError
from fer_core.base.jsonl import read_object
from fer_core.base.locks import locked
from fer_core.base.workspace import Workspace
from fer_core.runs.run import ACTIVE, Run
from fer_core.runs.store import list_runs
from fer_core.scheduling import launchers

_FILE = "queue.json"


def slots() -> int:
    """How many runs may work at once.

    Raises:
        RunError: a setting of the place is not valid.
    """
    return launchers.configured_launcher().slots()


def launch(run: Run) -> None:
    """Start the worker of a queued run by the launcher that is configured."""
    launcher = launchers.configured_launcher()
    run.update(launcher=launcher.name)
    launcher.launch(run)


def waiting(workspace: Workspace) -> list[Run]:
    """The runs that wait, the next first."""
    return [run for run in _listed(workspace) if run.state == "queued"]


def add(run: Run) -> None:
    """Put a run at the end, and start it if there is room."""
    with _locked(run.workspace):
        _write(run.workspace, [*(r for r in _listed(run.workspace) if r.id != run.id), run])
    advance(run.workspace)


def move(run: Run, place: int) -> None:
    """Put a waiting run at a place, counted from 1; beyond the end is the end.

    Raises:
        RunError: it does not wait.
    """
    with _locked(run.workspace):
        runs = waiting(run.workspace)
        if run.id not in {r.id for r in runs}:
            raise RunError(f"Run {run.id} is not in the queue", received=f"state={run.state}")
        others = [r for r in runs if r.id != run.id]
        others.insert(max(place, 1) - 1, run)
        _write(run.workspace, others)


def advance(workspace: Workspace) -> list[Run]:
    """Start as many waiting runs as there is room for; returns those that were started."""
    if not (workspace.models / _FILE).is_file() or not _listed(workspace):
        return []
    started = []
    with _locked(workspace):
        runs = waiting(workspace)
        room = slots() - sum(run.state in ACTIVE - {"queued"} for run in list_runs(workspace)) if runs else 0
        while runs and room > 0:
            run = runs.pop(0)
            try:
                launch(run)
            except RunError:
                continue  # the run says why
            started.append(run)
            room -= 1
        _write(workspace, runs)
    return started


def _listed(workspace: Workspace) -> list[Run]:
    names = read_object(workspace.models / _FILE).get("order", [])
    runs = [Run(workspace.runs / str(name)) for name in names]
    return [run for run in runs if (run.folder / "run.json").is_file()]


def _write(workspace: Workspace, runs: list[Run]) -> None:
    write_json(workspace.models / _FILE, {"order": [run.id for run in runs]})


def _locked(workspace: Workspace) -> AbstractContextManager[None]:
    """Only one process at a time changes the queue."""
    return locked(workspace.models / ".queue.lock")
