"""Reviewing labels: which are decided, the soft label that is offered, and a verdict with what was shown."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fer_core.review.decisions import VERDICTS, Decision, class_name


def verdicts(decisions: pd.DataFrame) -> pd.DataFrame:
    """The verdicts that hold, one per image, indexed by image_id: action, label, time, who.

    Args:
        decisions: from `Journal.decisions`.
    """
    table = decisions[decisions["action"].isin(VERDICTS) & (decisions["image_id"] != "")]
    return table.drop_duplicates("image_id", keep="last").set_index("image_id")[
        ["action", "label", "time", "who"]
    ]


def probabilities(row: Mapping[str, Any], classes: Sequence[str]) -> dict[str, float]:
    """Class -> probability, from the `p_<class>` columns of a ranking's row."""
    return {name: float(row[f"p_{name}"]) for name in classes if f"p_{name}" in row}


def proposal(row: Mapping[str, Any], classes: Sequence[str]) -> dict[str, float]:
    """The soft label offered for an image: shares of people's votes where it has any, else the probabilities."""
    votes = row.get("votes")
    if votes is not None and sum(votes) > 0:
        return {name: float(n) / float(sum(votes)) for name, n in zip(classes, votes, strict=True)}
    return probabilities(row, classes)


def verdict(
    row: Mapping[str, Any],
    action: str,
    *,
    classes: Sequence[str],
    label: str | None = None,
    soft: Mapping[str, float] | None = None,
    who: str = "",
    shown: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Decision:
    """One verdict on a ranked image, with what the reviewer saw.

    Args:
        row: a row of the ranking, with `pixel_hash` of the image.
        action: relabel, keep, delete or ambiguous.
        classes: of the version.
        label: the right class, with relabel. Giving an image the label it has is a `keep`.
        soft: probability per class, with ambiguous; `proposal` if None.
        who: the reviewer.
        shown: more of what was on screen: version, method, blind, self_check, final.
        key: identity of the decision; recording it again adds nothing.
    """
    given, seen = str(row["label"]), probabilities(row, classes)
    if action == "relabel" and label is not None and class_name(label) == given:
        action, label = "keep", None
    return Decision(
        action,
        image_id=str(row["image_id"]),
        pixel_hash=str(row["pixel_hash"]),
        path=str(row["path"]),
        label=label or "",
        soft_label=(soft or proposal(row, classes)) if action == "ambiguous" else None,
        reason=str(row.get("why", "")),
        who=who,
        shown={
            "label": given,
            "suggested": str(row["suggested"]),
            "score": round(float(row["score"]), 4),
            "probabilities": {name: round(p, 4) for name, p in seen.items()},
            **(shown or {}),
        },
        key=key or uuid.uuid4().hex,
    )
