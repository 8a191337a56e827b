"""From faces to a ranking of their labels: several opinions, one score, and the reason in words."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from scipy.special import softmax

from fer_core.quality.features import describe
from fer_core.quality.label_noise import label_quality
from fer_core.quality.label_pool import logs, pooled, pooled_weights
from fer_core.quality.quick_model import held_out_scores, neighbour_shares, tempered

if TYPE_CHECKING:
    from fer_core.jobs import ProgressFn

NEIGHBOURS = 20
_ONE_NEIGHBOUR = 0.05  # what a class has that no neighbour carries
COPY_WEIGHT = 0.7
"""Logits of a label that a copy carries and the image does not: twice the odds. A copy with the same label does not
vouch for it, for copies are often mislabelled together."""
VOTERS = 2.0
"""What was computed counts as so many people among those who voted on an image."""
_STEPS = 5
MAJORITY = 0.5
"""Share of the probability, or of the votes, that no class of an ambiguous image exceeds."""
_ALONE = "nothing to compare with: the only picture of its class"


@dataclass(frozen=True)
class Opinions:
    """What is known about the label of every image; rows as given, columns the classes, float64.

    Attributes:
        model: probabilities of the model that was asked: given ones, else the quick model's. NaN where it was not
            asked about an image.
        neighbours: share of each class among its nearest faces.
        copies: how many other images of its group (equal pixels or near copies) carry each label.
        votes: how many people gave each label; zeros where nobody was asked.
        together: all of them combined, as probabilities.
        weights: of the pool: {opinion: weight}.
    """

    model: np.ndarray
    neighbours: np.ndarray
    copies: np.ndarray
    votes: np.ndarray
    together: np.ndarray
    weights: dict[str, float] = field(default_factory=dict)


def opinions(
    pixels: np.ndarray,
    labels: np.ndarray,
    classes: int,
    pictures: np.ndarray,
    groups: np.ndarray,
    seed: int = 0,
    progress: ProgressFn | None = None,
    given: np.ndarray | None = None,
    votes: np.ndarray | None = None,
) -> Opinions:
    """Ask the models, the neighbours, the copies and the people.

    Args:
        pixels: uint8 (n, 48, 48) gray.
        labels: int64 (n,) class numbers.
        classes: how many there are.
        pictures: int64 (n,): equal numbers are equal pixels. A picture counts once, however many copies it has.
        groups: int64 (n,): images of one group never judge each other, but as copies.
        seed: of everything random.
        progress: told (done, total, what).
        given: float64 (n, classes), out-of-sample probabilities of another model; NaN rows were not judged.
        votes: float64 (n, classes), people's votes.
    """
    done = 0

    def tell(what: str) -> None:
        nonlocal done
        if progress:
            progress(done, _STEPS, what)
        done += 1

    first, inverse = np.unique(pictures, return_index=True, return_inverse=True)[1:]
    own = np.eye(classes)[labels]
    carried = np.zeros((len(first), classes))
    np.add.at(carried, inverse, own)
    targets = carried / carried.sum(axis=1, keepdims=True)
    tell("Describing faces")
    features = describe(pixels[first], seed)
    scores = held_out_scores(features, targets, groups[first], seed, tell)
    quick = tempered(scores, targets)[inverse]
    tell("Asking neighbours")
    neighbours = neighbour_shares(features.leading(100), targets, groups[first], NEIGHBOURS, seed)[inverse]
    together = np.zeros((int(groups.max()) + 1, classes))
    np.add.at(together, groups, own)
    copies = together[groups] - own
    model = quick if given is None else given
    asked = np.isfinite(model).all(axis=1)
    said = {
        "model": logs(model),
        "neighbours": logs((neighbours + _ONE_NEIGHBOUR) / (1 + classes * _ONE_NEIGHBOUR)),
    }
    if given is not None:
        said["quick"] = logs(quick)
    weights = pooled_weights([one[asked] for one in said.values()], own[asked])
    logits = pooled(list(said.values()), weights) + COPY_WEIGHT * ((copies > 0) & (own == 0))
    votes = np.zeros_like(own) if votes is None else votes
    chances = (VOTERS * softmax(logits, axis=1) + votes) / (VOTERS + votes.sum(axis=1, keepdims=True))
    tell("Ranked")
    named = dict(zip(said, weights.tolist(), strict=True))
    return Opinions(model, neighbours, copies, votes, chances, named)


def ranking(
    table: pd.DataFrame,
    names: tuple[str, ...],
    labels: np.ndarray,
    groups: np.ndarray,
    known: Opinions,
    asked: np.ndarray,
    filter_by: str,
) -> pd.DataFrame:
    """The ranking of `mislabels.rank`.

    Args:
        table: readable manifest rows.
        names: of the classes.
        labels, groups: int64 (n,), as `opinions`.
        known: from it.
        asked: bool (n,), the images to rank.
        filter_by: one of `mislabels.FILTERS`.
    """
    alone = np.array([len(np.unique(groups[labels == c])) < 2 for c in range(len(names))])[labels]
    chances = known.together
    suggested = np.where(alone, labels, chances.argmax(axis=1))
    candidate = np.zeros(len(labels), dtype=bool)
    candidate[asked] = candidates(labels[asked], chances[asked], filter_by)
    voted = (known.votes.sum(axis=1) > 0) & ~is_spread(known.votes) & (known.votes.argmax(axis=1) != labels)
    issue = (candidate | (voted & asked)) & (suggested != labels) & ~alone
    spread = is_spread(chances) | is_spread(known.votes)
    score = np.ones(len(labels))
    score[asked] = label_quality(labels[asked], chances[asked])
    everyone = np.arange(len(labels))
    columns: dict[str, Any] = {f"p_{name}": chances[:, i] for i, name in enumerate(names)}
    if known.votes.any():
        columns["votes"] = pd.Series(list(known.votes.astype(np.int64)), index=table.index)
    result = table[["image_id", "path", "split", "label"]].assign(
        suggested=np.array(names)[suggested],
        score=np.where(alone, 1.0, score),
        given_p=chances[everyone, labels],
        suggested_p=chances[everyone, suggested],
        **columns,
        issue=issue,
        ambiguous=spread,
        likely_wrong=issue & ~spread,
        why=np.where(alone, _ALONE, _reasons(names, labels, suggested, known)),
    )
    return result[asked].sort_values(["score", "path"], kind="stable").reset_index(drop=True)


def candidates(labels: np.ndarray, probabilities: np.ndarray, filter_by: str) -> np.ndarray:
    """cleanlab's candidate set, bool (n,); `filter_by` is one of `mislabels.FILTERS`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes of one picture, which are not judged anyway
        return np.asarray(find_label_issues(labels, probabilities, filter_by=filter_by, n_jobs=1))


