"""The front door, see `fer_core`: datasets, runs and answers in a few words, for notebooks and scripts.

Everything here is a thin shell over the rooms below; pages and the command line call the same functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.api.dataset import OpenDataset, SavedVersion
from fer_core.api.prediction import Prediction
from fer_core.api.runs import RunList, StartedRun
from fer_core.api.tuning import FoundRate, FoundRecipe
from fer_core.base.errors import DataWarning, FerError
from fer_core.base.parsing import expand_home
from fer_core.base.workspace import current

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn
    from fer_core.recipes.recipe import Recipe

__all__ = [
    "DataWarning", "FoundRate", "FoundRecipe", "OpenDataset", "Prediction", "RunList", "SavedVersion", "StartedRun",
    "find_rate", "import_", "open", "predict", "runs", "sample", "train", "tune",
]  # fmt: skip


def open(name: str) -> OpenDataset:
    """The dataset of that name in the workspace (`FER_HOME`, else this checkout).

    Raises:
        NotFound: there is none.
    """
    from fer_core.data.datasets import open_dataset

    return OpenDataset(open_dataset(current(), name))


def sample() -> OpenDataset:
    """The built-in sample: about 1,200 drawn faces with planted faults; made and compared at first use."""
    from fer_core.data.sample.make import make_sample

    return OpenDataset(_compared(make_sample(current())))


def import_(
    source: str | Path,
    name: str,
    *,
    copy: bool = False,
    compare: bool = True,
    progress: ProgressFn | None = None,
    **options: Any,
) -> OpenDataset:
    """Import labelled faces: a folder, zip or tar, a CSV with pixels, Parquet, .npz or HDF5. The files are never changed.

    Args:
        source: where they are.
        name: of the new dataset.
        copy: keep a copy of the files in the workspace.
        compare: look for near copies too, so that `train` can warn of leaks: a large set by a background job, which
            `duplicates` waits for.
        progress: told (done, total, what).
        options: of `data.importing.options.Options`, such as labels, votes, classes or subject_pattern.

    Raises:
        AlreadyExists: a dataset has that name.
        SourceError: nothing that can be read.

    Warns:
        DataWarning: the pictures could not be compared; the dataset is there all the same.
    """
    from fer_core.data.datasets import import_dataset
    from fer_core.data.importing.options import Options

    chosen = Options(**options) if options else None
    found = import_dataset(current(), Path(source), name, progress=progress, copy=copy, options=chosen)
    return OpenDataset(_compared(found, progress) if compare else found)


def _compared(dataset: Dataset, progress: ProgressFn | None = None) -> Dataset:
    """The dataset, its comparison done or under way; a failure of it never fails the import."""
    from fer_core.duplicates.first_comparison import compare_newest

    try:
        compare_newest(dataset, progress)
    except FerError as error:
        warnings.warn(f"Near copies are not compared yet: {error}", DataWarning, stacklevel=3)
    return dataset


def _version_of(data: SavedVersion | OpenDataset | str) -> SavedVersion:
    found = open(data) if isinstance(data, str) else data
    return found if isinstance(found, SavedVersion) else found.version()


def train(
    data: SavedVersion | OpenDataset | str,
    recipe: str | Recipe = "compact",
    *,
    epochs: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> StartedRun:
    """Start a training run in a process of its own, or queue it behind those that work; returns at once.

    Args:
        data: a version, or a dataset or its name for the newest one.
        recipe: name, recipe, or path of a `.toml` file.
        epochs: as many at most; the recipe's own for None.
        settings: fields of the recipe to change: {"training.seed": 7}.

    Raises:
        NotFound, RecipeError, TooFewImages: as `scheduling.start.start`.

    Warns:
        DataWarning: of what the Train page shows of the version, such as copies across splits, and of the recipe:
            before the run is made, so that `warnings.simplefilter("error", fer.DataWarning)` keeps it from being made.
    """
    from fer_core.recipes.recipe import load, override
    from fer_core.scheduling import readiness, start

    version = _version_of(data)
    changed = dict(settings or {}) | ({} if epochs is None else {"training.epochs": epochs})
    dataset = version.dataset.data
    chosen = override(load(recipe) if isinstance(recipe, str) else recipe, changed)
    for caution in readiness.cautions_of(dataset, version.id, chosen):
        if not caution.blocks:  # `start` raises those
            warnings.warn(str(caution), DataWarning, stacklevel=2)
    return StartedRun(start.start(dataset.workspace, dataset, version.id, recipe, changed))


def tune(
    data: SavedVersion | OpenDataset | str,
    recipe: str | Recipe = "compact",
    vary: Sequence[str] = (),
    *,
    resume: str = "",
    **asked: Any,
) -> FoundRecipe:
    """Search over fields of a recipe, and wait for its end. An interrupt pauses it; `resume` goes on, also after a kill.

    Args:
        data: a version, or a dataset or its name for the newest one.
        recipe: what is varied.
        vary: fields with their ranges: ["optimizer.learning_rate=1e-4..1e-2", "training.batch_size"].
        resume: name of a search to go on with, in place of a new one.
        asked: of `scheduling.search.begin`, such as trials=20, budget_hours=2, sampler="random" or name="rates".

    Raises:
        RecipeError, NotFound, AlreadyExists: as `scheduling.search.begin`.
        RunError: every trial failed.
    """
    from fer_core.scheduling import search

    version = _version_of(data)
    dataset = version.dataset.data
    name = resume or search.begin(dataset, version.id, recipe, vary, **asked).name
    search.carry_on(dataset.workspace, name)
    return FoundRecipe(search.read(dataset.workspace, name))


def find_rate(
    data: SavedVersion | OpenDataset | str,
    recipe: str | Recipe = "compact",
    *,
    settings: Mapping[str, Any] | None = None,
    **asked: Any,
) -> FoundRate:
    """Look for a learning rate by a short training whose rate rises, and wait for it.

    Args:
        data: a version, or a dataset or its name for the newest one.
        recipe: name, recipe, or path of a `.toml` file.
        settings: fields of the recipe to change.
        asked: of `scheduling.rate_finder.find_rate`: low, high, steps.

    Raises:
        RecipeError, RunError: as `scheduling.rate_finder.find_rate`.
    """
    from fer_core.recipes.recipe import load
    from fer_core.scheduling import rate_finder

    version = _version_of(data)
    chosen = load(recipe) if isinstance(recipe, str) else recipe
    return FoundRate(rate_finder.find_rate(version.dataset.data, version.id, chosen, settings, **asked))


def runs() -> RunList:
    """The training runs of the workspace, newest first."""
    return RunList(current())


def predict(picture: str | Path, model: str = "", **reading: Any) -> Prediction:
    """The faces of a picture and what they show.

    Args:
        picture: a file.
        model: `shipped`, a run, an ensemble, or a model file; the promoted run, else the shipped model for "".
        reading: of `inference.analyse.ReadOptions`, such as mode="whole" or threshold=.6.

    Raises:
        ImageError: no picture, or a damaged one.
        ModelFileError: no such model.
    """
    from fer_core.inference.analyse import ReadOptions, analyse
    from fer_core.inference.model_registry import find, open_model
    from fer_core.inference.picture_files import read_picture

    path = expand_home(Path(picture))
    answering = open_model(find(current(), model).path)
    return Prediction(analyse(answering, read_picture(path), path.name, ReadOptions(**reading)))
