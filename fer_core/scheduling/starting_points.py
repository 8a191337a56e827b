"""What the body of a network begins with (`model.start`): a run, the model that ships, a Keras file. Never imports Keras.

    recipe = override(load("shipped"), {"model.start": "shipped"})
    recipe, known = resolve_start(dataset, version, recipe)        # raises where the start is missing or does not fit
    print(sentence(known["start"]))                         # how many of the images it is judged by it has seen

A start is named in the recipe, and recorded in `run.json` with the hash of its file: a run whose start has changed since
does not begin. What is kept after each epoch holds all weights, so resume and fork need it no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_core.base.errors import FerError, ModelFileError, NotFound, RunError
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import readable
from fer_core.duplicates.learned import LearnedPictures, digest
from fer_core.inference import foreign, model_registry
from fer_core.inference.metadata import read_sidecar
from fer_core.inference.predictor import Predictor
from fer_core.recipes.model_spec import CnnSpec, Spec, TransferSpec, any_size
from fer_core.recipes.recipe import Recipe, load, override, to_toml
from fer_core.runs import store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_core.base.workspace import Workspace
    from fer_core.data.dataset import Dataset
    from fer_core.recipes.model_spec import ModelSpec
    from fer_core.runs.records import StartRecord

RUN_NETWORK = "best.keras"


@dataclass(frozen=True)
class StartingPoint:
    """A trained network whose body another one can begin with.

    Attributes:
        name: `shipped`, the id of a run, or an imported model or a file.
        file: its weights.
        model: what it was built from; None of a file from elsewhere.
        classes: in the order of its outputs; () where nobody said.
        digest: of the file, see `learned.digest`.
    """

    name: str
    file: Path
    model: ModelSpec | None
    classes: tuple[str, ...]
    digest: str


def find(workspace: Workspace, recipe: Recipe) -> StartingPoint | None:
    """The start a recipe names; None of a random one.

    Raises:
        NotFound: no such run or file.
        RunError: it has no weights.
        ModelFileError: a TensorFlow SavedModel.
    """
    name = recipe.model.start
    if not name:
        return None
    if name == model_registry.SHIPPED:
        return _shipped(workspace)
    if file := foreign.kept_keras(workspace, name):
        about = read_sidecar(file.with_suffix(".onnx"))  # its metadata belong to the content of that one
        kept = name if file.parent == model_registry.added_folder(workspace) else str(file)
        return StartingPoint(kept, file, None, about.classes if about else (), digest(file))
    if foreign.is_program(Path(name)):
        foreign.keras_file(Path(name))  # says why not
    if Path(name).suffix.lower() in foreign.KERAS_ENDINGS:
        raise NotFound("There is no such file to start from", received=name)
    return _run(workspace, name)


def check_fits(found: StartingPoint, recipe: Recipe) -> None:
    """Raise RunError for a start whose body is not the recipe's; a file from elsewhere is opened for it, which takes seconds."""
    if found.model is None:
        try:
            foreign.check_start(found.file, to_toml(recipe))
        except ModelFileError as error:
            raise RunError(f"The start {found.name} does not fit", received=error.message) from error
        return
    if difference := _differs(found.model, recipe.model):
        own = found.name if found.name == model_registry.SHIPPED else f"models/runs/{found.name}/recipe.toml"
        raise RunError(
            f"The start {found.name} is another network than the one this recipe makes",
            received=difference,
            hint=f"Take its own recipe, {own}, and set model.start there",
        )


def resolve_start(dataset: Dataset, version: str, recipe: Recipe) -> tuple[Recipe, Mapping[str, Any]]:
    """The recipe with the full name of its start, and what `run.json` says of it; {} of a random one.

    Raises:
        NotFound, RunError: as `find` and `check_fits`.
    """
    point = find(dataset.workspace, recipe)
    if point is None:
        return recipe, {}
    check_fits(point, recipe)
    judged, seen = judging_images(dataset, version, point.name)
    record: StartRecord = {
        "name": point.name,
        "digest": point.digest,
        "classes": list(point.classes),
        "judged": judged,
        "seen": seen,
    }
    return override(recipe, {"model.start": point.name}), {"start": record}


