"""If you stop here: how many wrong labels stay among those not reviewed, with a 90 % interval.

The share of wrong labels among the decisions so far, as a logistic function of the ranking's score, carried over to the
images that nobody looked at. The curve may bend: each of eight stretches of the score has an offset of its own, near 0
unless decisions say otherwise. Reviewing the worst first is no bias here, for the share is asked at each score; but of
scores far better than any that was reviewed it says little. So a few faces from the rest of the set are looked at on
purpose (`spot_checks`), most where the score is least sure. Before the first decision the ranking's own count of wrong
labels, by confident learning, is what is expected.

    remaining = estimate_remaining(reviewed["score"], wrong, waiting["score"], expected=ranking["issue"].sum())
    remaining.wrong, remaining.low, remaining.high
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from fer_core.review.decisions import VERDICTS

MIN_DECISIONS = 20
"""Below that, nothing is said: a guess would be taken for a measurement."""
_DRAWS = 2000
_SPREAD, _COUNTED = np.array([2.5, 0.75]), np.array([0.7, 0.3])
"""Standard deviations of what is thought of offset and slope before the first decision, the second where a count of wrong
labels is expected; the mean slope is 1, and so is the offset 0: a score is then the probability that the label is right."""
_STRETCHES, _BEND = 8, 0.25
"""Stretches of the score with an offset of their own, and its standard deviation."""
_LEVEL = (0.05, 0.5, 0.95)
SPOT_EVERY = 3
"""Of so many faces one is a spot check."""


@dataclass(frozen=True)
class RemainingErrors:
    """What stays if the reviewer stops.

    Attributes:
        decisions: it was told from.
        found: of these, wrong labels.
        images: not reviewed.
        wrong: expected number of wrong labels among them.
        low, high: the 90 % interval of that number.
    """

    decisions: int
    found: int
    images: int
    wrong: int
    low: int
    high: int


def wrong_labels(ranking: pd.DataFrame, decisions: pd.DataFrame) -> pd.Series:
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


def estimate_remaining(
    scores: ArrayLike, wrong: ArrayLike, left: ArrayLike, seed: int = 0, expected: float | None = None
) -> RemainingErrors | None:
    """Wrong labels among the images not reviewed; None with fewer than `MIN_DECISIONS` decisions.

    Args:
        scores: of the reviewed images, float (n,), 0..1, low is bad.
        wrong: bool (n,): whether each label was wrong.
        left: scores of the images not reviewed, float (m,).
        seed: of the draws that make the interval.
        expected: wrong labels among all of these, reviewed or not, as the ranking counts them; None where it does not.
    """
    seen, told, rest = _doubt(scores), np.asarray(wrong, dtype=float), _doubt(left)
    if len(told) < MIN_DECISIONS:
        return None
    found = int(told.sum())
    if not len(rest):
        return RemainingErrors(len(told), found, 0, 0, 0, 0)
    every = np.concatenate([seen, rest])
    edges = _edges(every)
    before = np.zeros(2 + _STRETCHES)
    before[1] = 1.0
    if expected is not None:
        before[0] = _offset(every, float(np.clip(expected, 0.5, len(every) - 0.5)))
    spread = np.concatenate([_SPREAD if expected is None else _COUNTED, np.full(_STRETCHES, _BEND)])
    mean, covariance = _posterior(_design(seen, edges), told, before, spread)
    random = np.random.default_rng(seed)
    draws = random.multivariate_normal(mean, covariance, _DRAWS)
    values, many = np.unique(np.round(rest, 1), return_counts=True)  # alike scores need one evaluation
    chance = _sigmoid(draws @ _design(values, edges).T)
    noise = np.sqrt((chance * (1 - chance)) @ many)  # of the count itself, were the chances known
    total = chance @ many + noise * random.standard_normal(_DRAWS)
    low, middle, high = np.clip(np.quantile(total, _LEVEL), 0, len(rest))
    return RemainingErrors(len(told), found, len(rest), round(middle), int(np.floor(low)), int(np.ceil(high)))


def spot_checks(ranking: pd.DataFrame, seed: int = 0) -> list[str]:
    """Every image in the order in which to look at it on purpose: at random, likelier where the score is less sure.

    The order follows from image ids and seed alone: it is the same for every reviewer, after a reload and in another
    version, so two who review at once can share it. Take the first that are not decided.

    Args:
        ranking: image_id and score.
        seed: of the order.
    """
    score = np.clip(ranking["score"].to_numpy(float), 1e-4, 1 - 1e-4)
    draws = np.array([_draw(f"{seed} {image}") for image in ranking["image_id"]])
    # Efraimidis and Spirakis (2006): the smallest -log(u) / weight first is a draw by weight without replacement.
    key = -np.log(draws) / np.sqrt(score * (1 - score))
    return [str(image) for image in ranking["image_id"].to_numpy(object)[np.argsort(key, kind="stable")]]


def with_spot_checks(queue: list[str], checks: list[str], every: int = SPOT_EVERY) -> list[str]:
    """A queue in which one of so many faces is the next spot check that is not on it already.

    Args:
        queue: image ids, the next one first.
        checks: from `spot_checks`, those that are not decided.
        every: 1 gives spot checks alone first.
    """
    waiting, extra, used = iter(queue), iter(checks), set[str]()
    result: list[str] = []
    for place in range(len(queue) + len(set(checks) - set(queue))):
        first, second = (extra, waiting) if place % every == every - 1 else (waiting, extra)
        found = next((image for source in (first, second) for image in source if image not in used), None)
        if found is None:
            break
        used.add(found)
        result.append(found)
    return result


def _draw(text: str) -> float:
    """A number above 0 and up to 1 that depends on the text alone."""
    return (int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") + 1) / 2**64


def _edges(doubt: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where one stretch ends and the next begins: each holds as much of what is unsure."""
    ordered = np.sort(doubt)
    unsure = np.cumsum(np.sqrt(_sigmoid(ordered) * _sigmoid(-ordered)))
    shares = np.arange(1, _STRETCHES) / _STRETCHES
    return np.asarray(ordered[np.searchsorted(unsure / unsure[-1], shares)])


def _design(doubt: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (n, 2 + stretches): 1, the doubt, and which stretch it is in."""
    stretch = np.searchsorted(edges, doubt)
    return np.column_stack([np.ones_like(doubt), doubt, np.eye(_STRETCHES)[stretch]])


def _offset(doubt: NDArray[np.float64], expected: float) -> float:
    """The offset at which as many labels as expected are wrong."""
    return float(brentq(lambda at: float(_sigmoid(at + doubt).sum()) - expected, -30, 30))


def _doubt(scores: ArrayLike) -> NDArray[np.float64]:
    """Log-odds that the label is wrong, were the score the probability that it is right."""
    clipped = np.clip(np.asarray(scores, dtype=float), 1e-4, 1 - 1e-4)
    return np.asarray(np.log1p(-clipped) - np.log(clipped))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


def _posterior(
    design: NDArray[np.float64],
    wrong: NDArray[np.float64],
    before: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (k,) and covariance (k, k) of the weights: Newton's method, then a normal curve around the mode."""
    precision = np.diag(1 / spread**2)

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
