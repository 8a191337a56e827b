"""Two runs differ in several settings: which of them made the difference? One run per single change tells.

changes = plan(first, second)                    # [Change("loss.label_smoothing", {...}, "0", "0.1"), ...]
start(first, second)                             # queues the runs that are not there yet
found = attribute(first, second, "val", version) # each change's gain over the first, with interval
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from fer_core.base.errors import FerError, RunError
from fer_core.data.datasets import open_dataset
from fer_core.evaluation import hyperparameters, leaderboard
from fer_core.evaluation.data_axis import settings
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.evaluation.paired.attribution import AblationStep, Attribution, SettingChange
from fer_core.evaluation.run_pair import TRAINING_DATA, compare_runs
from fer_core.recipes import toml
from fer_core.recipes.recipe import Recipe, Setting, difference, fields, override, to_toml
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.scheduling import queue, starting_points

MOST = 12
"""Single changes at most; of more, the settings of one table go together."""
_ORIGIN = {*hyperparameters.ORIGIN, hyperparameters.SEED}


def plan(first: Run, second: Run) -> list[SettingChange]:
    """The single changes that lead from the first to the second.

    Settings that need each other go together: those of an optimizer, schedule, loss or network of another kind. Another
    version of the dataset is one change, tried by the recipe of the first on it.

    Raises:
        RunError: the runs are of different datasets, or a recipe cannot be read.
    """
    if first.dataset != second.dataset:
        raise RunError(
            "These runs have learned from different datasets, which settings cannot explain",
            received=f"{first.dataset} and {second.dataset}",
            hint="Train one of them on the other's dataset first",
        )
    try:
        one, two = first.recipe, second.recipe
    except (FerError, OSError, ValueError) as error:
        raise RunError("The recipe of one of these runs cannot be read", received=error) from error
    changed = {k: v for k, v in difference(one, two).items() if k not in _ORIGIN}
    before, after = fields(one), fields(two)
    groups = _grouped(changed, before, after)
    if len(groups) > MOST:
        groups = {}
        for key, value in changed.items():
            groups.setdefault(key.partition(".")[0], {})[key] = value
    result = []
    if first.version != second.version:
        sides = settings.told_sides(first, second)
        result.append(SettingChange(TRAINING_DATA, {}, *sides, _unusable(second), version=second.version))
    for name, part in groups.items():
        problem = ""
        try:
            override(one, part)
        except FerError as error:
            problem = str(error)
        values = [_side(name, part, side) for side in (before, after)]
        result.append(SettingChange(name, part, values[0], values[1], problem))
    return result


def _unusable(run: Run) -> str:
    """Why nothing can learn from the version of a run; "" where something can."""
    try:
        open_dataset(run.workspace, run.dataset).version(run.version)
    except FerError as error:
        return str(error)
    return ""


def _grouped(
    changed: Mapping[str, Setting], before: Mapping[str, Setting], after: Mapping[str, Setting]
) -> dict[str, dict[str, Setting]]:
    tables = {key.rpartition(".")[0] for key in changed if key.endswith((".name", ".architecture"))}
    other = {
        t
        for t in tables
        for tag in ("name", "architecture")
        if before.get(f"{t}.{tag}") != after.get(f"{t}.{tag}")
    }
    groups: dict[str, dict[str, Setting]] = {}
    for key, value in changed.items():
        table = next((t for t in other if key.startswith(f"{t}.")), None)
        groups.setdefault(table or key, {})[key] = value
    return groups


def _side(name: str, part: Mapping[str, Setting], values: Mapping[str, Setting]) -> str:
    tag = next((f"{name}.{t}" for t in ("name", "architecture") if f"{name}.{t}" in part), None)
    if tag or len(part) == 1:
        return hyperparameters.value_text(values.get(tag or next(iter(part))))
    return ", ".join(
        f"{k.rpartition('.')[2]} {hyperparameters.value_text(values.get(k))}" for k in list(part)[:3]
    )


def recipe_of(first: Run, change: SettingChange) -> Recipe:
    """The recipe of the first with one change; seed and name stay the first's.

    Raises:
        RecipeError: it is not valid.
    """
    return override(first.recipe, change.settings)


def existing(first: Run, change: SettingChange, rows: Sequence[LeaderboardRow]) -> Run | None:
    """A run that does what the first does, seed and all, but for this change, and finished or is at work; the newest of
    several."""
    recipe = recipe_of(first, change)
    wanted = {k: v for k, v in fields(recipe).items() if k not in hyperparameters.ORIGIN}
    lines = hyperparameters.plain_lines(to_toml(recipe))
    same = recipe.name, first.dataset, change.version or first.version, recipe.training.seed
    folder = first.workspace.runs
    for row in rows:
        if (row["recipe"], row["dataset"], row["version"], row["seed"]) != same:
            continue
        if row["state"] not in ("failed", "lost", "stopped"):
            run = Run(folder / str(row["run"]))
            # Not the text alone: an older app wrote fewer fields, all at their defaults.
            if hyperparameters.may_match(run, lines) and hyperparameters.settings_of(run) == wanted:
                return run
    return None


def tried(first: Run, second: Run) -> list[tuple[SettingChange, Run | None]]:
    """Every change of `plan`, and the run that tries it alone where there is one."""
    rows = leaderboard.rows(first.workspace)
    return [
        (change, None if change.problem else existing(first, change, rows)) for change in plan(first, second)
    ]


def missing(found: Sequence[tuple[SettingChange, Run | None]]) -> list[SettingChange]:
    """Of what was `tried`, the changes that `start` queues a run for. A single setting needs none, for the second run tries
    it; a single other version does where the second has another seed too."""
    alone = [(change, run) for change, run in found if not change.problem]
    if len(alone) < 2 and not any(change.version for change, _ in alone):
        return []
    return [change for change, run in alone if run is None]


def start(first: Run, second: Run) -> list[Run]:
    """Queue a run for every change that has none yet; returns those that were made.

    Raises:
        RunError: as `plan`, or there is nothing to try.
    """
    found = tried(first, second)
    if not missing(found) and sum(not change.problem for change, _ in found) < 2:
        raise RunError("These runs differ in fewer than two settings", received=f"{first.id}, {second.id}")
    made = [_single(first, second, change) for change in missing(found)]
    for run in made:
        queue.add(run)
    return made


def _single(first: Run, second: Run, change: SettingChange) -> Run:
    """The run that tries a change alone, not yet in line."""
    info, where = first.info, second if change.version else first
    recipe = recipe_of(first, change)
    known: Mapping[str, Any] = {}
    if recipe.model.start:
        dataset = open_dataset(first.workspace, first.dataset)
        recipe, known = starting_points.resolve_start(dataset, where.version, recipe)
    inherited = dict(info.get("settings") or {})
    return create_run(
        first.workspace,
        first.dataset,
        where.version,
        recipe,
        version_number=where.info.get("version_number"),
        settings=inherited | {key: toml.inline(value) for key, value in change.settings.items()},
        member=f"{change.name} {change.after}"[:60],
        ablation={"first": first.id, "second": second.id, "change": change.name},
        **known,
    )


def attribute(
    first: Run, second: Run, split: str, version: str, manifest: pd.DataFrame | None = None
) -> Attribution:
    """What each single change gains over the first run.

    Args:
        first, second: of `plan`.
        split, version, manifest: as `run_pair.compare_runs`.

    Raises:
        RunError, NotFound: as `plan` and `run_pair.compare_runs`.
    """
    steps = []
    for change, run in tried(first, second):
        verdict = None
        if run is not None and run.state == "finished":
            try:
                verdict = compare_runs(first, run, split, version, manifest).verdict
            except FerError:
                verdict = None  # its row on the board says why
        steps.append(AblationStep(change, run, verdict))
    total = compare_runs(first, second, split, version, manifest).verdict
    told = [step.verdict for step in steps if step.verdict is not None]
    found = Attribution(steps, total)
    if told and len(told) == sum(not step.change.problem for step in steps) and found.same_images:
        rest = float(total["difference"]) - sum(float(v["difference"]) for v in told)
        return replace(found, together=rest)
    return found
