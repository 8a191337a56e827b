"""Who judges the labels of a version: the model that ships, the quick model, networks in folds, a run, or a file.

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

from fer_core import mislabels
from fer_core.base.errors import FerError
from fer_core.base.parsing import expand_home
from fer_core.data.manifest import classes, readable
from fer_core.duplicates.learned import digest
from fer_core.explore.vote_stats import votes_of
from fer_core.mislabels import emotions
from fer_core.mislabels.carry import carried, groups_of
from fer_core.mislabels.import_probabilities import read_probabilities
from fer_core.mislabels.run_probabilities import run_probabilities
from fer_core.runs import store
from fer_core.scheduling import crossval

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.explore.features import Features
    from fer_core.jobs.reporter import ProgressFn


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
    recipe: str = crossval.RECIPE
    folds: int = crossval.FOLDS
    epochs: int = crossval.EPOCHS

    @classmethod
    def parse(cls, text: str, **options: Any) -> Judge:
        """From emotions, quick, folds, run:RUN or file:PATH, and the options of folds.

        Raises:
            FerError: something else.
        """
        kind, sign, what = text.partition(":")
        needs = kind in {"run", "file"}
        if kind not in mislabels.METHODS or needs != bool(what.strip()) or (sign and not needs):
            raise FerError(
                "The method must be emotions, quick, folds, run:RUN or file:PATH", received=repr(text)
            )
        asked = {key: value for key, value in options.items() if value is not None}
        if asked and kind != "folds":
            said = ", ".join(f"{key} {value}" for key, value in asked.items())
            raise FerError(
                "Recipe, folds and epochs belong to the method folds", received=f"{text} with {said}"
            )
        return cls(kind, what.strip(), **asked)


def best(dataset: Dataset, version: str) -> str:
    """The method to use where none is asked for: emotions where the shipped model knows the classes, else quick."""
    names = classes(dataset.manifest(version))
    return "emotions" if emotions.can_judge(dataset.workspace, names) else "quick"


def name_of(dataset: Dataset, judge: Judge) -> str:
    """The name under which the ranking is kept: emotions, quick, folds, run:<id> or file:<file name>.

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
        `attrs["about"]` tells how it was made: kind, what, seconds, judged and images, told (those the model itself
        judged), the options of folds; of emotions also model (digest of its file), learned (images it knows by heart),
        unknown (labels it has no word for), both judged by the quick model, and trusted (False where it named fewer labels
        than the quick model).

    Raises:
        FerError: whatever keeps the model from judging: too few images, a recipe, a run or a file that does not fit.
    """
    began = time.monotonic()
    manifest = dataset.manifest(version)
    said, sight, about = _probabilities(dataset, version, manifest, judge, progress)
    table, groups = readable(manifest), groups_of(dataset, version, progress)
    ranking = mislabels.rank(
        manifest, dataset.pixels(), said, groups=groups, votes=votes_of(dataset, manifest), progress=progress,
        sight=sight,
    )  # fmt: skip
    about |= {"kind": judge.kind, "images": len(table), "judged": len(ranking), "told": ranking.attrs["told"]}
    if judge.kind == "emotions":
        about["trusted"] = ranking.attrs["weights"].get("emotions") == 1.0
    ranking.attrs["about"] = {**about, "seconds": round(time.monotonic() - began, 1)}
    return ranking


def ranked(
    dataset: Dataset,
    version: str,
    method: str | None,
    progress: ProgressFn | None = None,
    anew: bool = False,
    **options: Any,
) -> pd.DataFrame:
    """The ranking kept with the dataset, or carried over from an earlier version; made and kept where there is neither.

    Args:
        dataset: whose labels.
        version: id.
        method: emotions, quick, folds, run:RUN or file:PATH; None for the best one kept, else the `best` to make.
        progress: told (done, total, what).
        anew: rank everything, whatever is kept.
        options: recipe, folds and epochs, of folds; None stands for the usual.

    Raises:
        FerError: as `Judge.parse` and `judge`.
    """
    if not anew:
        carry_over(dataset, version, progress)
    if method is None and (kept := mislabels.methods(dataset, version)) and not anew:
        found = mislabels.load(dataset, version, kept[0])
        if found is not None and not is_outdated(dataset, found):
            return found
    asked = Judge.parse(method or best(dataset, version), **options)
    name = name_of(dataset, asked)
    found = None if anew else mislabels.load(dataset, version, name)
    if found is None or is_outdated(dataset, found) or not is_current(found, asked):
        found = judge(dataset, version, asked, progress)
        mislabels.save(dataset, version, name, found)
    return found


def carry_over(
    dataset: Dataset, version: str, progress: ProgressFn | None = None, most: int | None = None
) -> None:
    """Keep the rankings of the nearest earlier version that has some for this one, where it has none; see `carry.carried`.

    Args:
        dataset, version: which one, by id.
        progress: told (done, total, what).
        most: pictures that may be judged anew; with more of them a ranking is not carried over.
    """
    before, parents = version, {each.id: each.parent for each in dataset.versions()}
    while not (names := mislabels.methods(dataset, before)):
        parent = parents.get(before)
        if parent is None:
            return
        before = parent
    if before == version:
        return
    votes = votes_of(dataset, dataset.manifest(version))
    for name in names:
        ranking = mislabels.load(dataset, before, name)
        if ranking is None or is_outdated(dataset, ranking):
            continue
        made = carried(dataset, version, before, ranking, votes, progress, most)
        if made is not None:
            mislabels.save(dataset, version, name, made)


def is_current(ranking: pd.DataFrame, judge: Judge) -> bool:
    """Whether a kept ranking is what this judge would make: folds of other options, or a file changed since, are not."""
    about = ranking.attrs.get("about", {})
    return all(about.get(key) == value for key, value in _asked(judge).items())


def is_outdated(dataset: Dataset, ranking: pd.DataFrame) -> bool:
    """Whether a kept ranking was made with another model than the one that ships now; never of other methods."""
    about = ranking.attrs.get("about", {})
    model = emotions.shipped(dataset.workspace) if about.get("kind") == "emotions" else None
    return model is not None and about.get("model") != digest(model)


def _asked(judge: Judge) -> dict[str, Any]:
    if judge.kind == "folds":
        return {"recipe": judge.recipe, "folds": judge.folds, "epochs": judge.epochs}
    if judge.kind == "file":
        path = expand_home(Path(judge.what)).resolve()
        try:
            stamp = path.stat()
        except OSError:  # told in words when it is read
            return {"path": str(path)}
        return {"path": str(path), "size": stamp.st_size, "changed": stamp.st_mtime_ns}
    return {}


def _probabilities(
    dataset: Dataset, version: str, manifest: pd.DataFrame, judge: Judge, progress: ProgressFn | None
) -> tuple[pd.DataFrame | None, Features | None, dict[str, Any]]:
    asked = _asked(judge)
    if judge.kind == "emotions":
        told = emotions.judge_images(dataset, version, progress)
        about = {"learned": told.learned, "unknown": told.unknown, "model": told.model}
        return told.probabilities, told.sight, about
    if judge.kind == "folds":
        recipe = crossval.short_recipe(judge.recipe, judge.epochs)
        found = crossval.prepare(dataset, version, recipe, judge.folds, progress)
        return crossval.train(found, progress).probabilities(), None, asked | {"folder": found.folder.name}
    if judge.kind == "run":
        run = store.get(dataset.workspace, judge.what)
        return run_probabilities(dataset, version, run, progress), None, {"run": run.id}
    if judge.kind == "file":
        return read_probabilities(expand_home(Path(judge.what)), manifest), None, asked
    return None, None, {}
