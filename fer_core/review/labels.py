"""Reviewing labels: which are decided, which class pairs are left, and one decision recorded with what was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fer_core.review.decisions import VERDICTS
from fer_core.review.journal import Journal


def verdicts(decisions: pd.DataFrame) -> pd.DataFrame:
    """The verdicts that hold, one per image, indexed by image_id: action, label, time, who.

    Args:
        decisions: from `Journal.decisions`.
    """
    table = decisions[decisions["action"].isin(VERDICTS) & (decisions["image_id"] != "")]
    return table.drop_duplicates("image_id", keep="last").set_index("image_id")[
        ["action", "label", "time", "who"]
    ]


def class_pairs(ranking: pd.DataFrame) -> pd.DataFrame:
    """How many images per (given label, suggestion), the largest pair first: label, suggested, images."""
    pairs = ranking.groupby(["label", "suggested"], sort=True).size().rename("images").reset_index()
    return pairs.sort_values(
        ["images", "label", "suggested"], ascending=[False, True, True], ignore_index=True
    )


def probabilities(row: Mapping[str, Any], classes: Sequence[str]) -> dict[str, float]:
    """Class -> probability, from the `p_<class>` columns of a ranking's row."""
    return {name: float(row[f"p_{name}"]) for name in classes if f"p_{name}" in row}


def record(
    journal: Journal,
    row: Mapping[str, Any],
    action: str,
    *,
    classes: Sequence[str],
    label: str | None = None,
    who: str = "",
    version: str = "",
) -> int:
    """Record one verdict on a ranked image, with what the reviewer saw; returns when it is on the disk.

    Args:
        journal: where to.
        row: a row of the ranking, with `pixel_hash` of the image.
        action: relabel, keep, delete or ambiguous; ambiguous takes the shown probabilities as soft label.
        classes: of the version.
        label: the right class, with relabel. Giving an image the label it has is a `keep`.
        who: the reviewer.
        version: id of the version on screen.
    """
    given, shown = str(row["label"]), probabilities(row, classes)
    if action == "relabel" and label == given:
        action, label = "keep", None
    return journal.add(
        action,
        image_id=str(row["image_id"]),
        pixel_hash=str(row["pixel_hash"]),
        path=str(row["path"]),
        label=label,
        soft_label=shown if action == "ambiguous" else None,
        reason=str(row.get("why", "")),
        who=who,
        shown={
            "label": given,
            "suggested": str(row["suggested"]),
            "score": round(float(row["score"]), 4),
            "probabilities": {name: round(p, 4) for name, p in shown.items()},
            "version": version,
        },
    )
