"""A network layer by layer: name, kind, output shape and parameters, for the Train page, reports and the command line.

found = summary_of(recipe, classes=4)       # built by a process of its own; no Keras here
found["layers"][1]["kind"]                  # 'Conv2D'
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from fer_core.base.checksums import file_state, write_checked
from fer_core.base.errors import RunError
from fer_core.base.jsonl import read_object
from fer_core.jobs.worker import WorkerFailed, call
from fer_core.recipes.recipe import Recipe, to_toml

if TYPE_CHECKING:
    import keras

_WORKER = "fer_core.workers.layers"
FILE = "layers.json"
"""In the folder of a run: what its network was made of when it was built."""


class LayerRow(TypedDict):
    """A layer.

    Attributes:
        name, kind: as Keras has them: "conv2d_1", "Conv2D".
        part: of what it is a layer: the name of a backbone, "" of the network itself.
        output: shape of what it gives for one image, such as [24, 24, 64]; None is a side of any size.
        parameters: numbers it holds, `trained_parameters` of them change in training.
    """

    name: str
    kind: str
    part: str
    output: list[int | None]
    parameters: int
    trained_parameters: int


class NetworkSummary(TypedDict):
    """A network; parameters are the sums over its layers, which stand in the order in which they work."""

    layers: list[LayerRow]
    parameters: int
    trained_parameters: int


class SummaryRequest(TypedDict):
    """What `workers.layers` is asked for; `recipe` is TOML text."""

    recipe: str
    classes: int


def summary_of(recipe: Recipe, classes: int) -> NetworkSummary:
    """The network of a recipe for so many classes, without the weights it would begin with. Takes some seconds.

    Raises:
        RunError: such a network cannot be built, as where the image is too small for its blocks.
    """
    asked: SummaryRequest = {"recipe": to_toml(recipe), "classes": classes}
    try:
        return cast(NetworkSummary, call(_WORKER, dict(asked)))
    except WorkerFailed as error:
        raise RunError("This network cannot be built", received=error.reason) from error


def summary_of_model(model: keras.Model) -> NetworkSummary:
    """A built network, the layers of a backbone within it one by one."""
    rows = list(_rows(model, ""))
    return {
        "layers": rows,
        "parameters": sum(row["parameters"] for row in rows),
        "trained_parameters": sum(row["trained_parameters"] for row in rows),
    }


def keep(folder: Path, model: keras.Model) -> None:
    """Write what a network is made of into the folder of its run."""
    write_checked(folder / FILE, summary_of_model(model))


def kept(folder: Path) -> NetworkSummary | None:
    """What `keep` has written; None where nothing was, as in runs of older versions of the app, or not whole."""
    found = read_object(folder / FILE)
    whole = isinstance(found.get("layers"), list) and file_state(folder / FILE) != "damaged"
    return cast(NetworkSummary, found) if whole else None


def _rows(model: keras.Model, part: str) -> Iterator[LayerRow]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _rows(layer, layer.name)
            continue
        yield {
            "name": layer.name,
            "kind": type(layer).__name__,
            "part": part,
            "output": list(layer.output.shape[1:]),
            "parameters": layer.count_params(),
            "trained_parameters": sum(math.prod(weight.shape) for weight in layer.trainable_weights),
        }
