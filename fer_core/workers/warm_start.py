"""The first thing that happens to a new network: it gets the body of its start (`model.start`), if it has one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from fer_core.base.errors import RunError
from fer_core.models import starting
from fer_core.scheduling import starting_points

if TYPE_CHECKING:
    import keras

    from fer_core.base.workspace import Workspace
    from fer_core.recipes.recipe import Recipe
    from fer_core.runs.records import StartRecord
    from fer_core.training.data import TrainingData

log = logging.getLogger("fer_core.training")

_STATISTICS = 1024  # images for the statistics that an ONNX file does not keep


def begin(
    model: keras.Model, workspace: Workspace, recipe: Recipe, known: StartRecord | None, data: TrainingData
) -> None:
    """Give a new model the body of its start, and its head where the classes are the same; nothing without a start.

    Raises:
        RunError: the start is not what it was when the run was made.
    """
    point = starting_points.find(workspace, recipe)
    if point is None:
        return
    if known is None or known["digest"] != point.digest:
        raise RunError(
            f"The start {point.name} has changed since this was put in line",
            received=f"{point.digest}, then {known['digest'] if known else 'none'}",
            hint="Start it again from its recipe",
        )
    rows = data.train.rows[np.linspace(0, len(data.train) - 1, min(_STATISTICS, len(data.train))).astype(int)]
    source = starting.read_network(
        point.file, point.model, len(point.classes), np.asarray(data.pixels[np.sort(rows)])
    )
    same = point.classes == data.classes
    starting.copy_weights(model, source, head=same)
    log.info("Begins with %s, %s", point.name, "head and all" if same else "and a new head")
