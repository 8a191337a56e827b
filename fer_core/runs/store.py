"""The runs of a workspace: make one, list them, find one. What a run holds is told in `runs.run`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from fer_core.base.atomic import make_folder, new_folder, write_json
from fer_core.base.checksums import record_checksum
from fer_core.base.errors import NotFound
from fer_core.base.workspace import Workspace, now
from fer_core.recipes.recipe import Recipe, to_toml
from fer_core.runs import naming
from fer_core.runs.records import RunInfo
from fer_core.runs.run import ACTIVE, Run

_BUSY = ("starting", "running", "stopping", "pausing")
_RESERVE = 64 * 1024  # bytes
_NAME = re.compile(r"[0-9].*-")
_ended: dict[str, tuple[int, int, int]] = {}
"""Folder of a run that is known to have ended -> its `run.json` then."""


def create_run(
    workspace: Workspace,
    dataset: str,
    version: str,
    recipe: Recipe,
    *,
    fill: Callable[[Path], None] = lambda folder: None,
    **fields: Any,
) -> Run:
    """Make the folder of a new run in state `queued`, whole at once: the queue may start it from then on.

    Args:
        workspace: where.
        dataset: name of the dataset.
        version: id of its version.
        recipe: complete recipe.
        fill: writes what the run begins with into its folder.
        fields: further entries of `run.json`.
    """
    name = f"{_next_number(workspace):04d}-{recipe.name}"
    folder = workspace.runs / name
    with new_folder(folder) as temporary:
        (temporary / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
        keep_reserve(temporary)
        info: RunInfo = {
            "id": name,
            "state": "queued",
            "recipe": recipe.name,
            "dataset": dataset,
            "version": version,
            "created": now(),
            "seed": recipe.training.seed,
            "planned_epochs": recipe.training.epochs,
        }
        fill(temporary)
        info = cast(RunInfo, {**info, **fields})
        write_json(temporary / "run.json", {**info, "differs": naming.describe_difference(info, recipe)})
        for file in ("recipe.toml", "run.json"):
            record_checksum(temporary / file)
    return Run(folder)


def keep_reserve(folder: Path) -> None:
    """A file of a run that waits or works, deleted when it fails, so that a full disk still has room for the reason."""
    (folder / "reserve").write_bytes(bytes(_RESERVE))


def create_judged(
    workspace: Workspace,
    name: str,
    dataset: str,
    version: str,
    *,
    fill: Callable[[Path], None],
    **fields: Any,
) -> Run:
    """Make the folder of a run that was not trained here, in state `finished`: it has no recipe.

    Args:
        workspace: where.
        name: of the model.
        dataset, version: as `create_run`.
        fill: writes its answers into its folder.
        fields: further entries of `run.json`, `judged` among them.
    """
    run = f"{_next_number(workspace):04d}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}"
    with new_folder(workspace.runs / run) as temporary:
        info: RunInfo = {
            "id": run,
            "state": "finished",
            "recipe": name,
            "dataset": dataset,
            "version": version,
            "created": now(),
            "planned_epochs": 0,
        }
        fill(temporary)
        write_json(temporary / "run.json", {**info, **fields})
        record_checksum(temporary / "run.json")
    return Run(workspace.runs / run)


def list_runs(workspace: Workspace) -> list[Run]:
    """Every run of the workspace, newest first."""
    folder = workspace.runs
    return [Run(folder / name) for name, _ in _listed(folder)]


def list_active(workspace: Workspace) -> list[Run]:
    """The runs that wait or work, newest first. One that has ended is read once and asks for a `stat` from then on."""
    found, folder = [], workspace.runs
    for name, stamp in _listed(folder):
        path = f"{folder}/{name}"
        if _ended.get(path) == stamp:
            continue
        run = Run(folder / name)
        if run.info.get("state", "lost") in ACTIVE:
            found.append(run)
        else:
            _ended[path] = stamp
    return found


def _listed(folder: Path) -> list[tuple[str, tuple[int, int, int]]]:
    """Names of the folders of runs, newest first, and what tells one state of `run.json` from another."""
    try:
        names = [name for name in os.listdir(folder) if _NAME.match(name)]
    except FileNotFoundError:
        return []
    found = []
    for name in sorted(names, key=lambda name: (_number(name), name), reverse=True):
        try:
            about = os.stat(f"{folder}/{name}/run.json")
        except OSError:
            if os.path.isfile(f"{folder}/{name}/recipe.toml"):  # a run all the same, and somebody should know
                found.append((name, (0, 0, 0)))
            continue
        if stat.S_ISREG(about.st_mode):
            found.append((name, (about.st_mtime_ns, about.st_size, about.st_ino)))
    return found


def get(workspace: Workspace, run: str) -> Run:
    """A run by id, by its number (`41`), or by a start of its id that only one has.

    Raises:
        NotFound: none, or several.
    """
    runs = list_runs(workspace)
    exact = [r for r in runs if r.id == run]
    number = [r for r in runs if run.isdigit() and _number(r.id) == int(run)]
    found = exact or number or [r for r in runs if run and r.id.startswith(run)]
    if len(found) == 1:
        return found[0]
    what = "Several runs begin so" if found else "Run not found"
    shown = ", ".join(r.id for r in (found or runs)[:8])
    raise NotFound(what, received=run, hint=f"Known: {shown}" if shown else "There are no runs yet")


def _next_number(workspace: Workspace) -> int:
    """Take the next number. Creating its file is what makes it ours, so two processes never get the same."""
    taken = workspace.runs / ".numbers"
    make_folder(taken)
    used = [_number(p.name) for p in (*workspace.runs.glob("[0-9]*-*"), *taken.iterdir())]
    number = max(used, default=0) + 1
    while True:
        try:
            (taken / f"{number:04d}").touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return number


def _number(name: str) -> int:
    match = re.match(r"\d+", name)
    return int(match.group()) if match else 0


def busy_runs(workspace: Workspace, dataset: str) -> list[str]:
    """Ids of runs that are training on the dataset of that name: it must not be removed under them."""
    return [
        run.id for run in list_runs(workspace) if run.summary()["dataset"] == dataset and run.state in _BUSY
    ]
