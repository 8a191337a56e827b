"""What can be read from a ranking of labels: the wrong ones, the ambiguous ones, and which classes are confused.

ranking = mislabels.load(dataset, version.id, "quick")
pair_queues(likely_wrong(ranking))       # sad -> neutral first, when it is the largest
noise_matrix(ranking)                    # given label against suggestion
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fer_core.emotions import ordered


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


def noise_matrix(ranking: pd.DataFrame) -> pd.DataFrame:
    """How many candidates carry one class (index) and look like another (columns), int64, zeros filled in."""
    wrong = ranking[ranking["issue"]]
    names = list(ordered({*class_names(ranking), *ranking["label"]}))
    cross = pd.crosstab(wrong["label"], wrong["suggested"])
    return cross.reindex(index=names, columns=names, fill_value=0).astype("int64")


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


def summary(ranking: pd.DataFrame) -> dict[str, Any]:
    """`likely_wrong` and `ambiguous` (int), and `pairs`: [{label, suggested, images}] of the wrong, largest first."""
    wrong = likely_wrong(ranking)
    listed = pair_queues(wrong)[["label", "suggested", "images"]].to_dict("records")
    return {"likely_wrong": len(wrong), "ambiguous": len(ambiguous(ranking)), "pairs": listed}
