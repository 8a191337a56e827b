"""Which images of a split each of many runs answers rightly, in one order for all.

ids, found, left_out = read_answers(runs, "val", version)
found["0041-compact"].correct      # bool, in the order of `ids`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.evaluation import scores
from fer_core.runs.run import Run

RunAnswers = tuple[pd.Series, Mapping[str, scores.Correctness], Mapping[str, str]]
"""Image ids, what each run answers rightly in their order, and why other runs have no answers."""


def read_answers(runs: Sequence[Run], split: str, version: str) -> RunAnswers:
    """Image ids, and the answers of every run in their order; why some have none.

    Args:
        runs: which.
        split, version: of which every run has predictions.
    """
    found: dict[str, scores.Correctness] = {}
    left_out: dict[str, str] = {}
    for run in runs:
        try:
            found[run.id] = scores.correctness(run, split, version)
        except FerError as error:
            left_out[run.id] = str(error)
    if not found:
        return pd.Series(dtype="str"), found, left_out
    able = [run for run in runs if run.id in found]
    leader = _leader(able, found)
    usual, ids = found[leader.id].order, scores.predictions(leader, split, version)["image_id"]
    for run in able:
        if found[run.id].order != usual:
            aligned = _aligned(run, split, version, ids)
            if aligned is None:
                del found[run.id]
                left_out[run.id] = "Its predictions are for other images than those of the other runs"
            else:
                found[run.id] = aligned
    return ids, found, left_out


def seen_by(name: tuple[str, ...], found: Mapping[str, scores.Correctness]) -> NDArray[np.bool_]:
    """Images that one of these runs has learned from."""
    own = [found[run].seen for run in name]
    return own[0] if len(own) == 1 else np.any(own, axis=0)


def _leader(runs: Sequence[Run], found: Mapping[str, scores.Correctness]) -> Run:
    """Whose images all are judged by: the most, then those of most runs. A file from elsewhere leads none that was trained."""
    number = Counter(found[run.id].order for run in runs)
    if len(number) > 1:
        runs = [run for run in runs if "judged" not in run.info] or runs
    return max(runs, key=lambda r: (len(found[r.id].correct), number[found[r.id].order], found[r.id].order))


def _aligned(run: Run, split: str, version: str, ids: pd.Series) -> scores.Correctness | None:
    """The answers of a run whose images are stored in another order; None where some are missing."""
    table = scores.predictions(run, split, version)
    rows = pd.Index(table["image_id"]).get_indexer(pd.Index(ids))
    if (rows < 0).any():
        return None
    own = scores.correctness(run, split, version)
    return scores.Correctness(scores.order(ids), own.correct[rows], own.seen[rows])
