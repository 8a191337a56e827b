"""Labels from people's votes: each image gets the emotion most voters chose, and learns from all of their votes.

The rules are those of FER+ (Barsoum et al. 2016, https://arxiv.org/abs/1608.01041): a class that got a single vote
counts as a slip; what is trained on keeps the votes as a distribution; what is measured on must have a majority.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.base.emotions import ordered_classes
from fer_core.base.errors import SourceError, TooFewImages
from fer_core.data.importing.votes import UNCLEAR
from fer_core.data.manifest import classes, readable
from fer_core.data.save_version import save_version

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset
    from fer_core.data.versions import Version

OPERATION = "votes"
NO_VOTES, NOT_A_FACE, UNKNOWN, NO_MAJORITY = "no votes", "no face", "unknown", "no majority"


@dataclass(frozen=True)
class VoteLabels:
    """What the votes make of a manifest.

    Attributes:
        manifest: the images that stay, relabelled; `soft_label` in `classes(manifest)` order on the split `train`.
        relabelled: images whose label changes.
        left_out: reason -> images that do not stay.
    """

    manifest: pd.DataFrame
    relabelled: int
    left_out: dict[str, int] = field(default_factory=dict)


def label_by_votes(
    manifest: pd.DataFrame, vote_classes: Sequence[str], *, majority: float = 0.5, soft: bool = True
) -> VoteLabels:
    """Labels, and soft labels to learn from, as the votes have them.

    Args:
        manifest: rows with `votes`, one count per class of `vote_classes`.
        vote_classes: what is voted for: emotions, and perhaps "unknown" and "NF" (no face).
        majority: share of an image's votes that the label must have more than, outside of `train`.
        soft: give the images of `train` their votes as a distribution; else they need the majority too.

    Raises:
        SourceError: no image has votes.
        TooFewImages: no image would stay.
    """
    table = readable(manifest)
    if "votes" not in table or not table["votes"].notna().any():
        hint = "Import the images with --votes, as for FER2013 with the votes of FER+"
        raise SourceError("Nobody has voted on these images", received=f"{len(table):,} images", hint=hint)
    voted = table["votes"].notna().to_numpy()
    counts = np.zeros((len(table), len(vote_classes)))
    counts[voted] = np.array(table["votes"][voted].tolist(), dtype=np.float64)
    counts[counts == 1] = 0  # a single vote is a slip
    kinds = list(vote_classes)
    emotions = list(ordered_classes([name for name in kinds if name not in UNCLEAR]))
    by_emotion = counts[:, [kinds.index(name) for name in emotions]]
    best, total = by_emotion.max(axis=1), counts.sum(axis=1)

    reason = np.full(len(table), "", dtype=object)
    judged = np.full(len(table), True) if not soft else (table["split"] != "train").to_numpy()
    tied = (by_emotion == best[:, None]).sum(axis=1) > 1
    reason[judged & ((best <= majority * total) | tied)] = NO_MAJORITY
    reason[best == 0] = np.where(voted[best == 0], UNKNOWN, NO_VOTES)
    for name, why in (("unknown", UNKNOWN), ("NF", NOT_A_FACE)):
        if name in kinds:
            reason[counts[:, kinds.index(name)] > best] = why

    stays = reason == ""
    if not stays.any():
        raise TooFewImages("No image would be left", received=f"majority={majority:g}")
    label = np.array(emotions, dtype=object)[by_emotion.argmax(axis=1)]
    made = table.assign(label=pd.Series(label, index=table.index, dtype="str"))[stays]
    made = made.drop(columns="soft_label", errors="ignore")
    if soft:
        names = classes(made)
        shares = by_emotion[stays][:, [emotions.index(name) for name in names]]
        taught = (made["split"] == "train").to_numpy() & (shares.sum(axis=1) > 0)
        rows = [list(row / row.sum()) if ok else None for row, ok in zip(shares, taught, strict=True)]
        made["soft_label"] = pd.Series(rows, index=made.index, dtype="object")
    words, numbers = np.unique(reason[~stays].astype(str), return_counts=True)
    return VoteLabels(
        pd.concat([made, manifest[manifest["error"] != ""]], ignore_index=True),
        int((made["label"] != table["label"][stays]).sum()),
        {str(word): int(number) for word, number in zip(words, numbers, strict=True)},
    )


def apply_votes(
    dataset: Dataset, version: str | None = None, *, majority: float = 0.5, soft: bool = True
) -> tuple[Version, VoteLabels]:
    """Keep what `label_by_votes` makes of a version as a new one.

    Raises:
        SourceError: no image has votes.
        TooFewImages: no image would stay.
        VersionConflict: somebody made another version at the same moment.
    """
    head = dataset.head
    base = dataset.version(version)
    kinds = dataset.about.get("vote_classes", [])
    found = label_by_votes(dataset.manifest(base.id), kinds, majority=majority, soft=soft)
    parameters = {
        "majority": majority,
        "soft": soft,
        "relabelled": found.relabelled,
        "left_out": found.left_out,
    }
    made = save_version(
        dataset, found.manifest, parent=base.id, operation=OPERATION, parameters=parameters, head=head
    )
    return made, found
