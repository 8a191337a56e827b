"""From faces to a ranking of their labels: several opinions, one score, and the reason in words."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from scipy.special import softmax

from fer_core.explore.features import Features, describe
from fer_core.mislabels.noise import label_quality
from fer_core.mislabels.pool import logs, pooled, pooled_weights
from fer_core.mislabels.quick_model import held_out_scores, neighbour_shares, tempered

if TYPE_CHECKING:
    from fer_core.jobs.reporter import ProgressFn

NEIGHBOURS = 20
_ONE_NEIGHBOUR = 0.05  # what a class has that no neighbour carries
COPY_WEIGHT = 0.7
"""Logits of a label that a copy carries and the image does not: twice the odds. A copy with the same label does not
vouch for it, for copies are often mislabelled together."""
VOTERS = 2.0
"""What was computed counts as so many people among those who voted on an image."""
_STEPS = 5
MIN_TOLD = 100
"""Images a model that knows faces must be able to judge: of fewer nobody can say whether it fits the set."""
MAJORITY = 0.5
"""Share of the probability, or of the votes, that no class of an ambiguous image exceeds."""
_ALONE = "nothing to compare with: the only picture of its class"


@dataclass(frozen=True)
class Opinions:
    """What is known about the label of every image; rows as given, columns the classes, float64.

    Attributes:
        model: probabilities of the model that was asked: given ones, else the quick model's. NaN where it was not
            asked about an image.
        told: bool (n,), whether the given probabilities are about an image.
        neighbours: share of each class among its nearest faces; NaN where they were not looked for.
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
    told: np.ndarray
    weights: dict[str, float] = field(default_factory=dict)

    @property
    def asked(self) -> np.ndarray:
        """bool (n,): images the model was asked about; they are ranked."""
        return np.asarray(np.isfinite(self.model).all(axis=1))


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
    sight: Features | None = None,
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
        sight: of a model that knows faces: what it sees in each picture, NaN where `given` is. Then the images it was not
            asked about are judged too, by the others.
    """
    tell = _steps(progress)
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
    copies = other_labels_of_group(own, groups)
    near = (neighbours + _ONE_NEIGHBOUR) / (1 + classes * _ONE_NEIGHBOUR)
    model = quick if given is None else given
    told = np.isfinite(model).all(axis=1)
    if given is None or sight is None:
        said = {"model": model, "neighbours": near} | ({} if given is None else {"quick": quick})
        logits, named = _pool(said, own, told)
    else:
        logits, named = _pool({"quick": quick, "neighbours": near}, own, np.ones(len(own), bool))
        model = np.where(told[:, None], model, quick)
        told &= told.sum() >= MIN_TOLD
        if told.any():
            face = _by_sight(sight, carried, inverse, groups, told, seed)
            neighbours[told] = face[1]
            logits[told], more = _with_sight(model[told], quick[told], face, own[told])
            named |= more
    votes = np.zeros_like(own) if votes is None else votes
    chances = combined(logits, copies, own, votes)
    tell("Ranked")
    return Opinions(model, neighbours, copies, votes, chances, told, named)


def _steps(progress: ProgressFn | None) -> Callable[[str], None]:
    """Tells what begins now, and how many of the steps are done."""
    done = itertools.count()

    def tell(what: str) -> None:
        if progress:
            progress(next(done), _STEPS, what)

    return tell


def _pool(
    said: dict[str, np.ndarray], own: np.ndarray, among: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """The pooled logits of all, with the weights that explain the labels of some best; and these weights by name."""
    each = [logs(one) for one in said.values()]
    weights = pooled_weights([one[among] for one in each], own[among])
    return pooled(each, weights), dict(zip(said, weights.tolist(), strict=True))


def _by_sight(
    sight: Features, carried: np.ndarray, inverse: np.ndarray, groups: np.ndarray, told: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The quick model and the nearest faces, told from what a model sees, of and among the images it may judge."""
    first, place = np.unique(inverse[told], return_index=True, return_inverse=True)[1:]
    rows = np.flatnonzero(told)[first]
    targets = carried[inverse[rows]] / carried[inverse[rows]].sum(axis=1, keepdims=True)
    seen = Features(sight.plain[rows], sight.mirrored[rows], sight.scales)
    quick = tempered(held_out_scores(seen, targets, groups[rows], seed), targets)[place]
    near = neighbour_shares(seen.plain + seen.mirrored, targets, groups[rows], NEIGHBOURS, seed)[place]
    return quick, near


