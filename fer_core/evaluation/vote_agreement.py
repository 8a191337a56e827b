"""Against human votes: what a crowd of labellers said of an image, not the one label it got."""

from __future__ import annotations

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
