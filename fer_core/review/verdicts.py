"""What every reviewer said about every image, as one class each: the table that agreement is measured on.

The journal's verdicts are per image, the latest of anyone holds. Here each reviewer keeps their own last verdict,
so that two people who looked at the same face can be compared. Verdicts on copies are not about labels and are left
out; a final say settles a disagreement and is no verdict of its own; a self-check is compared with the first answer
only.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fer_core.review.decisions import VERDICTS

DELETE, AMBIGUOUS = "delete", "ambiguous"
COLUMNS = ["key", "image_id", "who", "verdict", "given", "action", "time", "mode", "check_of", "blind"]


def label_verdicts(entries: pd.DataFrame) -> pd.DataFrame:
    """Every verdict on a label that nobody undid, oldest first.

    Args:
        entries: all of a journal, `Journal.decisions(active_only=False)`.

    Returns:
        columns `COLUMNS`: verdict is the class the reviewer gave, "delete" or "ambiguous"; given the label that was on
        the image; mode "" for an ordinary decision, "self_check" or "final"; check_of the key of the decision that a
        self-check repeats; blind (bool) whether label and suggestion were hidden.
    """
    return all_label_verdicts(entries[~entries["undone"].astype(bool)]).reset_index(drop=True)


def all_label_verdicts(entries: pd.DataFrame) -> pd.DataFrame:
    """Every verdict on a label, undone ones too: columns as `label_verdicts`, index as `entries`.

    Each row is of one entry alone.
    """
    table = entries[entries["action"].isin(VERDICTS) & (entries["image_id"] != "") & (entries["other"] == "")]
    shown = [value or {} for value in table["shown"]]
    given = [str(value.get("label", "")) for value in shown]
    words = [
        _verdict(action, label, was)
        for action, label, was in zip(table["action"], table["label"], given, strict=True)
    ]
    result = table[["key", "image_id", "who", "action", "time"]].assign(
        verdict=pd.Series(words, index=table.index, dtype="str"),
        given=pd.Series(given, index=table.index, dtype="str"),
        mode=pd.Series(
            [
                "self_check" if "self_check" in value else "final" if value.get("final") else ""
                for value in shown
            ],
            index=table.index,
            dtype="str",
        ),
        check_of=pd.Series(
            [str(value.get("self_check", "")) for value in shown], index=table.index, dtype="str"
        ),
        blind=pd.Series([bool(value.get("blind")) for value in shown], index=table.index, dtype="bool"),
    )
    return result[result["verdict"] != ""][COLUMNS]


def current_verdicts(entries: pd.DataFrame) -> pd.DataFrame:
    """The verdicts on images that hold: per image the latest of anyone that nobody undid, oldest first.

    Args:
        entries: all of a journal, `Journal.decisions(active_only=False)`; columns as there.
    """
    table = entries[
        entries["action"].isin(VERDICTS) & (entries["image_id"] != "") & ~entries["undone"].astype(bool)
    ]
    return table.drop_duplicates("image_id", keep="last")


def verdicts_by_image(decisions: pd.DataFrame) -> pd.DataFrame:
    """The verdicts that hold, one per image, indexed by image_id: action, label, time, who.

    Args:
        decisions: from `Journal.decisions`.
    """
    table = decisions[decisions["action"].isin(VERDICTS) & (decisions["image_id"] != "")]
    return table.drop_duplicates("image_id", keep="last").set_index("image_id")[
        ["action", "label", "time", "who"]
    ]


def _verdict(action: str, label: str, given: str) -> str:
    return label if action == "relabel" else given if action == "keep" else action


def ratings(table: pd.DataFrame) -> pd.DataFrame:
    """One row per image, one column per reviewer: the class of their last ordinary verdict, NaN where they have none.

    Args:
        table: from `label_verdicts`.
    """
    own = table[table["mode"] == ""].drop_duplicates(["image_id", "who"], keep="last")
    return own.pivot(index="image_id", columns="who", values="verdict")


def disagreements(table: pd.DataFrame) -> pd.DataFrame:
    """Images that reviewers called differently, and on which nobody has had the final say since.

    Args:
        table: from `label_verdicts`.

    Returns:
        image_id and said ("Ada: sad, Ben: neutral"), in the order in which they became known.
    """
    last: dict[str, dict[str, tuple[str, str]]] = {}  # image -> who -> (what, when)
    settled: dict[str, str] = {}
    columns = [table[name].tolist() for name in ("image_id", "who", "verdict", "time", "mode")]
    for image, who, what, when, mode in zip(*columns, strict=True):
        if mode == "":
            last.setdefault(image, {})[who] = (what, when)
        elif mode == "final":
            settled[image] = max(when, settled.get(image, ""))
    found = []
    for image, by in last.items():
        latest = max(when for _, when in by.values())
        if len({what for what, _ in by.values()}) > 1 and settled.get(image, "") < latest:
            said_by = sorted(by.items(), key=lambda pair: pair[1][1])
            told = ", ".join(f"{who or 'without a name'}: {what}" for who, (what, _) in said_by)
            found.append((latest, image, told))
    found.sort(key=lambda one: one[0])
    told_of = {"image_id": [image for _, image, _ in found], "said": [told for *_, told in found]}
    return pd.DataFrame(told_of, dtype="str")


def own_verdicts(table: pd.DataFrame, who: str) -> dict[str, dict[str, Any]]:
    """image_id -> the last verdict of one reviewer, as a row of `label_verdicts`."""
    own = table[table["who"] == who].drop_duplicates("image_id", keep="last")
    return {str(row["image_id"]): {str(k): v for k, v in row.items()} for row in own.to_dict("records")}
