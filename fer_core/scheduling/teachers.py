"""The teacher of a distilled training (`distillation.teacher`): a run or an ensemble, asked once about every training image.

    check(dataset, version, recipe)                # raises where there is no such teacher, or it knows other classes
    answers = teacher_answers(run, dataset, data)  # float32 (images, classes), kept beside the run as teacher.parquet

Never imports Keras: the teacher answers as its exported model does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.base.atomic import new_file
from fer_core.base.errors import FerError, RunError
from fer_core.data.manifest import classes
from fer_core.inference import model_registry
from fer_core.inference.predict_rows import predict_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_core.base.workspace import Workspace
    from fer_core.data.dataset import Dataset
    from fer_core.inference.ensemble import Ensemble
    from fer_core.inference.predictor import Predictor
    from fer_core.recipes.recipe import Recipe
    from fer_core.runs.run import Run
    from fer_core.training.data import TrainingData

FILE = "teacher.parquet"


def check(dataset: Dataset, version: str, recipe: Recipe) -> None:
    """Raise RunError where a recipe names a teacher that is not there or does not answer with the version's classes."""
    if recipe.distillation.teacher:
        _teacher(dataset.workspace, recipe.distillation.teacher, classes(dataset.manifest(version)))


def refuse_folds(recipe: Recipe) -> None:
    """Raise RunError for folds with a teacher, which would tell them of the images they are to judge."""
    if recipe.distillation.teacher:
        raise RunError(
            "Folds cannot learn from a teacher: it has learned from the images they are to judge",
            received=f"distillation.teacher={recipe.distillation.teacher!r}",
            hint="Set distillation.teacher to nothing",
        )


def teacher_answers(run: Run, dataset: Dataset, data: TrainingData) -> np.ndarray:
    """What the teacher says of each training image, float32 (images, classes), in the order of the split.

    Asked once; a resumed run reads what is kept in its folder, `teacher.parquet`: image_id and p_<class>.

    Raises:
        RunError: as `check`.
    """
    path, columns = run.folder / FILE, [f"p_{name}" for name in data.classes]
    if not path.is_file():
        teacher = _teacher(run.workspace, run.recipe.distillation.teacher, data.classes)
        places = [teacher.classes.index(name) for name in data.classes]
        predicted = predict_rows(teacher, dataset, data.train.rows)[:, places]
        table = pd.DataFrame(predicted, columns=columns, dtype=np.float32)
        table.insert(0, "image_id", data.train.ids)
        with new_file(path) as temporary:
            table.to_parquet(temporary, index=False)
    kept = pd.read_parquet(path).set_index("image_id")
    return kept.loc[list(data.train.ids), columns].to_numpy(np.float32)


def _teacher(workspace: Workspace, name: str, wanted: Sequence[str]) -> Predictor | Ensemble:
    try:
        found = model_registry.open_model(model_registry.find(workspace, name).path)
        # Its logits as it was trained: a temperature that was fitted for Try it would soften them before the recipe's does.
        found.metadata = found.metadata.model_copy(update={"temperature": 1.0})
    except FerError as error:
        raise RunError(
            f"The teacher cannot be asked. {error.message}", received=name, hint=error.hint
        ) from error
    if set(found.classes) != set(wanted):
        raise RunError(
            f"The teacher {name} answers with other classes than this version has",
            received=f"{', '.join(found.classes)}, not {', '.join(wanted)}",
            hint="Take a teacher of the same classes",
        )
    return found