def _with_sight(
    model: np.ndarray, quick: np.ndarray, face: tuple[np.ndarray, np.ndarray], own: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """The model alone where it names the labels more often than the quick one; else a pool of all.

    Weights that explain the given labels best would follow their mistakes: the quick models have seen how these labels go
    wrong. Measured on people's votes the model alone finds most; but on faces unlike those it knows it may know nothing.
    """
    label = own.argmax(axis=1)
    if (model.argmax(axis=1) == label).mean() >= (quick.argmax(axis=1) == label).mean():
        return logs(model), {"emotions": 1.0}
    classes = own.shape[1]
    near = (face[1] + _ONE_NEIGHBOUR) / (1 + classes * _ONE_NEIGHBOUR)
    said = {"emotions": model, "quick by sight": face[0], "neighbours by sight": near, "quick, too": quick}
    return _pool(said, own, np.ones(len(own), bool))


def combined(logits: np.ndarray, copies: np.ndarray, own: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Probabilities from what models say, the labels of copies and people's votes; float64 (n, classes) each.

    Args:
        logits: of the models.
        copies, votes: as `Opinions`.
        own: the labels one-hot.
    """
    said = softmax(logits + COPY_WEIGHT * ((copies > 0) & (own == 0)), axis=1)
    return np.asarray((VOTERS * said + votes) / (VOTERS + votes.sum(axis=1, keepdims=True)))


def other_labels_of_group(own: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How many other images of its group carry each label, float64 (n, classes); `own` is the labels one-hot."""
    together = np.zeros((int(groups.max()) + 1, own.shape[1]))
    np.add.at(together, groups, own)
    return np.asarray(together[groups] - own)


def ranking(
    table: pd.DataFrame,
    names: tuple[str, ...],
    labels: np.ndarray,
    groups: np.ndarray,
    known: Opinions,
) -> pd.DataFrame:
    """The ranking of `mislabels.rank`.

    Args:
        table: readable manifest rows.
        names: of the classes.
        labels, groups: int64 (n,), as `opinions`.
        known: from it.
    """
    alone = np.array([len(np.unique(groups[labels == c])) < 2 for c in range(len(names))])[labels]
    asked, chances = known.asked, known.together
    suggested = np.where(alone, labels, chances.argmax(axis=1))
    candidate, score = np.zeros(len(labels), dtype=bool), np.ones(len(labels))
    for part in (asked & known.told, asked & ~known.told):  # two judges, two ways in which labels look wrong
        if part.any():
            candidate[part] = _candidates(labels[part], chances[part])
            score[part] = label_quality(labels[part], chances[part])
    voted = (known.votes.sum(axis=1) > 0) & ~is_spread(known.votes) & (known.votes.argmax(axis=1) != labels)
    issue = (candidate | (voted & asked)) & (suggested != labels) & ~alone
    spread = is_spread(chances) | is_spread(known.votes)
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
        told=known.told,
        why=np.where(alone, _ALONE, _reasons(names, labels, suggested, known)),
    )
    ranked = result[asked].sort_values(["score", "path"], kind="stable").reset_index(drop=True)
    ranked.attrs |= {"weights": known.weights, "told": int((asked & known.told).sum())}
    return ranked


def _candidates(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """cleanlab's candidate set, bool (n,): as many per pair of classes as confident learning counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes of one picture, which are not judged anyway
        return np.asarray(find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1))


def is_spread(weights: np.ndarray) -> np.ndarray:
    """bool (n,): no class has more than half of the row's sum; rows of zeros are not."""
    total = weights.sum(axis=1)
    return np.asarray((total > 0) & (weights.max(axis=1) <= MAJORITY * total))


def _reasons(names: tuple[str, ...], labels: np.ndarray, suggested: np.ndarray, known: Opinions) -> list[str]:
    """Sentence fragments such as "looks neutral (.81); 14 of 20 nearest faces are neutral"."""
    asked = np.isfinite(known.neighbours).all(axis=1)
    near = np.rint(np.nan_to_num(known.neighbours) * NEIGHBOURS).astype(int)
    spread = is_spread(known.together)
    voters = known.votes.sum(axis=1).astype(int)
    words = []
    for i, (label, other) in enumerate(zip(labels.tolist(), suggested.tolist(), strict=True)):
        parts = [f"looks {names[other]} ({known.together[i, other]:.2f})".replace("(0.", "(.")]
        if spread[i]:
            second = int(np.argsort(-known.together[i], kind="stable")[1])
            parts[0] += f" or {names[second]} ({known.together[i, second]:.2f})".replace("(0.", "(.")
        if asked[i]:
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
