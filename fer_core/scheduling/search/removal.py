"""Taking a search away: its plan, journal and recipe; its runs stay, as all runs do."""

from __future__ import annotations

from fer_core.base.atomic import remove_folder
from fer_core.base.errors import FerError, RunError
from fer_core.base.locks import LockHeld, locked
from fer_core.base.workspace import Workspace
from fer_core.scheduling.search.plan import find
from fer_core.scheduling.search.standing import runs_of


def delete(workspace: Workspace, name: str) -> list[str]:
    """Delete the search of that name.

    Returns:
        Ids of its runs, which stay.

    Raises:
        NotFound: there is none.
        RunError: a process carries it on, or one of its runs waits or works.
        FerError: the folder cannot be moved away.
    """
    folder = find(workspace, name)
    runs = list(runs_of(workspace, name).values())
    busy = [run.id for run in runs if run.active]
    if busy:
        raise RunError("Runs of the search wait or work", received=", ".join(busy[:8]), hint="Stop it first")
    try:
        with locked(folder / ".lock", wait=False):
            remove_folder(folder)
    except LockHeld as error:
        raise RunError("A process carries this search on", received=name, hint="Stop it first") from error
    except OSError as error:
        raise FerError(f"The search could not be deleted ({error.strerror})", received=folder) from error
    return sorted(run.id for run in runs)
