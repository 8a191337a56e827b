"""Every number about a set of predictions, from one table of labels and probabilities.

NumPy only, so that a page can compute them at once; the tests hold each number against scikit-learn's.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"image_id": ["a", "b"], "label": ["happy", "sad"],
    ...                       "p_happy": [0.9, 0.6], "p_sad": [0.1, 0.4]})
    >>> evaluate(table)["accuracy"], evaluate(table)["confusion"]["counts"]
    (0.5, [[1, 0], [1, 0]])
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fer_core.base.arrays import Floats, Ints
from fer_core.base.errors import RunError
from fer_core.base.statistics import wilson_interval
from fer_core.runs.records import ClassScores, Scores

PREFIX = "p_"
ECE_BINS = 15
_AVERAGED = ("precision", "recall", "f1")
_SUM_TOLERANCE = 1e-2  # half precision sums this far from 1


def evaluate(table: pd.DataFrame, groups: ArrayLike | None = None) -> Scores:
    """All metrics of one split.

    Args:
        table: one row per image: `image_id`, `label` (class name) and one probability column `p_<class>` per
            class, in the model's order.
        groups: group id per row; copies of one picture are then resampled together in the interval.

    Returns:
        JSON-ready, from images to confusion.

    Raises:
        RunError: no rows, a missing column, an image twice, a label without a column, or numbers that are not
            probabilities.
    """
    names, truth, p = read(table)
    predicted = p.argmax(axis=1)
    counts = confusion(truth, predicted, len(names))
    rows = per_class(counts)
    occurs = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    support = rows["support"].to_numpy(dtype=np.float64)
    macro = {name: float(rows[name].to_numpy()[occurs].mean()) for name in _AVERAGED}
    weighted = {name: float(rows[name].to_numpy() @ support / support.sum()) for name in _AVERAGED}
    correct = truth == predicted
    return {
        "images": len(truth),
        "classes": list(names),
        "accuracy": float(correct.mean()),
        "accuracy_interval": list(accuracy_interval(correct, groups)),
        "balanced_accuracy": float(rows["recall"][support > 0].mean()),
        "macro_precision": macro["precision"],
        "weighted_precision": weighted["precision"],
        "macro_recall": macro["recall"],
        "weighted_recall": weighted["recall"],
        "macro_f1": macro["f1"],
        "weighted_f1": weighted["f1"],
        "top2": top_k(truth, p, 2),
        "kappa": kappa(counts),
        "log_loss": log_loss(truth, p),
        "brier": brier(truth, p),
        "ece": calibration_error(truth, p),
        "per_class": _class_scores(names, rows),
        "confusion": {"classes": list(names), "counts": counts.tolist()},
    }


def read(table: pd.DataFrame) -> tuple[tuple[str, ...], Ints, Floats]:
    """Class names, labels as int64 (n,) and probabilities float64 (n, classes) of a table of predictions.

    Rows are scaled to sum to 1 exactly, which float32 does not.

    Raises:
        RunError: as `evaluate`.
    """
    columns = [name for name in table if str(name).startswith(PREFIX)]
    names = tuple(str(name)[len(PREFIX) :] for name in columns)
    if missing := [name for name in ("image_id", "label") if name not in table]:
        raise RunError("The predictions lack columns", received=", ".join(missing))
    if len(names) < 1 or table.empty:
        raise RunError(
            "There are no predictions to evaluate", received=f"{len(table)} rows, {len(names)} classes"
        )
    if table["image_id"].duplicated().any():
        twice = table["image_id"][table["image_id"].duplicated()].iloc[0]
        raise RunError("An image is predicted twice", received=twice)
    truth = pd.Index(names).get_indexer(pd.Index(table["label"])).astype(np.int64)
    if (truth < 0).any():
        unknown = ", ".join(sorted(set(table["label"][truth < 0].astype("str"))))
        raise RunError("Some labels are not among the model's classes", received=unknown)
    p = table[columns].to_numpy(dtype=np.float64)
    total = p.sum(axis=1, keepdims=True)
    if not np.isfinite(p).all() or (p < 0).any() or (np.abs(total - 1) > _SUM_TOLERANCE).any():
        bad = ~np.isfinite(p).all(axis=1) | (p < 0).any(axis=1) | (np.abs(total[:, 0] - 1) > _SUM_TOLERANCE)
        raise RunError(
            "Some predictions are not probabilities that sum to 1",
            received=f"{int(bad.sum())} of {len(p)} rows",
            hint="The run may have diverged: look at its loss",
        )
    return names, truth, p / total


def confusion(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """int64 (classes, classes): images per label (row) and prediction (column)."""
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def per_class(counts: Ints) -> pd.DataFrame:
    """Precision, recall, F1 (0..1; 0 where undefined) and support of each class of a confusion matrix."""
    hit = np.diag(counts).astype(np.float64)
    support, chosen = counts.sum(axis=1), counts.sum(axis=0)
    return pd.DataFrame(
        {
            "precision": hit / np.maximum(chosen, 1),
            "recall": hit / np.maximum(support, 1),
            "f1": 2 * hit / np.maximum(support + chosen, 1),
            "support": support,
        }
    )


def kappa(counts: Ints) -> float:
    """Cohen's kappa of a confusion matrix: agreement beyond chance, 1 at most; 0 where only one class occurs."""
    total = counts.sum()
    chance = float(counts.sum(axis=0) @ counts.sum(axis=1)) / float(total) ** 2
    return (float(np.trace(counts)) / float(total) - chance) / (1 - chance) if chance < 1 else 0.0


