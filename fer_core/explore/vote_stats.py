"""How much the people who voted agree with each other, and with the label.

Agreement is the share of the most chosen emotion among all votes, "unknown" and "NF" (no face) included: who chose
one of these did not see that emotion. Entropy is Shannon's, in bits, of the same votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data.importing.votes import UNCLEAR
from fer_core.data.manifest import classes, readable

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

DISAGREE = 0.5
"""Agreement up to which people are said to disagree: no emotion got more than half of the votes."""


@dataclass(frozen=True)
class VoteStats:
    """One value per image; NaN (or -1 for `majority`) where nobody voted.

    Attributes:
        classes: what could be voted for.
        total: votes cast, float64 (n,).
        agreement: share of the most chosen emotion, 0..1.
        entropy: of all votes, bits.
        majority: place of the most chosen emotion in `classes`, int64; -1 where none got a vote. The first of equals.
        label_share: share of votes for the label the image carries; NaN where nobody could vote for it.
        unclear: bool, whether more people chose "unknown" or "NF" than any emotion.
    """

    classes: tuple[str, ...]
    total: NDArray[np.float64]
    agreement: NDArray[np.float64]
    entropy: NDArray[np.float64]
    majority: NDArray[np.int64]
    label_share: NDArray[np.float64]
    unclear: NDArray[np.bool_]


def vote_stats(votes: NDArray[np.float64], classes: Sequence[str], labels: NDArray[Any]) -> VoteStats:
    """Agreement, entropy and majority of every image.

    Args:
        votes: float64 (n, k), counts, NaN where an image has none.
        classes: k names, in column order.
        labels: integers (n,), place of the image's own label in `classes`; -1 where it is none of them.
    """
    cast = np.nan_to_num(votes)
    total = cast.sum(axis=1)
    voted = total > 0
    shares = np.divide(cast, total[:, None], out=np.zeros_like(cast), where=voted[:, None])
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    emotion = np.array([name not in UNCLEAR for name in classes], bool)
    of_emotion = np.where(emotion, shares, -1.0)
    top = of_emotion.max(axis=1, initial=0.0)
    majority = np.where(voted & (top > 0), of_emotion.argmax(axis=1) if len(classes) else -1, -1)
    label = np.asarray(labels, np.int64)
    own = np.where(label >= 0, shares[np.arange(len(shares)), np.maximum(label, 0)], np.nan)
    unclear_top = np.where(emotion, -1.0, shares).max(axis=1, initial=-1.0)
    return VoteStats(
        tuple(classes),
        total,
        np.where(voted, top, np.nan),
        np.where(voted, -(shares * logs).sum(axis=1), np.nan),
        majority,
        np.where(voted, own, np.nan),
        voted & (unclear_top > top),
    )


def label_against_majority(stats: VoteStats, labels: NDArray[Any], names: Sequence[str]) -> pd.DataFrame:
    """Images per given label (index) and most chosen emotion (columns), int64, without images nobody voted on.

    Args:
        stats: of the images.
        labels: integers (n,), place of each image's label in `names`; -1 for none.
        names: the classes of the version.
    """
    counted = (stats.majority >= 0) & (labels >= 0)
    flat = labels[counted].astype(np.int64) * len(stats.classes) + stats.majority[counted]
    table = np.bincount(flat, minlength=len(names) * len(stats.classes)).reshape(len(names), -1)
    found = pd.DataFrame(table.astype(np.int64), list(names), list(stats.classes))
    chosen = [n for n in stats.classes if n not in names and found[n].any()]
    return found[[*(n for n in names if n in stats.classes), *chosen]]


def votes_of(dataset: Dataset, manifest: pd.DataFrame) -> pd.DataFrame | None:
    """People's votes on the images that have them: index image_id, columns the version's classes; None of none."""
    if "votes" not in manifest:
        return None
    table = readable(manifest)
    table = table[table["votes"].notna()]
    voted = pd.DataFrame(
        [list(votes) for votes in table["votes"]],
        index=pd.Index(table["image_id"], name="image_id"),
        columns=list(dataset.about["vote_classes"]),
        dtype="float64",
    )
    return voted.reindex(columns=list(classes(manifest)), fill_value=0.0) if len(voted) else None
