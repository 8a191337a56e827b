"""The process that works on a run: started in a session of its own, so that it outlives whoever started it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil

import fer_core
from fer_core.errors import RunError
from fer_core.runs.run import Run
from fer_core.workspace import now, write_json


def launch(run: Run) -> None:
    """Start the worker of a queued run, in its own session so that it survives the app and its terminal.

    Raises:
        RunError: the run is not queued, or the process cannot be started.
    """
    if run.state != "queued":
        raise RunError(f"Run {run.id} was started before", received=f"state={run.state}")
    run.update(state="starting", launched=now())
    try:
        with open(run.folder / "log.txt", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fer_core.training.worker", str(run.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment(),
            )
    except OSError as error:
        run.update(state="failed", reason=f"The training process could not be started: {error}", ended=now())
        raise RunError("The training process could not be started", received=error) from error
    write_process(run, process.pid)
    # Somebody must collect the exit status, or the dead worker stays in the process table.
    threading.Thread(target=process.wait, name=f"wait-{run.id}", daemon=True).start()


def write_process(run: Run, pid: int) -> None:
    """Note which process works on the run. Launcher and worker both do: whoever comes first."""
    with suppress(psutil.NoSuchProcess):
        process = {"pid": pid, "create_time": psutil.Process(pid).create_time(), "host": socket.gethostname()}
        write_json(run.folder / "process.json", process)


def environment() -> dict[str, str]:
    """Environment of a process that imports Keras: this package on its path, a backend, little chatter."""
    package = str(Path(fer_core.__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    defaults = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {**defaults, **os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