def normalised(counts: Ints, by: str) -> Floats:
    """Shares of a confusion matrix, float64: of each label (`by` "row") or of each answer ("column"); 0 of none."""
    total = counts.sum(axis=1 if by == "row" else 0, keepdims=True)
    return np.asarray(counts / np.maximum(total, 1))


def top_k(truth: Ints, p: Floats, k: int) -> float:
    """Share of images whose label is among the `k` likeliest classes; of equals the earlier class counts."""
    ranked = np.argsort(-p, axis=1, kind="stable")[:, :k]
    return float((ranked == truth[:, None]).any(axis=1).mean())


def log_loss(truth: Ints, p: Floats) -> float:
    """Mean negative log of the probability given to the label, in nats; a 0 counts as 2.2e-16."""
    given = p[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(given, np.finfo(np.float64).eps, 1)).mean())


def brier(truth: Ints, p: Floats) -> float:
    """Mean squared distance between probabilities and label, summed over classes: 0 perfect, 2 worst."""
    return float(((p - np.eye(p.shape[1])[truth]) ** 2).sum(axis=1).mean())


def calibration_error(truth: Ints, p: Floats) -> float:
    """Expected calibration error of the top class (Guo et al., ICML 2017): equal-width bins (low, high]."""
    confidence = p.max(axis=1)
    correct = (p.argmax(axis=1) == truth).astype(np.float64)
    bin_index = np.clip(np.ceil(confidence * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1)
    gap = np.bincount(bin_index, weights=correct - confidence, minlength=ECE_BINS)
    return float(np.abs(gap).sum() / len(truth))


def accuracy_interval(correct: ArrayLike, groups: ArrayLike | None = None) -> tuple[float, float]:
    """95 % interval of the accuracy: Wilson's score interval, as on the leaderboard.

    Of groups it takes the effective number of pictures: as many independent ones as would spread like these, so ten copies
    of one picture count as one piece of evidence.

    Args:
        correct: bool (n,).
        groups: ids (n,); None for images without copies.
    """
    hits = np.asarray(correct, dtype=np.float64)
    ids = np.arange(len(hits)) if groups is None else pd.factorize(np.asarray(groups))[0]
    size, mean = np.bincount(ids), float(hits.mean())
    spread = float(((np.bincount(ids, weights=hits) - mean * size) ** 2).sum()) / len(hits) ** 2
    low, high = wilson_interval(mean, mean * (1 - mean) / spread if spread > 0 else len(size))
    return float(low), float(high)


def _class_scores(names: tuple[str, ...], rows: pd.DataFrame) -> dict[str, ClassScores]:
    """`per_class`, JSON-ready."""
    columns = rows[["precision", "recall", "f1", "support"]].itertuples(index=False)
    return {
        name: {"precision": float(p), "recall": float(r), "f1": float(f1), "support": int(n)}
        for name, (p, r, f1, n) in zip(names, columns, strict=True)
    }