def is_spread(weights: np.ndarray) -> np.ndarray:
    """bool (n,): no class has more than half of the row's sum; rows of zeros are not."""
    total = weights.sum(axis=1)
    return np.asarray((total > 0) & (weights.max(axis=1) <= MAJORITY * total))


def _reasons(names: tuple[str, ...], labels: np.ndarray, suggested: np.ndarray, known: Opinions) -> list[str]:
    """Sentence fragments such as "looks neutral (.81); 14 of 20 nearest faces are neutral"."""
    near = np.rint(known.neighbours * NEIGHBOURS).astype(int)
    spread = is_spread(known.together)
    voters = known.votes.sum(axis=1).astype(int)
    words = []
    for i, (label, other) in enumerate(zip(labels.tolist(), suggested.tolist(), strict=True)):
        parts = [f"looks {names[other]} ({known.together[i, other]:.2f})".replace("(0.", "(.")]
        if spread[i]:
            second = int(np.argsort(-known.together[i], kind="stable")[1])
            parts[0] += f" or {names[second]} ({known.together[i, second]:.2f})".replace("(0.", "(.")
        parts.append(f"{near[i, other]} of {NEIGHBOURS} nearest faces are {names[other]}")
        if voters[i]:
            parts.append(f"{int(known.votes[i, label])} of {voters[i]} people say {names[label]}")
        for c in np.flatnonzero(known.copies[i]):
            if c != label:
                count = int(known.copies[i, c])
                copy = "a copy is" if count == 1 else f"{count} copies are"
                parts.append(f"{copy} labelled {names[c]}")
        words.append("; ".join(parts))
    return words
