"""Start, stop and wait for training runs. A worker is a process of its own that outlives whoever started it.

Example:
    run = start(current(), "faces", None, "compact", {"training.epochs": 5})
    wait(run, on_epoch=print)
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

import fer_core
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.errors import RunError
from fer_core.runs.run import ACTIVE, Run
from fer_core.runs.store import create_run
from fer_core.training.recipe import Recipe, load, override
from fer_core.workspace import Workspace, now, write_json

EpochFn = Callable[[dict[str, Any]], None]


def start(
    workspace: Workspace,
    dataset: Dataset | str,
    version: str | None,
    recipe: Recipe | str,
    settings: Mapping[str, Any] | None = None,
) -> Run:
    """Make a run and start its worker; returns at once.

    Args:
        workspace: where the run is kept.
        dataset: dataset or its name.
        version: id, start of an id, `v3`, or None for the newest.
        recipe: recipe, its name, or the path of a `.toml` file.
        settings: fields to change, see `training.recipe.override`.

    Raises:
        NotFound: no such dataset or version.
        RecipeError: the recipe or a setting is not valid.
    """
    found = open_dataset(workspace, dataset) if isinstance(dataset, str) else dataset
    chosen = found.version(version)
    parent = load(recipe) if isinstance(recipe, str) else recipe
    changed = override(parent, settings or {})
    run = create_run(
        workspace,
        found.name,
        chosen.id,
        changed,
        version_number=chosen.number,
        settings={key: str(value) for key, value in (settings or {}).items()},
    )
    launch(run)
    return run


def train(
    workspace: Workspace,
    dataset: Dataset | str,
    version: str | None,
    recipe: Recipe | str,
    settings: Mapping[str, Any] | None = None,
    *,
    detach: bool = False,
    on_epoch: EpochFn | None = None,
) -> Run:
    """`start`, then `wait` unless `detach`. The state of the returned run says how it went."""
    run = start(workspace, dataset, version, recipe, settings)
    return run if detach else wait(run, on_epoch=on_epoch)


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
                env=_environment(),
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


def stop(run: Run) -> None:
    """Ask a run to stop. It ends after the batch it is in; the best weights are kept, evaluated and exported.

    A run that has ended is left as it is.
    """
    state = run.state
    if state not in ACTIVE:
        return
    (run.folder / "stop").touch()
    if state == "queued":
        run.update(state="stopped", reason="Stopped before it began", ended=now())


def wait(
    run: Run, *, on_epoch: EpochFn | None = None, timeout: float | None = None, interval: float = 0.2
) -> Run:
    """Block until a run has ended.

    Args:
        run: the run.
        on_epoch: called with each epoch's row of `metrics.jsonl`, soon after it is written.
        timeout: seconds to wait at most.
        interval: seconds between looks.

    Raises:
        RunError: it goes on after `timeout`.
    """
    offset, began = 0, time.monotonic()
    while True:
        ended = run.state not in ACTIVE
        rows, offset = run.tail(offset)
        if on_epoch is not None:
            for row in rows:
                on_epoch(row)
        if ended:
            return run
        if timeout is not None and time.monotonic() - began > timeout:
            raise RunError(
                f"Run {run.id} goes on", received=f"waited {timeout:g} s", hint="Wait longer or stop it"
            )
        time.sleep(interval)


def _environment() -> dict[str, str]:
    package = str(Path(fer_core.__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    defaults = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {**defaults, **os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
