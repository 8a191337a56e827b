"""From faces to a ranking of their labels: three opinions, one score, and the reason in words."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from fer_core.quality.features import describe
from fer_core.quality.quick_model import held_out_scores, neighbour_shares, tempered

if TYPE_CHECKING:
    from fer_core.jobs import ProgressFn

NEIGHBOURS = 20
_NEIGHBOUR_WEIGHT = 0.7
_COPY_WEIGHT = 0.7  # an equal picture's label doubles the odds: copies are often mislabelled together
_MOST_COPIES = 3
_STEPS = 5
_ALONE = "nothing to compare with: the only picture of its class"


@dataclass(frozen=True)
class Opinions:
    """What is known about the label of every image; rows as given, columns the classes, float64.

    Attributes:
        model: probabilities from a model that saw neither the picture nor its group.
        neighbours: share of each class among its nearest faces.
        copies: how many equal pictures carry each label, itself left out.
        together: the three combined, as probabilities.
    """

    model: np.ndarray
    neighbours: np.ndarray
    copies: np.ndarray
    together: np.ndarray


def opinions(
    pixels: np.ndarray,
    labels: np.ndarray,
    classes: int,
    pictures: np.ndarray,
    groups: np.ndarray,
    seed: int = 0,
    progress: ProgressFn | None = None,
) -> Opinions:
    """Ask the model, the neighbours and the copies.

    Args:
        pixels: uint8 (n, 48, 48) gray.
        labels: int64 (n,) class numbers.
        classes: how many there are.
        pictures: int64 (n,): equal numbers are equal pixels. A picture counts once, however many copies it has.
        groups: int64 (n,): images of one group never judge each other.
        seed: of everything random.
        progress: told (done, total, what).
    """
    done = 0

    def tell(what: str) -> None:
        nonlocal done
        if progress:
            progress(done, _STEPS, what)
        done += 1

    first, inverse = np.unique(pictures, return_index=True, return_inverse=True)[1:]
    given = np.eye(classes)[labels]
    carried = np.zeros((len(first), classes))
    np.add.at(carried, inverse, given)
    targets = carried / carried.sum(axis=1, keepdims=True)
    tell("Describing faces")
    features = describe(pixels[first], seed)
    scores = held_out_scores(features, targets, groups[first], seed, tell)
    model = tempered(scores, targets)
    tell("Asking neighbours")
    neighbours = neighbour_shares(features.leading(100), targets, groups[first], NEIGHBOURS, seed)
    copies = carried[inverse] - given
    logits = (np.log(model + 1e-9) + _NEIGHBOUR_WEIGHT * np.log(neighbours + 0.05))[inverse]
    together = tempered(logits + _COPY_WEIGHT * np.minimum(copies, _MOST_COPIES), given)
    tell("Ranked")
    return Opinions(model[inverse], neighbours[inverse], copies, together)


def ranking(
    table: pd.DataFrame, names: tuple[str, ...], labels: np.ndarray, groups: np.ndarray, known: Opinions
) -> pd.DataFrame:
    """The ranking of `mislabels.rank` from readable manifest rows, class names and numbers, and opinions."""
    alone = np.array([len(np.unique(groups[labels == c])) < 2 for c in range(len(names))])[labels]
    score = get_label_quality_scores(labels, known.together, method="self_confidence")
    suggested = np.where(alone, labels, known.together.argmax(axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes of one picture, which are not judged anyway
        wrong = find_label_issues(labels, known.together, filter_by="prune_by_noise_rate", n_jobs=1)
    columns = {f"p_{name}": known.together[:, i] for i, name in enumerate(names)}
    result = table[["image_id", "path", "split", "label"]].assign(
        suggested=np.array(names)[suggested],
        score=np.where(alone, 1.0, score),
        **columns,
        likely_wrong=wrong & (suggested != labels) & ~alone,
        why=np.where(alone, _ALONE, _reasons(names, labels, suggested, known)),
    )
    return result.sort_values(["score", "path"], kind="stable").reset_index(drop=True)


def _reasons(names: tuple[str, ...], labels: np.ndarray, suggested: np.ndarray, known: Opinions) -> list[str]:
    """Sentence fragments such as "looks neutral (.81); 14 of 20 nearest faces are neutral"."""
    near = np.rint(known.neighbours * NEIGHBOURS).astype(int)
    words = []
    for i, (label, other) in enumerate(zip(labels.tolist(), suggested.tolist(), strict=True)):
        parts = [f"looks {names[other]} ({known.together[i, other]:.2f})".replace("(0.", "(.")]
        parts.append(f"{near[i, other]} of {NEIGHBOURS} nearest faces are {names[other]}")
        for c in np.flatnonzero(known.copies[i]):
            if c != label:
                count = int(known.copies[i, c])
                equal = "an equal picture is" if count == 1 else f"{count} equal pictures are"
                parts.append(f"{equal} labelled {names[c]}")
        words.append("; ".join(parts))
    return words
