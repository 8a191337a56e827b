"""From features to a ranking: folds, probabilities, scores, and the reason for each."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.model_selection import StratifiedGroupKFold

from fer_core.quality.features import describe
from fer_core.quality.quick_model import out_of_fold

if TYPE_CHECKING:
    from fer_core.jobs import ProgressFn

_STEPS = 6


def judge(
    table: pd.DataFrame,
    names: tuple[str, ...],
    pixels: np.ndarray,
    folds: int,
    seed: int,
    together: np.ndarray,
    progress: ProgressFn | None,
) -> pd.DataFrame:
    """The ranking of `mislabels.rank`.

    Args:
        table: readable rows of a manifest.
        names: its classes.
        pixels: uint8 (n, 48, 48), one per row of `table`.
        folds, seed: as for `rank`.
        together: (n,) rows of equal value share a fold.
        progress: told (done, total, what).
    """
    done = 0

    def tell(what: str) -> None:
        nonlocal done
        if progress:
            progress(done, _STEPS, what)
        done += 1

    number = {name: i for i, name in enumerate(names)}
    labels = table["label"].map(number).to_numpy(np.int64)
    fold = _folds(labels, together, folds, seed)
    tell("Describing faces")
    plain, mirrored = describe(pixels, seed)
    probabilities = out_of_fold(plain, mirrored, labels, fold, seed, tell)
    if progress:
        progress(_STEPS, _STEPS, "Ranking")
    return _ranking(table, names, labels, probabilities)


def _folds(labels: np.ndarray, together: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """int64 (n,) fold of each row; classes are spread evenly, groups never split."""
    groups = pd.factorize(together)[0]
    splitter = StratifiedGroupKFold(
        max(2, min(folds, len(np.unique(groups)))), shuffle=True, random_state=seed
    )
    result = np.zeros(len(labels), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # a class smaller than the number of folds is looked after by the caller
        for fold, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
            result[held_out] = fold
    return result


def _ranking(
    table: pd.DataFrame, names: tuple[str, ...], labels: np.ndarray, probabilities: np.ndarray
) -> pd.DataFrame:
    score = get_label_quality_scores(labels, probabilities, method="self_confidence")
    suggested = probabilities.argmax(axis=1)
    wrong = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    name = np.array(names)
    result = table[["image_id", "path", "split", "label"]].assign(
        suggested=name[suggested],
        score=score,
        **{f"p_{c}": probabilities[:, i] for i, c in enumerate(names)},
        likely_wrong=wrong & (suggested != labels),
        why=[f"looks {name[s]} ({p:.2f})" for s, p in zip(suggested, probabilities.max(axis=1), strict=True)],
    )
    return result.sort_values(["score", "path"], kind="stable").reset_index(drop=True)
