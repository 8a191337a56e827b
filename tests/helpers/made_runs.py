"""Finished runs whose answers are given, without a training: with a dataset (`trained`), without one (`made`), or bare."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_core.base.atomic import write_json
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.recipes.recipe import load, override
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.runs.store import create_run

VERSION = "0123456789abcdef"
NAMES = ("happy", "surprise", "neutral", "sad")
"""Classes of the sample, in the order of the networks' outputs here."""


def bare(root: Path, name: str, **info: Any) -> Run:
    """The folder of a run with nothing but `run.json`, in workspace `root`; finished, of version v1 of faces, if `info`
    says nothing else."""
    folder = Workspace(root).runs / name
    folder.mkdir(parents=True)
    known = {"id": name, "state": "finished", "dataset": "faces", "version": "v1"}
    write_json(folder / "run.json", {**known, **info})
    return Run(folder)


def answer(
    run: Run,
    split: str,
    images: pd.DataFrame,
    said: Sequence[str],
    names: Sequence[str] = NAMES,
    sure: float = 0.7,
) -> None:
    """Leave predictions with a run.

    Args:
        run: whose.
        split: of which split.
        images: image_id and label.
        said: class that the run is `sure` of, for each image; the others share the rest.
        names: of all classes.
    """
    chosen = np.asarray(said)[:, None] == np.asarray(names)[None, :]
    p = np.where(chosen, sure, (1 - sure) / (len(names) - 1)).astype(np.float32)
    table = images[["image_id", "label"]].reset_index(drop=True)
    predictions.write(run.folder, split, table.join(pd.DataFrame(p, columns=[f"p_{name}" for name in names])))


def tell_epochs(run: Run, val_accuracies: Iterable[float], **more: Any) -> None:
    """Write a line of `metrics.jsonl` for each epoch.

    Args:
        run: whose.
        val_accuracies: one for each epoch.
        more: other fields of every line.
    """
    usual = {
        "loss": 1.0,
        "accuracy": 0.8,
        "val_loss": 1.0,
        "learning_rate": 0.1,
        "seconds": 1.0,
        "images_per_second": 10.0,
    }
    lines = [
        {"epoch": n, **usual, "val_accuracy": value, **more} for n, value in enumerate(val_accuracies, 1)
    ]
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def trained(
    dataset: Dataset,
    share: float,
    splits: Sequence[str] = ("val", "test"),
    *,
    names: Sequence[str] = NAMES,
    shift: int = 0,
    settings: dict[str, Any] | None = None,
    **info: Any,
) -> Run:
    """A finished `compact` on the newest version that answers so much of every split rightly, the rest as the next class.

    Args:
        dataset: whose images it answers.
        share: of each split; the first ones are right.
        splits: those it has answered.
        names: classes, in the order of its outputs.
        shift: the right ones begin so many images later.
        settings: changes of the recipe.
        info: entries of `run.json`.
    """
    recipe = override(load("compact"), settings or {})
    known = {"state": "finished", "version_number": 1, "classes": list(names)}
    run = create_run(dataset.workspace, dataset.name, dataset.head, recipe, **{**known, **info})
    manifest = readable(dataset.manifest())
    following = dict(zip(names, [*names[1:], names[0]], strict=True))
    for split in splits:
        part = manifest[manifest["split"] == split]
        right = np.roll(np.arange(len(part)) < round(share * len(part)), shift)
        answer(run, split, part, part["label"].where(right, part["label"].map(following)).tolist(), names)
    return run


def made(
    root: Path,
    right: np.ndarray,
    recipe: str = "compact",
    sure: float = 0.9,
    version: str = VERSION,
    **fields: Any,
) -> Run:
    """A run that answers the images i0, i1, ... (happy and sad in turn) rightly where `right` says so.

    Args:
        root: workspace.
        right: bool (n,).
        recipe: name.
        sure: probability of its answer.
        version: id.
        fields: changes to the recipe, dots as two underscores: `training__seed=3`.
    """
    changed = override(load(recipe), {key.replace("__", "."): value for key, value in fields.items()})
    run = create_run(Workspace(root), "faces", version, changed, state="finished", version_number=1,
                     device="CPU, 2 cores", seconds=60.0, classes=["happy", "sad"])  # fmt: skip
    n = np.arange(len(right))
    names = np.array(["happy", "sad"])
    images = pd.DataFrame({"image_id": [f"i{i}" for i in n], "label": names[n % 2]})
    answer(run, "val", images, list(names[np.where(right, n % 2, 1 - n % 2)]), ("happy", "sad"), sure)
    accuracy = float(np.mean(right))
    tell_epochs(run, [accuracy], accuracy=accuracy)
    return run
