"""What every reviewer said about every image, as one class each: the table that agreement is measured on.

The journal's verdicts are per image, the latest of anyone holds. Here each reviewer keeps their own last verdict,
so that two people who looked at the same face can be compared. Verdicts on copies are not about labels and are left
out; a final say settles a disagreement and is no opinion of its own; a self-check is compared with the first answer
only.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fer_core.review.decisions import VERDICTS

DELETE, AMBIGUOUS = "delete", "ambiguous"
COLUMNS = ["key", "image_id", "who", "said", "given", "action", "time", "mode", "check_of", "blind"]


def said(entries: pd.DataFrame) -> pd.DataFrame:
    """Every verdict on a label that nobody undid, oldest first.

    Args:
        entries: all of a journal, `Journal.decisions(active_only=False)`.

    Returns:
        columns `COLUMNS`: said is the class the reviewer gave, "delete" or "ambiguous"; given the label that was on
        the image; mode "" for an ordinary decision, "self_check" or "final"; check_of the key of the decision that a
        self-check repeats; blind (bool) whether label and suggestion were hidden.
    """
    table = entries[
        entries["action"].isin(VERDICTS)
        & (entries["image_id"] != "")
        & (entries["other"] == "")
        & ~entries["undone"].astype(bool)
    ]
    shown = [dict(value or {}) for value in table["shown"]]
    given = [str(value.get("label", "")) for value in shown]
    spoken = [
        _said(action, label, was)
        for action, label, was in zip(table["action"], table["label"], given, strict=True)
    ]
    result = table[["key", "image_id", "who", "action", "time"]].assign(
        said=spoken,
        given=given,
        mode=[
            "self_check" if "self_check" in value else "final" if value.get("final") else ""
            for value in shown
        ],
        check_of=[str(value.get("self_check", "")) for value in shown],
        blind=[bool(value.get("blind")) for value in shown],
    )
    return result[result["said"] != ""][COLUMNS].reset_index(drop=True)


def holding(entries: pd.DataFrame) -> pd.DataFrame:
    """The verdicts on images that hold: per image the latest of anyone that nobody undid, oldest first.

    Args:
        entries: all of a journal, `Journal.decisions(active_only=False)`; columns as there.
    """
    table = entries[
        entries["action"].isin(VERDICTS) & (entries["image_id"] != "") & ~entries["undone"].astype(bool)
    ]
    return table.drop_duplicates("image_id", keep="last")


def _said(action: str, label: str, given: str) -> str:
    return label if action == "relabel" else given if action == "keep" else action


def ratings(table: pd.DataFrame) -> pd.DataFrame:
    """One row per image, one column per reviewer: the class of their last ordinary verdict, NaN where they have none.

    Args:
        table: from `said`.
    """
    own = table[table["mode"] == ""].drop_duplicates(["image_id", "who"], keep="last")
    return own.pivot(index="image_id", columns="who", values="said")


def disagreements(table: pd.DataFrame) -> pd.DataFrame:
    """Images that reviewers called differently, and on which nobody has had the final say since.

    Args:
        table: from `said`.

    Returns:
        image_id and `said` ("Ada: sad, Ben: neutral"), in the order in which they became known.
    """
    final = table[table["mode"] == "final"].groupby("image_id")["time"].max()
    own = table[table["mode"] == ""].drop_duplicates(["image_id", "who"], keep="last")
    kinds = own.groupby("image_id", sort=False)["said"].nunique()
    open_ = own[own["image_id"].isin(kinds.index[kinds > 1])]
    latest = open_.groupby("image_id", sort=False)["time"].max().sort_values(kind="stable")
    settled = final.reindex(latest.index)
    ids = [str(i) for i in latest.index[settled.isna() | (settled < latest)]]
    words: dict[str, str] = {}
    for image, who, what in open_[["image_id", "who", "said"]].itertuples(index=False):
        told = f"{who or 'without a name'}: {what}"
        words[image] = f"{words[image]}, {told}" if image in words else told
    return pd.DataFrame({"image_id": ids, "said": [words[i] for i in ids]}, dtype="str")


def own_verdicts(table: pd.DataFrame, who: str) -> dict[str, dict[str, Any]]:
    """image_id -> the last verdict of one reviewer, as a row of `said`."""
    own = table[table["who"] == who].drop_duplicates("image_id", keep="last")
    return {str(row["image_id"]): {str(k): v for k, v in row.items()} for row in own.to_dict("records")}
