"""Start, stop and wait for training runs. A worker is a process of its own that outlives whoever started it.

Example:
    run = start(current(), "faces", None, "compact", {"training.epochs": 5})
    wait(run, on_epoch=print)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from fer_core.base.errors import RunError
from fer_core.base.workspace import Workspace, now
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.data.manifest import classes
from fer_core.models import pretrained
from fer_core.recipes.combinations import check_classes
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.runs.records import Epoch
from fer_core.runs.run import ACTIVE, Run
from fer_core.runs.store import create_run
from fer_core.scheduling import queue, starting_points, teachers
from fer_core.training.data import check_trainable

EpochFn = Callable[[Epoch], None]
_LOOK_EVERY_S = 0.2


def start(
    workspace: Workspace,
    dataset: Dataset | str,
    version: str | None,
    recipe: Recipe | str,
    settings: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Run:
    """Make a run and put it in the queue, which starts it when there is room; returns at once.

    Args:
        workspace: where the run is kept.
        dataset: dataset or its name.
        version: id, start of an id, `v3`, or None for the newest.
        recipe: recipe, its name, or the path of a `.toml` file.
        settings: fields to change, see `recipes.recipe.override`.
        fields: further entries of `run.json`.

    Raises:
        NotFound: no such dataset or version.
        RecipeError: the recipe or a setting is not valid.
        TooFewImages: the version has no train or val split, or a single class.
        RunError: the published weights of its backbone are in no place and there is no network, or its start
            or teacher is not there or does not fit, or weights or confusions do not fit the classes.
    """
    found = open_dataset(workspace, dataset) if isinstance(dataset, str) else dataset
    chosen = found.version(version)
    parent = load(recipe) if isinstance(recipe, str) else recipe
    changed = override(parent, settings or {})
    check_startable(found, chosen.id, changed)
    changed, known = starting_points.resolve_start(found, chosen.id, changed)
    run = create_run(
        workspace,
        found.name,
        chosen.id,
        changed,
        version_number=chosen.number,
        settings={key: str(value) for key, value in (settings or {}).items()},
        **known,
        **fields,
    )
    queue.add(run)
    return run


def check_startable(dataset: Dataset, version: str, recipe: Recipe) -> None:
    """Raise what would keep a recipe from being trained on a version (by id); its start (`model.start`) is not looked at.

    Raises:
        TooFewImages, RecipeError, RunError: as `start`.
    """
    manifest = dataset.manifest(version)
    check_trainable(manifest)
    pretrained.find_weights(recipe.model)
    teachers.check(dataset, version, recipe)
    check_classes(recipe, classes(manifest))


def stop(run: Run) -> None:
    """Ask a run to stop. It ends after the batch it is in; the best weights are kept, evaluated and exported.

    A run that has ended is left as it is.
    """
    with queue.changing(run.workspace):  # else it might be started after its state is read
        state = run.state
        if state not in ACTIVE:
            return
        (run.folder / "stop").touch()
        if state == "queued":
            run.update(state="stopped", reason="Stopped before it began", ended=now())


def wait(run: Run, *, on_epoch: EpochFn | None = None, timeout: float | None = None) -> Run:
    """Block until a run has ended.

    Args:
        run: the run.
        on_epoch: called with each epoch's row of `metrics.jsonl`, soon after it is written.
        timeout: seconds to wait at most.

    Raises:
        RunError: it goes on after `timeout`.
    """
    offset, began = 0, time.monotonic()
    while True:
        state = run.state
        if state == "queued":
            queue.advance(run.workspace)
        ended = state not in ACTIVE
        rows, offset = run.epochs_since(offset)
        if on_epoch is not None:
            for row in rows:
                on_epoch(row)
        if ended:
            return run
        if timeout is not None and time.monotonic() - began > timeout:
            raise RunError(
                f"Run {run.id} goes on", received=f"waited {timeout:g} s", hint="Wait longer or stop it"
            )
        time.sleep(_LOOK_EVERY_S)
