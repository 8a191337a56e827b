"""Who judges the labels of a version: the quick model, networks trained in folds, a finished run, or a file.

    ranking = judge(dataset, version.id, Judge.parse("run:0003-compact"))
    mislabels.save(dataset, version.id, method, ranking)

Whoever judges, only out-of-sample probabilities count: an image that a model was trained on, or a copy of it, is
never judged by that model.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.data.records import classes, readable
from fer_core.errors import FerError
from fer_core.evaluation.run_judge import run_probabilities
from fer_core.quality import mislabels
from fer_core.quality.mislabel_import import read_probabilities
from fer_core.runs import folds as fold_runs
from fer_core.runs import store
from fer_core.splits.groups import given, joined
from fer_core.splits.near import kept_near_groups

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs import ProgressFn


@dataclass(frozen=True)
class Judge:
    """A method and its options.

    Attributes:
        kind: of `mislabels.METHODS`.
        what: the run, or the file, of the kinds that need one.
        recipe, folds, epochs: of folds.
    """

    kind: str
    what: str = ""
    recipe: str = fold_runs.RECIPE
    folds: int = fold_runs.FOLDS
    epochs: int = fold_runs.EPOCHS

    @classmethod
    def parse(cls, text: str, **options: Any) -> Judge:
        """From quick, folds, run:RUN or file:PATH, and the options of folds.

        Raises:
            FerError: something else.
        """
        kind, sign, what = text.partition(":")
        needs = kind in {"run", "file"}
        if kind not in mislabels.METHODS or needs != bool(what.strip()) or (sign and not needs):
            raise FerError("The method must be quick, folds, run:RUN or file:PATH", received=repr(text))
        asked = {key: value for key, value in options.items() if value is not None}
        if asked and kind != "folds":
            said = ", ".join(f"{key} {value}" for key, value in asked.items())
            raise FerError(
                "Recipe, folds and epochs belong to the method folds", received=f"{text} with {said}"
            )
        return cls(kind, what.strip(), **asked)


def name_of(dataset: Dataset, judge: Judge) -> str:
    """The name under which the ranking is kept: quick, folds, run:<id> or file:<file name>.

    Raises:
        NotFound: no such run.
    """
    if judge.kind == "run":
        return f"run:{store.get(dataset.workspace, judge.what).id}"
    return f"file:{Path(judge.what).name}" if judge.kind == "file" else judge.kind


def judge(dataset: Dataset, version: str, judge: Judge, progress: ProgressFn | None = None) -> pd.DataFrame:
    """A ranking of the labels of a version, not kept yet; columns as `mislabels.rank`.

    Args:
        dataset: whose labels.
        version: id.
        judge: who judges.
        progress: told (done, total, what).

    Returns:
        `attrs["about"]` tells how it was made: kind, what, seconds, judged and images, and the options of folds.

    Raises:
        FerError: whatever keeps the model from judging: too few images, a recipe, a run or a file that does not fit.
    """
    began = time.monotonic()
    manifest = dataset.manifest(version)
    said, about = _probabilities(dataset, version, manifest, judge, progress)
    near = kept_near_groups(dataset, version, progress=progress)
    table = readable(manifest)
    groups = joined(table, given(table, [] if near is None else [near]))
    ranking = mislabels.rank(
        manifest, dataset.pixels(), said, groups=groups, votes=votes_of(dataset, manifest), progress=progress
    )
    about |= {"kind": judge.kind, "images": len(table), "judged": len(ranking)}
    ranking.attrs["about"] = {**about, "seconds": round(time.monotonic() - began, 1)}
    return ranking


def is_current(ranking: pd.DataFrame, judge: Judge) -> bool:
    """Whether a kept ranking is what this judge would make: folds of other options, or a file changed since, are not."""
    about = ranking.attrs.get("about", {})
    return all(about.get(key) == value for key, value in _asked(judge).items())


def votes_of(dataset: Dataset, manifest: pd.DataFrame) -> pd.DataFrame | None:
    """People's votes on the images that have them: index image_id, columns the version's classes; None of none."""
    if "votes" not in manifest:
        return None
    table = readable(manifest)
    table = table[table["votes"].notna()]
    voted = pd.DataFrame(
        [list(votes) for votes in table["votes"]],
        index=pd.Index(table["image_id"], name="image_id"),
        columns=list(dataset.about["vote_classes"]),
        dtype="float64",
    )
    return voted.reindex(columns=list(classes(manifest)), fill_value=0.0) if len(voted) else None


def _asked(judge: Judge) -> dict[str, Any]:
    if judge.kind == "folds":
        return {"recipe": judge.recipe, "folds": judge.folds, "epochs": judge.epochs}
    if judge.kind == "file":
        path = Path(judge.what).expanduser().resolve()
        try:
            stamp = path.stat()
        except OSError:  # told in words when it is read
            return {"path": str(path)}
        return {"path": str(path), "size": stamp.st_size, "changed": stamp.st_mtime_ns}
    return {}


def _probabilities(
    dataset: Dataset, version: str, manifest: pd.DataFrame, judge: Judge, progress: ProgressFn | None
) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    asked = _asked(judge)
    if judge.kind == "folds":
        recipe = fold_runs.short_recipe(judge.recipe, judge.epochs)
        found = fold_runs.prepare(dataset, version, recipe, judge.folds, progress)
        return fold_runs.train(found, progress).probabilities(), asked | {"folder": found.folder.name}
    if judge.kind == "run":
        run = store.get(dataset.workspace, judge.what)
        return run_probabilities(dataset, version, run, progress), {"run": run.id}
    if judge.kind == "file":
        return read_probabilities(Path(judge.what).expanduser(), manifest), asked
    return None, {}