def judging_images(dataset: Dataset, version: str, start: str) -> tuple[int, int | None]:
    """How many images a version has besides those to train on, and how many of them a start has learned from, or copies of them.

    The second is None where nobody can tell what it has learned from.
    """
    table = readable(dataset.manifest(version))
    rows = table.loc[table["split"] != "train", "row"].to_numpy(np.int64)
    if not len(rows):
        return 0, 0
    known = seen_by(dataset.workspace, start, np.asarray(dataset.pixels()[rows]))
    return len(rows), None if known is None else int(known.sum())


def seen_by(workspace: Workspace, start: str, pixels: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """bool (n,): which of uint8 (n, size, size) gray pictures a start, or its own start, has learned; None: unknown."""
    seen = np.zeros(len(pixels), dtype=bool)
    try:
        while start:
            if start == model_registry.SHIPPED:
                learned, start = LearnedPictures.beside(_shipped_file(workspace)), ""
            else:
                run = store.get(workspace, start)
                dataset = open_dataset(workspace, run.dataset)
                table = readable(dataset.manifest(run.version))
                rows = table.loc[table["split"] == "train", "row"].to_numpy(np.int64)
                learned, start = (
                    LearnedPictures.of(np.asarray(dataset.pixels()[rows])),
                    run.recipe.model.start,
                )
            seen |= learned.has(pixels)
    except FerError:
        return None
    return seen


def sentence(start: Mapping[str, Any], role: str = "start") -> str:
    """What a start, or a teacher, does to the figures on validation and test, of a record of `run.json`."""
    judged, seen, name = int(start["judged"]), start["seen"], start["name"]
    if seen is None:
        return f"Nobody can tell how many of the {judged:,} validation and test images the {role} {name} has learned from"
    if not seen:
        return f"The {role} {name} has learned from none of the {judged:,} validation and test images"
    return f"The {role} {name} has learned from {seen:,} of the {judged:,} validation and test images, or copies of them"


def _shipped_file(workspace: Workspace) -> Path:
    if (model := model_registry.shipped(workspace)) is None:
        raise NotFound("There is no shipped model here", received="model.start='shipped'")
    return model.path


def _shipped(workspace: Workspace) -> StartingPoint:
    path = _shipped_file(workspace)
    about = Predictor.load(path).metadata
    return StartingPoint(model_registry.SHIPPED, path, load(about.recipe).model, about.classes, digest(path))


def _run(workspace: Workspace, name: str) -> StartingPoint:
    run = store.get(workspace, name)
    path = run.folder / RUN_NETWORK
    if not path.is_file():
        raise RunError(
            f"Run {run.id} has no trained network to start from",
            received=f"state={run.state}",
            hint="It is written when training ends",
        )
    return StartingPoint(run.id, path, run.recipe.model, run.classes, digest(path))


def _differs(start: ModelSpec, wanted: ModelSpec) -> str:
    """Why the weights of one do not fit the other, in words; "" where they do. Dropout and penalties hold no weights."""
    if isinstance(start, CnnSpec) and isinstance(wanted, CnnSpec):
        if start.color != wanted.color:
            return f"it sees {start.color}, this {wanted.color}"
        if [_shape(block) for block in start.blocks] != [_shape(block) for block in wanted.blocks]:
            return "model.blocks differ"
        if start.input_size != wanted.input_size and not any_size(wanted):
            return f"it takes {start.input_size} pixels, this {wanted.input_size}"
        return ""
    if isinstance(start, TransferSpec) and isinstance(wanted, TransferSpec):
        names = ("backbone", "attention", "head_norm")
        differ = [name for name in names if getattr(start, name) != getattr(wanted, name)]
        if [_shape(block) for block in start.head] != [_shape(block) for block in wanted.head]:
            differ.append("head")
        return ", ".join(f"model.{name}" for name in differ) + " differ" if differ else ""
    return f"it is a {start.architecture} network, this a {wanted.architecture} one"


def _shape(block: Spec) -> str:
    return block.model_dump_json(exclude={"dropout"})
