"""What leaked images did to the figure a run earned on its own version.

told = own_cost(run, "val")
told.cost["without"], told.cost["memory"], told.sentence
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_core.base.errors import FerError
from fer_core.data.datasets import open_dataset
from fer_core.evaluation import scores
from fer_core.evaluation.leakage import leak_cost
from fer_core.evaluation.leakage.leak_cost import LeakCost
from fer_core.runs.predictions import predictions_path
from fer_core.runs.run import Run
from fer_core.splits import known_leaks, leaks


@dataclass(frozen=True)
class OwnLeakCost:
    """`leak_cost` of a run on a split of its own version, and how copies were looked for (`Leaks.verdict`, `Leaks.sentence`)."""

    run: str
    cost: LeakCost
    compared: bool
    sentence: str

    @property
    def words(self) -> str:
        """In one sentence."""
        known = "" if self.compared else "; near copies were not compared, so there may be more"
        return f"{self.cost['accuracy']:.3f} on its own version: {leak_cost.words(self.cost)}{known}"

    def record(self) -> dict[str, object]:
        """JSON-ready."""
        return {**self.cost, "compared": self.compared}


def own_cost(run: Run, split: str) -> OwnLeakCost | None:
    """The cost of the copies of its training images in a split of the version a run has learned from.

    Returns:
        None where it has no predictions there, the version is gone, or it was not trained here: then nobody can tell.

    Raises:
        RunError: the split is the test split and no look at it is recorded.
    """
    if "judged" in run.info or not predictions_path(run.folder, split).is_file():
        return None
    scores.check_look(run, split)
    try:
        known = known_leaks.of_version(open_dataset(run.workspace, run.dataset), run.version)
        rows = known.images
        leaked = set(rows.loc[(rows["split"] == split) & (rows["other"] == leaks.TRAIN), "image_id"])
        correct = scores.correctness(run, split).correct
        seen = np.zeros(len(correct), np.bool_)
        if leaked:  # else hundreds of tables need not be read
            seen = scores.predictions(run, split)["image_id"].isin(leaked).to_numpy()
    except (FerError, OSError, ValueError):
        return None
    return OwnLeakCost(run.id, leak_cost.of_answers(correct, seen), not known.missing, known.sentence)
