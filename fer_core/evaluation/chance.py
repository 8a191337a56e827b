"""Which accuracy proves nothing: what guessing reaches, and always naming the largest class.

>>> round(chance_level(4, 400), 3), round(chance_level(4, 400, majority=0.6), 3)
(0.286, 0.64)
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from fer_core.base.workspace import Workspace
from fer_core.data.manifest import readable
from fer_core.evaluation import scores
from fer_core.runs.records import Evaluation
from fer_core.runs.run import Run

_LUCK = 0.05  # share of runs in which guessing does better


def chance_level(classes: int, images: int = 0, epochs: int = 1, majority: float = 0.0) -> float:
    """The accuracy (0..1) up to which a model is no better than one that guesses.

    Guessing gets one in `classes` right, and always naming the largest class as many as that has; give or take what chance
    does on so many images: the upper end of the one-sided 95 % interval of the normal approximation, for the best of so many
    epochs (Bonferroni). 0 where the classes are not known.

    Args:
        classes: how many there are.
        images: validated on; 0 where that is not known.
        epochs: of which the best is judged.
        majority: share of the images that are of the largest class, 0..1; 0 where that is not known.
    """
    if classes < 2:
        return 0.0
    share = max(1 / classes, majority)
    deviations = NormalDist().inv_cdf(1 - _LUCK / max(epochs, 1))
    return share + (deviations * math.sqrt(share * (1 - share) / images) if images else 0.0)


def chance_of(run: Run, evaluation: Evaluation | None = None) -> float:
    """`chance_level` of a run's classes, validation images and epochs; `evaluation` is its own, where somebody has it."""
    images = int((run.info.get("images") or {}).get("val") or 0)
    found = run.evaluation() if evaluation is None else evaluation
    told = (found.get("splits") or {}).get("val") or {}
    counts = [int(row["support"]) for row in (told.get("per_class") or {}).values()]
    share = max(counts) / sum(counts) if sum(counts) else _majority(run.workspace, run.dataset, run.version)
    return chance_level(len(run.classes), images, int(run.summary()["epochs"] or 1), share)


@lru_cache(maxsize=256)
def _majority(workspace: Workspace, dataset: str, version: str) -> float:
    """Share of the largest class among a version's validation images; 0 where the version cannot be read."""
    table = scores.manifest_of(workspace, dataset, version)
    if table is None:
        return 0.0
    labels = readable(table).query("split == 'val'")["label"]
    return float(labels.value_counts(normalize=True).max()) if len(labels) else 0.0
