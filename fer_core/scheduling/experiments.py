"""One recipe several times: with different seeds, on each fold of a k-fold version, or with wrong labels on purpose.

The runs carry the id of the first as `experiment` and say what makes them different as `member`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fer_core.base.errors import RecipeError, SplitError
from fer_core.data.dataset import Dataset
from fer_core.data.versions import Version
from fer_core.recipes.recipe import Recipe, override
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.scheduling import queue, starting_points, teachers
from fer_core.scheduling.start import check_startable

MOST, MOST_NOISY = 20, 100


def check_count(count: int) -> None:
    """Raises RecipeError for a number of seeds that is not between 2 and 20."""
    if not 2 <= count <= MOST:
        raise RecipeError(f"An experiment has 2 to {MOST} seeds", received=count)


def seeds(
    dataset: Dataset, version: Version, recipe: Recipe, count: int, settings: Mapping[str, Any]
) -> list[Run]:
    """Runs with the seeds s, s + 1, ...; s is the recipe's. All are put in the queue.

    Raises:
        RecipeError: fewer than 2 or more than 20, or a setting that is not valid.
    """
    check_count(count)
    first = override(recipe, settings).training.seed
    members = [
        (version, f"seed {seed}", {**settings, "training.seed": seed}) for seed in range(first, first + count)
    ]
    return _start(dataset, recipe, members)


def folds(dataset: Dataset, recipe: Recipe, count: int, settings: Mapping[str, Any]) -> list[Run]:
    """A run on each fold of the newest split into so many folds. All are put in the queue.

    Raises:
        SplitError: the dataset was not split into so many folds.
        RunError: the recipe has a teacher.
    """
    teachers.refuse_folds(override(recipe, settings))
    versions = dataset.versions()
    parent = max(
        (v.number for v in versions if v.operation == "stratify" and v.parameters.get("folds") == count),
        default=0,
    )
    whole = next((v for v in versions if v.number == parent), None)
    found = [v for v in versions if v.operation == "fold" and whole and v.parent == whole.id]
    if not found:
        raise SplitError(
            "This dataset has not been split into these folds",
            received=f"{count} folds",
            hint=f"First: `fer stratify {dataset.name} --folds {count}`",
        )
    members = [(version, str(version.parameters["fold"]), dict(settings)) for version in found]
    return _start(dataset, recipe, members)


def noise(
    dataset: Dataset,
    version: Version,
    recipe: Recipe,
    losses: Sequence[str],
    shares: Sequence[float],
    settings: Mapping[str, Any],
    seeds: int = 1,
) -> list[Run]:
    """A run with each loss at each share of wrong labels, and each of so many seeds. All are put in the queue.

    At one share all losses see the same wrong labels, and a larger share has those of the smaller ones: pairs of runs differ in
    their loss alone, or in the share. Which labels become which is the recipe's `noise.confusions`.

    Raises:
        RecipeError: no loss or share, more runs than 100, a loss or share among the settings, or one that is not valid.
    """
    count = len(losses) * len(shares) * seeds
    if not 0 < count <= MOST_NOISY:
        raise RecipeError(
            f"Losses x shares x seeds must make 1 to {MOST_NOISY} runs", received=f"{count} runs"
        )
    if taken := settings.keys() & {"noise.share", "share", "loss.name"}:
        raise RecipeError(
            "A noise experiment sets losses and shares itself",
            received=f"--set {', '.join(sorted(taken))}",
            hint="Take --losses and --shares",
        )
    first = override(recipe, settings).training.seed
    members = []
    for number in range(first, first + seeds):
        for loss in losses:
            for share in shares:
                name = f"{loss}, {100 * share:g}% noise" + (f", seed {number}" if seeds > 1 else "")
                changed = {"loss.name": loss, "noise.share": share, "training.seed": number}
                members.append((version, name, {**settings, **changed}))
    return _start(dataset, recipe, members)


def spread(runs: Sequence[Run]) -> str:
    """Mean and sd of the finished runs' validation accuracy; of folds, whose images differ, also accuracy and macro F1 over all.

    Empty for fewer than two finished runs.
    """
    asked = len(runs)
    runs = [run for run in runs if run.state == "finished"]
    reached = [value for run in runs if (value := run.summary()["val_accuracy"]) is not None]
    if len(reached) < 2:
        return ""
    text = f"val accuracy {np.mean(reached):.4f} ± {np.std(reached, ddof=1):.4f} over {len(reached)} runs"
    if left := asked - len(reached):
        text += f"; left out: {left} that did not finish"
    tables = [
        predictions.read(run.folder, "val")
        for run in runs
        if predictions.predictions_path(run.folder, "val").is_file()
    ]
    whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"image_id": []})
    if len(tables) < len(runs) or whole["image_id"].duplicated().any():
        return text  # the same images several times: seeds

    from sklearn.metrics import f1_score  # takes a second to load, and only folds need it

    columns = [name for name in whole if str(name).startswith("p_")]
    predicted = np.array([str(name).removeprefix("p_") for name in columns])[
        whole[columns].to_numpy().argmax(axis=1)
    ]
    label = whole["label"].to_numpy(dtype=str)
    right, f1 = (predicted == label).mean(), f1_score(label, predicted, average="macro")
    return f"{text}\nall {len(whole):,} images together: accuracy {right:.4f}, macro F1 {f1:.4f}"


def _start(
    dataset: Dataset, recipe: Recipe, members: Sequence[tuple[Version, str, Mapping[str, Any]]]
) -> list[Run]:
    runs: list[Run] = []
    recipes = [override(recipe, settings) for _, _, settings in members]  # all are valid before one is made
    for (version, _, _), changed in zip(members, recipes, strict=True):
        check_startable(dataset, version.id, changed)
    settled = [
        starting_points.resolve_start(dataset, version.id, changed)
        for (version, _, _), changed in zip(members, recipes, strict=True)
    ]
    for (version, member, settings), (changed, known) in zip(members, settled, strict=True):
        run = create_run(
            dataset.workspace,
            dataset.name,
            version.id,
            changed,
            version_number=version.number,
            settings={key: str(value) for key, value in settings.items()},
            member=member,
            **known,
        )
        runs.append(run)
    for run in runs:
        run.update(experiment=runs[0].id)
        queue.add(run)
    return runs
