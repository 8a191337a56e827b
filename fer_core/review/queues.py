"""The review queue: which ranked images, in which order, for whom.

chosen = filtered(ranking, Filters(pair="sad>neutral", reviewed="todo"), entries, holding, who="Ada")
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from fer_core.review.decisions import VERDICTS
from fer_core.review.opinions import disagreements, own_verdicts

ALL = "all"
KINDS = {"wrong": "likely wrong", "ambiguous": "ambiguous", ALL: "every image"}
REVIEWED = {
    "todo": "not yet",
    "mine": "not yet by me",
    "done": "reviewed",
    "split": "reviewers disagree",
    ALL: "all",
}
ORDERS = {"worst": "worst first", "random": "at random"}
_BREAK = 120.0
"""Seconds between two decisions after which the reviewer was away."""
_GAPS = 40


@dataclass(frozen=True)
class Filters:
    """What is on the queue.

    Attributes:
        kind: one of `KINDS`: which of the ranking.
        pair: "given>suggested", or all.
        split, source: a name, or all.
        most: the highest score, 0..1.
        reviewed: one of `REVIEWED`.
        by: with reviewed "done", whose decisions, or all.
        order: one of `ORDERS`.
    """

    kind: str = "wrong"
    pair: str = ALL
    split: str = ALL
    source: str = ALL
    most: float = 1.0
    reviewed: str = "todo"
    by: str = ALL
    order: str = "worst"

    def of(self, pair: str) -> Filters:
        """The same, of another pair."""
        return replace(self, pair=pair)


def candidates(ranking: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """The rows of a ranking that the filters on the image itself let through, in the queue's order.

    Args:
        ranking: from `mislabels.rank`, with `source`.
        filters: pair and reviewed are not looked at here.
    """
    keep = np.ones(len(ranking), dtype=bool)
    if filters.kind == "wrong":
        keep &= ranking["likely_wrong"].to_numpy(bool)
    elif filters.kind == "ambiguous":
        keep &= (ranking["issue"] & ranking["ambiguous"]).to_numpy(bool)
    for column, value in (("split", filters.split), ("source", filters.source)):
        if value != ALL:
            keep &= (ranking[column] == value).to_numpy(bool)
    if filters.most < 1:
        keep &= ranking["score"].to_numpy() <= filters.most
    rows = ranking[keep]
    if filters.order == "random":
        rows = rows.iloc[np.random.default_rng(0).permutation(len(rows))]
    return rows


def unreviewed(
    rows: pd.DataFrame, said: pd.DataFrame, holding: pd.DataFrame, filters: Filters, who: str
) -> pd.DataFrame:
    """The rows that pass the filters on what was decided.

    Args:
        rows: from `candidates`.
        said: from `opinions.said`.
        holding: the decisions that hold, `Journal.decisions()`.
        filters: reviewed and by.
        who: the reviewer, for "not yet by me".
    """
    if filters.reviewed == ALL:
        return rows
    if filters.reviewed == "mine":
        return rows[~rows["image_id"].isin(list(own_verdicts(said, who)) + _dropped(holding))]
    if filters.reviewed == "split":
        found = {image: i for i, image in enumerate(disagreements(said)["image_id"])}
        kept = rows[rows["image_id"].isin(list(found))]
        return kept.iloc[np.argsort([found[i] for i in kept["image_id"]], kind="stable")]
    if filters.reviewed == "done":
        if filters.by != ALL:
            return rows[rows["image_id"].isin(list(own_verdicts(said, filters.by)))]
        return rows[rows["image_id"].isin(_decided(holding))]
    return rows[~rows["image_id"].isin(_decided(holding))]


def _decided(holding: pd.DataFrame) -> list[str]:
    return holding.loc[holding["action"].isin(VERDICTS), "image_id"].tolist()


def _dropped(holding: pd.DataFrame) -> list[str]:
    """Copies that were dropped: nobody needs to look at them."""
    return holding.loc[(holding["action"] == "delete") & (holding["other"] != ""), "image_id"].tolist()


def of_pair(rows: pd.DataFrame, pair: str) -> pd.DataFrame:
    """The rows of one class pair, "given>suggested"; all of them with "all"."""
    return rows if pair == ALL else rows[(rows["label"] + ">" + rows["suggested"]) == pair]


def pace(said: pd.DataFrame, who: str) -> dict[str, Any]:
    """How fast a reviewer decides, from the journal's times; breaks of two minutes and more do not count.

    Decisions taken together (one batch, one time) count as many.

    Returns:
        decisions (of this reviewer), seconds (each, median of the last ones), per_minute; the last two None with
        fewer than three gaps.
    """
    times = said.loc[said["who"] == who, "time"]
    stamps, many = np.unique(times.to_numpy(dtype=str), return_counts=True)
    recent = [datetime.fromisoformat(stamp).timestamp() for stamp in stamps[-_GAPS - 1 :]]
    together = many[-_GAPS - 1 :][1:]
    gaps = [(b - a) / n for (a, b), n in zip(pairwise(recent), together, strict=True) if b - a < _BREAK * n]
    typical = median(gaps) if len(gaps) >= 3 else None
    return {
        "decisions": len(times),
        "seconds": typical,
        "per_minute": 60 / typical if typical else None,
    }
