"""The queue: runs that wait for a device. One run at a time, or as many as `FER_SLOTS` says.

Nobody has to watch it: whoever starts a run, ends one or looks at the runs calls `advance`, which starts what has
room. What waits is what the runs themselves say, so none is forgotten; a file says in which order, for those it names.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from fer_core.base.atomic import write_json
from fer_core.base.errors import RunError
from fer_core.base.jsonl import read_object
from fer_core.base.locks import locked
from fer_core.base.workspace import Workspace, now
from fer_core.runs.run import Run
from fer_core.runs.store import list_active
from fer_core.scheduling import launchers

FILE = "queue.json"


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
    run.update(submitted=now())  # elsewhere it may wait on; it is not launched again


def waits(run: Run) -> bool:
    """Whether nobody has launched it yet."""
    return run.state == "queued" and not run.info.get("submitted")


def waiting(workspace: Workspace) -> list[Run]:
    """The runs that wait, the next first: in the order that was asked for, then oldest first."""
    order = {name: place for place, name in enumerate(_order(workspace))}
    found = [run for run in reversed(list_active(workspace)) if waits(run)]
    return sorted(found, key=lambda run: order.get(run.id, len(order)))


def add(run: Run) -> None:
    """Put a run at the end, and start it if there is room."""
    with changing(run.workspace):
        _write(run.workspace, [*(name for name in _order(run.workspace) if name != run.id), run.id])
    advance(run.workspace)


def move(run: Run, place: int) -> None:
    """Put a waiting run at a place, counted from 1; beyond the end is the end.

    Raises:
        RunError: it does not wait.
    """
    with changing(run.workspace):
        runs = waiting(run.workspace)
        if run.id not in {r.id for r in runs}:
            raise RunError(f"Run {run.id} is not in the queue", received=f"state={run.state}")
        others = [r for r in runs if r.id != run.id]
        others.insert(max(place, 1) - 1, run)
        _write(run.workspace, [other.id for other in others])


def advance(workspace: Workspace) -> list[Run]:
    """Start as many waiting runs as there is room for; returns those that were started."""
    if not waiting(workspace):
        return []
    started = []
    with changing(workspace):
        runs = waiting(workspace)
        room = slots() - sum(run.active and not waits(run) for run in list_active(workspace)) if runs else 0
        while runs and room > 0:
            run = runs.pop(0)
            try:
                launch(run)
            except RunError as error:  # the run says why
                if run.state == "queued":
                    run.update(state="failed", reason=str(error), ended=now())
                continue
            started.append(run)
            room -= 1
        left = {run.id for run in runs}
        _write(workspace, [name for name in _order(workspace) if name in left])
    return started


def _order(workspace: Workspace) -> list[str]:
    names = read_object(workspace.models / FILE).get("order", [])
    return [str(name) for name in names] if isinstance(names, list) else []


def _write(workspace: Workspace, order: list[str]) -> None:
    write_json(workspace.models / FILE, {"order": order})


def changing(workspace: Workspace) -> AbstractContextManager[None]:
    """Inside, no other process puts runs into the queue, starts them or moves them. `add` and `advance` do not go inside."""
    return locked(workspace.models / ".queue.lock")
