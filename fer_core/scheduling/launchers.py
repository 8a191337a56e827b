"""Where runs can be worked on: an interface, and the machine this is.

A launcher starts the worker of a run, `python -m fer_core.workers.train FOLDER`, and says how many it takes at once.
All else goes through the files of the run: the worker writes its state, and `stop` and `pause` are files it looks
for. So whatever sees the same workspace can launch runs, such as a cluster:

    class Cluster:
        name = "cluster"
        def slots(self) -> int: return 8
        def launch(self, run: Run) -> None: submit(["python", "-m", "fer_core.workers.train", run.folder])

    LAUNCHERS["cluster"] = Cluster()          # FER_LAUNCHER=cluster chooses it
"""

from __future__ import annotations

import os
import sys
from typing import Protocol

from fer_core.base.errors import RunError
from fer_core.base.workspace import now
from fer_core.jobs import process
from fer_core.runs.run import Run

WORKER = "fer_core.workers.train"


class Launcher(Protocol):
    """Somewhere that runs can be worked on."""

    name: str

    def slots(self) -> int:
        """How many runs may work at once."""

    def launch(self, run: Run) -> None:
        """Start the worker of a queued run and return at once; raises RunError if that cannot be done."""


class Local:
    """This machine: a process in a session of its own; one at a time, or as many as `FER_SLOTS` says."""

    name = "local"

    def slots(self) -> int:
        text = os.environ.get("FER_SLOTS", "1")
        if not text.isdigit() or int(text) < 1:
            raise RunError("FER_SLOTS must be a whole number above 0", received=text)
        return int(text)

    def launch(self, run: Run) -> None:
        if run.state != "queued":
            raise RunError(f"Run {run.id} was started before", received=f"state={run.state}")
        run.update(state="starting", launched=now())
        try:
            process.launch([sys.executable, "-m", WORKER, str(run.folder)], run.folder)
        except OSError as error:
            reason = f"The training process could not be started: {error}"
            run.update(state="failed", reason=reason, ended=now())
            raise RunError("The training process could not be started", received=error) from error


LAUNCHERS: dict[str, Launcher] = {"local": Local()}


def configured_launcher() -> Launcher:
    """The launcher that `FER_LAUNCHER` names, `local` without it.

    Raises:
        RunError: there is no such launcher.
    """
    name = os.environ.get("FER_LAUNCHER", "local")
    if name not in LAUNCHERS:
        known = ", ".join(map(repr, LAUNCHERS))
        raise RunError(f"`FER_LAUNCHER` must be one of {{{known}}}", received=f"FER_LAUNCHER={name!r}")
    return LAUNCHERS[name]
