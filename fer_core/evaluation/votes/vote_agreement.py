"""Against human votes: what a crowd of labellers said of an image, not the one label it got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.evaluation.metrics import read
from fer_core.runs.records import VoteAgreement


def against_votes(predictions: pd.DataFrame, votes: pd.DataFrame) -> VoteAgreement | None:
    """How a model agrees with human votes.

    Args:
        predictions: image_id, label and p_<class>.
        votes: index image_id, one column of counts per class. Votes for classes the model does not know are left
            out; images without a vote for one it knows too.

    Returns:
        JSON-ready; None where no image has votes.
    """
    names, _, p = read(predictions)
    known = [name for name in names if name in votes]
    table = votes.reindex(index=predictions["image_id"], columns=known).reindex(columns=list(names))
    counts = table.fillna(0).to_numpy(dtype=np.float64)
    voted = counts.sum(axis=1) > 0
    if not voted.any():
        return None
    counts, p = counts[voted], p[voted]
    share = counts / counts.sum(axis=1, keepdims=True)
    clear = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) == 1
    majority = counts.argmax(axis=1)
    label = pd.Index(names).get_indexer(pd.Index(predictions["label"]))[voted]
    tiny = np.finfo(np.float64).eps
    return {
        "images": int(voted.sum()),
        "majority": int(clear.sum()),
        "agreement": float((p.argmax(axis=1) == majority)[clear].mean()) if clear.any() else None,
        "label_agreement": float((label == majority)[clear].mean()) if clear.any() else None,
        "cross_entropy": float(-(share * np.log(np.maximum(p, tiny))).sum(axis=1).mean()),
        "entropy": float(-(share * np.log(np.maximum(share, tiny))).sum(axis=1).mean()),
    }


@dataclass(frozen=True)
class PeopleAgreement:
    """How far people agree on faces, by their votes for some classes.

    Attributes:
        images: faces with one class voted most.
        people: the mean over these of the share of a face's votes that its most voted class got (0..1): how often a vote
            that is drawn at random says what most say.
        label: the share of these whose label is that class (0..1).
    """

    images: int
    people: float
    label: float


def people_agreement(
    votes: pd.DataFrame, classes: Sequence[str], labels: pd.Series
) -> PeopleAgreement | None:
    """How far people agree, to be put beside a model's accuracy.

    Args:
        votes: index image_id, one column of counts per class.
        classes: those that count; votes for others are left out, as `against_votes` does.
        labels: index image_id: which images, and their labels.

    Returns:
        None where no image has one class voted most.
    """
    known = [name for name in classes if name in votes]
    counts = votes.reindex(index=labels.index, columns=known).fillna(0).to_numpy(dtype=np.float64)
    if not known:
        return None
    most = counts.max(axis=1)
    clear = (most > 0) & ((counts == most[:, None]).sum(axis=1) == 1)
    if not clear.any():
        return None
    said = np.asarray(known, dtype=object)[counts[clear].argmax(axis=1)]
    return PeopleAgreement(
        int(clear.sum()),
        float((most[clear] / counts[clear].sum(axis=1)).mean()),
        float((said == labels.to_numpy(dtype=object)[clear]).mean()),
    )
