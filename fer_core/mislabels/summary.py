"""What can be read from a ranking of labels: the wrong ones, the ambiguous ones, and which classes are confused.

ranking = mislabels.load(dataset, version.id, "quick")
pair_queues(likely_wrong(ranking))       # sad -> neutral first, when it is the largest
noise_matrix(ranking)                    # given label against suggestion
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal, TypedDict

import numpy as np
import pandas as pd

from fer_core.base.emotions import ordered_classes
from fer_core.base.errors import NotFound
from fer_core.data.dataset import Dataset
from fer_core.explore.distinct import distinctness
from fer_core.mislabels import store

MANY_WRONG = 0.02
"""Share of likely wrong labels above which a set needs a review before it is trained on."""


def wrong_level(wrong: int, total: int) -> Literal["good", "warn", "bad"]:
    """What so many likely wrong labels of a ranking mean."""
    return "good" if not wrong else "bad" if wrong / max(total, 1) > MANY_WRONG else "warn"


def likely_wrong(ranking: pd.DataFrame) -> pd.DataFrame:
    """The rows of a ranking whose label is probably wrong, worst first; ambiguous images are not among them."""
    return ranking[ranking["likely_wrong"]]


def ambiguous(ranking: pd.DataFrame) -> pd.DataFrame:
    """The candidates for whom no class has more than half: to be given a soft label rather than another class."""
    return ranking[ranking["issue"] & ranking["ambiguous"]]


def class_names(ranking: pd.DataFrame) -> tuple[str, ...]:
    """The classes of a ranking in the order of its `p_<class>` columns."""
    return tuple(str(name)[2:] for name in ranking if str(name).startswith("p_"))


def distribution(ranking: pd.DataFrame) -> pd.DataFrame:
    """Probabilities of a ranking: index image_id, columns the classes, float64; rows sum to 1.

    They are what an ambiguous image is offered as its soft label.
    """
    names = class_names(ranking)
    table = ranking.set_index("image_id")[[f"p_{name}" for name in names]]
    return table.set_axis(list(names), axis=1)


def flat(ranking: pd.DataFrame) -> pd.DataFrame:
    """A ranking as a table of plain values, as CSV files have it: what is a list in a cell is left out."""
    names = [f"p_{name}" for name in class_names(ranking)]
    about = ["image_id", "path", "split", "label", "suggested", "score", "given_p", "suggested_p"]
    return ranking[[*about, *names, "issue", "ambiguous", "likely_wrong", "why"]]


def noise_matrix(ranking: pd.DataFrame) -> pd.DataFrame:
    """How many candidates carry one class (index) and look like another (columns), int64, zeros filled in."""
    wrong = ranking[ranking["issue"]]
    names = list(ordered_classes({*class_names(ranking), *ranking["label"]}))
    cross = pd.crosstab(wrong["label"], wrong["suggested"])
    return cross.reindex(index=names, columns=names, fill_value=0).astype("int64")


def confusions(ranking: pd.DataFrame) -> list[dict[str, str | float]]:
    """How labels of this set go wrong, as a recipe's `noise.confusions` has it, most frequent first.

    `share` of the images that look like `label` carry `given`. Counted among likely wrong labels.
    """
    alike = ranking["suggested"].where(ranking["issue"], ranking["label"]).value_counts()
    pairs = pair_queues(likely_wrong(ranking))
    rows = zip(pairs["suggested"], pairs["label"], pairs["images"], strict=True)
    found = [(str(true), str(given), float(count / alike.get(true, count))) for true, given, count in rows]
    return [
        {"label": true, "given": given, "share": round(share, 6)}
        for true, given, share in sorted(found, key=lambda row: -row[2])
    ]


def measured_confusions(dataset: Dataset, version: str) -> list[dict[str, str | float]]:
    """`confusions` of the ranking that finds most, of those kept for this version (by id).

    Raises:
        NotFound: there is none, or it found no wrong label.
    """
    kept = store.methods(dataset, version)
    ranking = store.load(dataset, version, kept[0]) if kept else None
    found = [] if ranking is None else confusions(ranking)
    if not found:
        raise NotFound(
            "How labels of this version go wrong is not measured",
            received=version,
            hint=f"First: `fer mislabels {dataset.name}`",
        )
    return found


def pair_queues(ranking: pd.DataFrame) -> pd.DataFrame:
    """Images per (label, suggested) pair of classes, both directions apart, the largest pair first.

    Args:
        ranking: the rows to count, such as `likely_wrong(ranking)`; those that suggest their own label are left out.

    Returns:
        label, suggested, images (int64), worst (float64: lowest score of the pair).
    """
    found: dict[tuple[str, str], list[float]] = {}
    columns = (ranking["label"].tolist(), ranking["suggested"].tolist(), ranking["score"].tolist())
    for label, suggested, score in zip(*columns, strict=True):  # a page asks after every decision: no groupby
        if label != suggested:
            found.setdefault((label, suggested), []).append(score)
    pairs = pd.DataFrame(
        {
            "label": pd.Series([label for label, _ in found], dtype="str"),
            "suggested": pd.Series([suggested for _, suggested in found], dtype="str"),
            "images": pd.Series([len(scores) for scores in found.values()], dtype="int64"),
            "worst": pd.Series([min(scores) for scores in found.values()], dtype="float64"),
        }
    )
    return pairs.sort_values(
        ["images", "worst", "label"], ascending=[False, True, True], kind="stable", ignore_index=True
    )


class RankingSummary(TypedDict):
    """A ranking in numbers; `pairs` of the wrong, largest first, `distinct` the classes, the most distinct first."""

    likely_wrong: int
    ambiguous: int
    pairs: list[Any]
    distinct: list[Any]


def summary(ranking: pd.DataFrame) -> RankingSummary:
    """`likely_wrong` and `ambiguous` (int), and `pairs`: [{label, suggested, images}] of the wrong, largest first;
    `distinct`: the classes, the most distinct first, as `explore.distinct`."""
    wrong = likely_wrong(ranking)
    listed = pair_queues(wrong)[["label", "suggested", "images"]].to_dict("records")
    chances = distribution(ranking)
    classes = distinctness(
        ranking["label"].to_numpy(str), chances.to_numpy(np.float64), list(chances.columns)
    )
    return {
        "likely_wrong": len(wrong),
        "ambiguous": len(ambiguous(ranking)),
        "pairs": listed,
        "distinct": [asdict(one) for one in classes],
    }


def told_words(about: Mapping[str, Any]) -> list[str]:
    """What the model that ships judged, and what not and why; and what is carried over from an earlier version (`carry`), one
    sentence each.

    Args:
        about: `attrs["about"]` of a ranking.
    """
    if about.get("kind") != "emotions":
        return _carried_words(about)
    lines = _carried_words(about)
    lines.append(f"The model that ships judged {about['told']:,} of {about['images']:,} images.")
    if about["learned"]:
        lines.append(
            f"{about['learned']:,} it has learned, or a copy of them; the quick model judged these instead."
        )
    if about["unknown"]:
        lines.append(f"{about['unknown']:,} carry a label it has no word for; the quick model judged these.")
    if about["told"] and not about["trusted"]:
        lines.append(
            "It names fewer of these labels than the quick model does: its opinion is one among others."
        )
    return lines


def _carried_words(about: Mapping[str, Any]) -> list[str]:
    """What of a ranking is carried over from which version, one sentence each; nothing of one made for its own version."""
    if not (carried := about.get("carried")):
        return []
    whole, number = carried["of"], carried["number"]
    if about["kind"] == "emotions" and about["trusted"]:
        lines = [
            f"{carried['anew']:,} of {whole:,} judged anew; the rest carried over from version {number}."
        ]
    else:
        lines = [
            f"Probabilities of version {number}: this model learns from all labels, and has not seen those that changed since."
        ]
    if carried["rescored"]:
        lines.append(f"{carried['rescored']:,} scores follow from changed labels and the probabilities kept.")
    if carried["unranked"]:
        lines.append(f"{carried['unranked']:,} images have no probabilities and are not ranked.")
    return lines
