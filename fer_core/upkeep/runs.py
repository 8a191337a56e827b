"""The doctor's look at what models are made of: runs, the shelf, the queue, background work."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fer_core.base.atomic import read_json
from fer_core.base.checksums import file_state, recorded_files
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.evaluation.report import evaluate_run
from fer_core.inference.model_registry import added_folder
from fer_core.recipes.recipe import parse
from fer_core.runs.predictions import known_splits, predictions_path, stored_splits
from fer_core.runs.run import ACTIVE, Run
from fer_core.scheduling import queue
from fer_core.upkeep.findings import Examination, Repair, set_aside

_BACKUP = "Take it from a backup (`fer restore`)"
_AGAIN = f"{_BACKUP}, or train again from the run's recipe"


class _Part(NamedTuple):
    """A file of a run: what is lost without it, and what helps."""

    name: str
    harm: str
    remedy: str = _AGAIN


_ENDED = (
    _Part("model.onnx", "The run cannot answer for pictures"),
    _Part("best.keras", "The run's network cannot be converted or trained on"),
    _Part("metrics.jsonl", "The run's curve, and its figures on the board, may be others", _BACKUP),
)
_ANY = (
    _Part("checkpoints/best.npz", "The run cannot be gone on from"),
    _Part("checkpoints/last.npz", "The run cannot be gone on from"),
    _Part("checkpoints/best-state.npz", "The run cannot be forked from its best epoch"),
)


def examine(found: Examination) -> None:
    """Look at every run, at the models that were added, at the queue and at jobs."""
    workspace = found.workspace
    folders = sorted(path for path in workspace.runs.glob("[0-9]*-*/") if path.is_dir())
    for folder in folders:
        _run(found, Run(folder))
    for path in sorted(added_folder(workspace).glob("*.onnx")):
        remedy = "--repair sets it aside; add the file again"
        found.look("model", path, "The model's answers may be others", remedy, _aside(workspace, path))
    for folder in sorted((workspace.models / "ensembles").glob("*/")):
        for name in sorted(recorded_files(folder)):
            remedy = "--repair sets it aside; save the ensemble again"
            found.look(
                "model",
                folder / name,
                "The ensemble's answers may be others",
                remedy,
                _aside(workspace, folder / name),
            )
    _chosen(found)
    _queue(found, {folder.name for folder in folders})
    for path in sorted(workspace.jobs.glob("*/job.json")):
        harm, remedy = "The job cannot be shown", "--repair sets its folder aside; start it again"
        repair = _aside(workspace, path.parent)
        found.look("job", path, harm, remedy, repair, lambda path: isinstance(read_json(path), dict))


def _aside(workspace: Workspace, path: Path) -> Repair:
    return lambda: set_aside(workspace, path)


def _run(found: Examination, run: Run) -> None:
    folder = run.folder
    about, recipe = folder / "run.json", folder / "recipe.toml"
    harm = "What the run is, which data it had and how it ended is not known"
    found.look(
        "run", about, harm, _BACKUP, sound=lambda path: isinstance(read_json(path), dict) and bool(run.info)
    )
    if not run.info.get("judged"):
        found.look(
            "run",
            recipe,
            "The run cannot be made again",
            _BACKUP,
            sound=lambda path: bool(parse(path.read_text("utf-8"))),
        )
    ended = run.info.get("state") in ("finished", "stopped")
    for part in _ENDED if ended else ():
        _part(found, run, part, expected=part.name != "best.keras" and bool(run.epochs_since()[0]))
    for part in _ANY:
        _part(found, run, part, expected=False)
    for place in (folder, folder / "checkpoints"):
        _others(found, run, place)
    for place in (folder, *sorted(folder.glob("on-*/")), *sorted(folder.glob("across-*/"))):
        _answers(found, run, place)
    if run.state not in ACTIVE:
        _judgement(found, run)
    _data(found, run)


def _part(found: Examination, run: Run, part: _Part, *, expected: bool) -> None:
    """One file; where it is neither there nor noted nor to be expected, there is nothing to say."""
    path = run.folder / part.name
    if path.exists() or expected or path.name in recorded_files(path.parent):
        aside = part.name != "metrics.jsonl"
        remedy = f"{part.remedy}; --repair sets it aside" if aside and path.exists() else part.remedy
        repair = _aside(found.workspace, path) if aside and path.exists() else None
        found.look("run", path, part.harm, remedy, repair)


def _others(found: Examination, run: Run, place: Path) -> None:
    """Whatever else was noted: checkpoints of epochs, converted models."""
    known = {"run.json", "recipe.toml", "evaluation.json"}
    known |= {Path(part.name).name for part in (*_ENDED, *_ANY)}
    known |= {predictions_path(place, split).name for split in known_splits(place)}
    own = place == run.folder
    harm = "This file of the run may be another" if own else "The run cannot be forked from this epoch"
    for name in sorted(recorded_files(place) - known):
        path = place / name
        if (
            own and path.suffix != ".json" and not path.exists()
        ):  # of a conversion that was stopped; it can be made again
            continue
        found.look("run", path, harm, _AGAIN, _aside(found.workspace, path) if path.exists() else None)


def _answers(found: Examination, run: Run, place: Path) -> None:
    """The predictions of a run, for its own version or another."""
    paths = {predictions_path(place, split) for split in known_splits(place)}
    if place == run.folder:
        paths |= {predictions_path(place, split) for split in run.evaluation().get("splits", {})}
    for path in sorted(paths):
        repair = _aside(found.workspace, path) if path.exists() else None
        remedy = f"{_AGAIN}; --repair sets it aside" if repair else _AGAIN
        harm = "What the run answered for these images is not known; nothing is computed from it"
        found.look("run", path, harm, remedy, repair, lambda path: len(pd.read_parquet(path)) >= 0)


def _judgement(found: Examination, run: Run) -> None:
    path = run.folder / "evaluation.json"
    if not path.exists() and path.name not in recorded_files(run.folder):
        return
    splits = stored_splits(run.folder)
    whole = bool(splits) and all(
        file_state(predictions_path(run.folder, split)) in ("whole", "not checked") for split in splits
    )

    def again() -> str:
        aside = f" {set_aside(found.workspace, path)}." if path.exists() else ""
        evaluate_run(run)
        return f"Computed again from the run's predictions.{aside}"

    remedy = "--repair computes it again from the run's predictions" if whole else _BACKUP
    harm = "The run's figures on the board may be others"
    sound = lambda path: isinstance(read_json(path)["splits"], dict)  # noqa: E731
    found.look("run", path, harm, remedy, again if whole else None, sound)


def _data(found: Examination, run: Run) -> None:
    """The version a run was trained on, where its dataset is there and the version is not."""
    try:
        dataset = open_dataset(run.workspace, run.dataset)
    except FerError:
        return  # a dataset may be removed; its runs stay
    place = dataset.folder / "versions" / run.version
    if run.version and not place.is_dir():
        harm = f"The images that run {run.id} was trained on are not known"
        found.add("version", place, "gone", harm, _BACKUP)


def _chosen(found: Examination) -> None:
    path = found.workspace.models / "default.json"
    if not path.exists() and path.name not in recorded_files(path.parent):
        return
    there = lambda path: (found.workspace.runs / read_json(path)["run"]).is_dir()  # noqa: E731
    harm = "The model that was chosen to answer is not known, so another one answers"
    repair = _aside(found.workspace, path) if path.exists() else None
    remedy = "choose a model again (`fer promote RUN`)"
    remedy = f"--repair sets the file aside; {remedy}" if repair else f"C{remedy[1:]}"
    found.look("model", path, harm, remedy, repair, there)


def _queue(found: Examination, runs: set[str]) -> None:
    path = found.workspace.models / queue.FILE
    if not path.exists():
        return
    harm = "The order of the queue is not known: the oldest run comes first"
    remedy = "--repair sets it aside; the queue is made of the runs that wait"
    sound = lambda path: set(read_json(path)["order"]) <= runs  # noqa: E731
    found.look("queue", path, harm, remedy, _aside(found.workspace, path), sound)
