"""Which labels are likely wrong: rankings by several judges, kept with their dataset."""

from fer_core.mislabels.rank import MIN_PICTURES, rank
from fer_core.mislabels.store import METHODS, load, methods, ranking_path, save
from fer_core.mislabels.summary import (
    ambiguous,
    class_names,
    distribution,
    flat,
    likely_wrong,
    noise_matrix,
    pair_queues,
    summary,
    told_words,
)

__all__ = [
    "METHODS",
    "MIN_PICTURES",
    "ambiguous",
    "class_names",
    "distribution",
    "flat",
    "likely_wrong",
    "load",
    "methods",
    "noise_matrix",
    "pair_queues",
    "rank",
    "ranking_path",
    "save",
    "summary",
    "told_words",
]
