"""If you stop here: how many wrong labels stay among those not reviewed, with a 95 % interval.

The share of wrong labels among the decisions so far, as a logistic function of the ranking's score, carried over to the
images that nobody looked at. Reviewing the worst first is no bias here, for the share is asked at each score; but
scores far better than any that was reviewed are an extrapolation, and the interval grows accordingly. Reviewing
in random order is the way to a narrow one.

    left = estimate(reviewed["score"], wrong, waiting["score"])
    left.wrong, left.low, left.high
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fer_core.review.decisions import VERDICTS

MIN_DECISIONS = 20
"""Below that, nothing is said: a guess would be taken for a measurement."""
_DRAWS = 2000
_SPREAD = np.array([2.5, 0.75])
"""Standard deviations of what is thought of offset and slope before the first decision; their means are 0 and 1, at
which a score is the probability that the label is right."""


@dataclass(frozen=True)
class Left:
    """What stays if the reviewer stops.

    Attributes:
        decisions: it was told from.
        found: of these, wrong labels.
        images: not reviewed.
        wrong: expected number of wrong labels among them.
        low, high: the 95 % interval of that number.
    """

    decisions: int
    found: int
    images: int
    wrong: int
    low: int
    high: int


def outcomes(ranking: pd.DataFrame, decisions: pd.DataFrame) -> pd.Series:
    """Whether the label of a ranked image is wrong, by the verdict that holds: bool, indexed by image_id.

    Wrong is a label that was changed to another one than is ranked now, and an image that was dropped for no copy's
    sake. Ambiguous is not wrong.

    Args:
        ranking: image_id and label of the version on screen.
        decisions: those that hold, `Journal.decisions()`.
    """
    table = decisions[
        decisions["action"].isin(VERDICTS) & (decisions["image_id"] != "") & (decisions["other"] == "")
    ].drop_duplicates("image_id", keep="last")
    decided = ranking.loc[ranking["image_id"].isin(table["image_id"]), ["image_id", "label"]]
    label = dict(zip(decided["image_id"], decided["label"], strict=True))
    kept = table[table["image_id"].isin(list(label))]
    wrong = [
        action == "delete" or (action == "relabel" and to != label[image])
        for image, action, to in zip(kept["image_id"], kept["action"], kept["label"], strict=True)
    ]
    return pd.Series(wrong, index=kept["image_id"].tolist(), dtype="bool")


def estimate(scores: ArrayLike, wrong: ArrayLike, left: ArrayLike, seed: int = 0) -> Left | None:
    """Wrong labels among the images not reviewed; None with fewer than `MIN_DECISIONS` decisions.

    Args:
        scores: of the reviewed images, float (n,), 0..1, low is bad.
        wrong: bool (n,): whether each label was wrong.
        left: scores of the images not reviewed, float (m,).
        seed: of the draws that make the interval.
    """
    told, rest = np.asarray(wrong, dtype=float), _doubt(left)
    if len(told) < MIN_DECISIONS:
        return None
    found = int(told.sum())
    if not len(rest):
        return Left(len(told), found, 0, 0, 0, 0)
    mean, covariance = _posterior(_doubt(scores), told)
    random = np.random.default_rng(seed)
    draws = random.multivariate_normal(mean, covariance, _DRAWS)
    values, many = np.unique(np.round(rest, 1), return_counts=True)  # alike scores need one evaluation
    chance = _sigmoid(draws[:, :1] + draws[:, 1:] * values)
    spread = np.sqrt((chance * (1 - chance)) @ many)  # of the count itself, were the chances known
    total = chance @ many + spread * random.standard_normal(_DRAWS)
    low, middle, high = np.clip(np.quantile(total, [0.025, 0.5, 0.975]), 0, len(rest))
    return Left(len(told), found, len(rest), round(middle), int(np.floor(low)), int(np.ceil(high)))


def _doubt(scores: ArrayLike) -> NDArray[np.float64]:
    """Log-odds that the label is wrong, were the score the probability that it is right."""
    clipped = np.clip(np.asarray(scores, dtype=float), 1e-4, 1 - 1e-4)
    return np.asarray(np.log1p(-clipped) - np.log(clipped))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


def _posterior(doubt: NDArray[np.float64], wrong: NDArray[np.float64]) -> tuple[np.ndarray, np.ndarray]:
    """Mean (2,) and covariance (2, 2) of offset and slope: Newton's method, then a normal curve around the mode."""
    design = np.column_stack([np.ones_like(doubt), doubt])
    before, precision = np.array([0.0, 1.0]), np.diag(1 / _SPREAD**2)

    def likely(at: NDArray[np.float64]) -> float:
        linear = design @ at
        away = at - before
        return float(wrong @ linear - np.logaddexp(0, linear).sum() - away @ precision @ away / 2)

    at, value = before.copy(), likely(before)
    while True:
        chance = _sigmoid(design @ at)
        slope = design.T @ (wrong - chance) - precision @ (at - before)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + precision
        step = np.linalg.solve(curve, slope)
        while likely(at + step) < value and np.abs(step).max() > 1e-9:
            step /= 2  # a whole step can overshoot; the log-posterior is concave, so a short one cannot
        at = at + step
        value = likely(at)
        if np.abs(step).max() < 1e-6:
            return at, np.linalg.inv(curve)
