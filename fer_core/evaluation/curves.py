"""Curves behind single numbers: reliability, risk against coverage, ROC and precision-recall.

>>> import numpy as np
>>> roc(np.array([True, True, False]), np.array([.9, .4, .2])).auc
1.0
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.arrays import Floats, Ints
from fer_core.evaluation.metrics import ECE_BINS
from fer_core.runs.records import ClassAreas


def reliability(truth: Ints, p: Floats) -> pd.DataFrame:
    """What the calibration error is made of: one row per bin of confidence that holds images.

    Returns:
        low, high (ends of the bin, (low, high]), images, confidence (their mean) and accuracy.
    """
    bins, confidence = ECE_BINS, p.max(axis=1)
    correct = p.argmax(axis=1) == truth
    bin_index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    images = np.bincount(bin_index, minlength=bins)
    table = pd.DataFrame(
        {
            "low": np.arange(bins) / bins,
            "high": np.arange(1, bins + 1) / bins,
            "images": images,
            "confidence": np.bincount(bin_index, weights=confidence, minlength=bins) / np.maximum(images, 1),
            "accuracy": np.bincount(bin_index, weights=correct, minlength=bins) / np.maximum(images, 1),
        }
    )
    return table[table["images"] > 0].reset_index(drop=True)


def risk_coverage(truth: Ints, p: Floats) -> pd.DataFrame:
    """What answering only where the model is sure buys.

    Returns:
        one row per distinct confidence (to six digits: beyond, it is rounding), highest first: threshold, coverage (share
        of images at least so sure) and precision (share of these answered rightly).
    """
    confidence = p.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum((p.argmax(axis=1) == truth)[order])
    ends = _ends(np.round(confidence[order], 6))
    return pd.DataFrame(
        {
            "threshold": confidence[order][ends],
            "coverage": (ends + 1) / len(truth),
            "precision": right[ends] / (ends + 1),
        }
    )


@dataclass(frozen=True)
class Roc:
    """False and true positive rates, from 0 to 1, and the area below; None where one side is missing."""

    fpr: Floats
    tpr: Floats
    auc: float | None


@dataclass(frozen=True)
class PrecisionRecall:
    """Recall and precision, from the surest image on, and average precision; None where the class is missing."""

    recall: Floats
    precision: Floats
    average_precision: float | None


def roc(positive: NDArray[np.bool_], score: Floats) -> Roc:
    """Receiver operating characteristic of one class against the others.

    Args:
        positive: which images carry the class, (n,).
        score: its probability, (n,).
    """
    hits, others = _counts(positive, score)
    if not hits[-1] or not others[-1]:
        return Roc(np.array([0.0, 1.0]), np.array([0.0, 1.0]), None)
    fpr, tpr = others / others[-1], hits / hits[-1]
    return Roc(fpr, tpr, float(np.trapezoid(tpr, fpr)))


def precision_recall(positive: NDArray[np.bool_], score: Floats) -> PrecisionRecall:
    """Precision against recall of one class."""
    hits, others = _counts(positive, score)
    if not hits[-1]:
        return PrecisionRecall(np.array([0.0]), np.array([1.0]), None)
    recall = hits / hits[-1]
    precision = np.append(1.0, hits[1:] / (hits[1:] + others[1:]))
    area = float(np.sum(np.diff(recall) * precision[1:]))
    return PrecisionRecall(recall, precision, area)


def per_class(names: tuple[str, ...], truth: Ints, p: Floats, kind: str, points: int = 120) -> pd.DataFrame:
    """Curves of all classes that occur, thinned to so many points each, for drawing.

    Args:
        kind: "roc" or "pr".

    Returns:
        class, x, y, order and area, as `charts.evaluation.class_curves` takes them.
    """
    parts = []
    for i, name in enumerate(names):
        if kind == "roc":
            line = roc(truth == i, p[:, i])
            x, y, area = line.fpr, line.tpr, line.auc
        else:
            found = precision_recall(truth == i, p[:, i])
            x, y, area = found.recall, found.precision, found.average_precision
        if area is not None:
            at = np.unique(np.linspace(0, len(x) - 1, min(points, len(x))).round().astype(int))
            parts.append(pd.DataFrame({"class": name, "x": x[at], "y": y[at], "order": at, "area": area}))
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["class", "x", "y", "order", "area"])
    )


def areas(names: tuple[str, ...], truth: Ints, p: Floats) -> dict[str, ClassAreas]:
    """Area under ROC and average precision of every class."""
    return {
        name: {
            "auc": roc(truth == i, p[:, i]).auc,
            "average_precision": precision_recall(truth == i, p[:, i]).average_precision,
        }
        for i, name in enumerate(names)
    }


def _counts(positive: NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """Positives and others at least as sure as each distinct score, from 0 on."""
    order = np.argsort(-score, kind="stable")
    ends = _ends(score[order])
    hits = np.cumsum(positive[order])[ends]
    return np.append(0.0, hits), np.append(0.0, ends + 1 - hits)


def _ends(ranked: Floats) -> Ints:
    """Last position of each run of equal values."""
    return np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1).astype(np.int64)
