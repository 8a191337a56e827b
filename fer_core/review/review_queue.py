"""The review queue: which ranked images, in which order, for whom.

rows = of_pair(candidates(ranking, filters), "sad>neutral")
waiting = by_review_state(rows, label_verdicts, holding, filters, who="Ada")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import TypedDict

import numpy as np
import pandas as pd

from fer_core.review.claims import Holder
from fer_core.review.decisions import VERDICTS
from fer_core.review.remaining_errors import SPOT_EVERY, spot_checks, with_spot_checks
from fer_core.review.verdicts import disagreements, own_verdicts

ALL = "all"
KINDS = {"wrong": "likely wrong", "ambiguous": "ambiguous", ALL: "every image"}
REVIEWED = {
    "todo": "not yet",
    "mine": "not yet by me",
    "done": "reviewed",
    "split": "reviewers disagree",
    ALL: "all",
}
ORDERS = {"worst": "worst first", "random": "at random", "spot": "spot checks alone"}
_BREAK = 120.0
"""Seconds between two decisions after which the reviewer was away."""
_GAPS = 40
_TELLS = 1.0
"""Seconds of work from which a pace can be told: a batch that came in late has its decisions a microsecond apart."""


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
        checked: whether spot checks come in between, of what is likely wrong, worst first (`remaining_errors.spot_checks`).
    """

    kind: str = "wrong"
    pair: str = ALL
    split: str = ALL
    source: str = ALL
    most: float = 1.0
    reviewed: str = "todo"
    by: str = ALL
    order: str = "worst"
    checked: bool = False

    @property
    def has_checks(self) -> bool:
        """Whether spot checks come: only between likely wrong labels, worst first."""
        return self.checked and self.kind == "wrong" and self.order == "worst"

    @property
    def disputed(self) -> bool:
        """Whether it is those on which reviewers disagree, which wait though they are decided."""
        return self.reviewed == "split"

    def of(self, pair: str) -> Filters:
        """The same, of another pair."""
        return replace(self, pair=pair)


def candidates(ranking: pd.DataFrame, filters: Filters, checks: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a ranking that the filters on the image itself let through, in the queue's order.

    Args:
        ranking: from `mislabels.rank`, with `source`.
        filters: pair and reviewed are not looked at here.
        checks: every image in the order of spot checks, where the filters ask for them; () works it out.
    """
    among = np.ones(len(ranking), dtype=bool)
    for column, value in (("split", filters.split), ("source", filters.source)):
        if value != ALL:
            among &= (ranking[column] == value).to_numpy(bool)
    keep = among.copy()
    if filters.kind == "wrong":
        keep &= ranking["likely_wrong"].to_numpy(bool)
    elif filters.kind == "ambiguous":
        keep &= (ranking["issue"] & ranking["ambiguous"]).to_numpy(bool)
    if filters.most < 1:
        keep &= ranking["score"].to_numpy() <= filters.most
    rows = ranking[keep]
    if not checks and (filters.has_checks or filters.order == "spot"):
        checks = spot_checks(ranking)
    if filters.order == "spot":
        place = {image: number for number, image in enumerate(checks)}
        return rows.sort_values("image_id", key=lambda images: images.map(place), kind="stable")
    if filters.has_checks:
        rest = set(ranking.loc[among & ~keep, "image_id"])
        extra = [image for image in checks if image in rest][: len(rows) // (SPOT_EVERY - 1)]
        mixed = with_spot_checks(rows["image_id"].tolist(), extra)
        places = pd.Index(ranking["image_id"]).get_indexer(pd.Index(mixed))
        return ranking.take(places)
    if filters.order == "random":
        rows = rows.iloc[np.random.default_rng(0).permutation(len(rows))]
    return rows


def by_review_state(
    rows: pd.DataFrame, verdicts: pd.DataFrame, holding: pd.DataFrame, filters: Filters, who: str
) -> pd.DataFrame:
    """The rows that pass the filters on what was decided.

    Args:
        rows: from `candidates`.
        verdicts: from `verdicts.label_verdicts`.
        holding: the decisions that hold, `Journal.decisions()`.
        filters: reviewed and by.
        who: the reviewer, for "not yet by me".
    """
    if filters.reviewed == ALL:
        return rows
    if filters.reviewed == "mine":
        return rows[~rows["image_id"].isin(list(own_verdicts(verdicts, who)) + _dropped(holding))]
    if filters.disputed:
        found = {image: i for i, image in enumerate(disagreements(verdicts)["image_id"])}
        kept = rows[rows["image_id"].isin(list(found))]
        return kept.iloc[np.argsort([found[i] for i in kept["image_id"]], kind="stable")]
    if filters.reviewed == "done":
        if filters.by != ALL:
            return rows[rows["image_id"].isin(list(own_verdicts(verdicts, filters.by)))]
        return rows[rows["image_id"].isin(_decided(holding))]
    return rows[~rows["image_id"].isin(_decided(holding))]


def _decided(holding: pd.DataFrame) -> list[str]:
    return holding.loc[holding["action"].isin(VERDICTS), "image_id"].tolist()


def _dropped(holding: pd.DataFrame) -> list[str]:
    """Copies that were dropped: nobody needs to look at them."""
    return holding.loc[(holding["action"] == "delete") & (holding["other"] != ""), "image_id"].tolist()


def is_exclusive(filters: Filters) -> bool:
    """Whether each face of such a queue goes to one reviewer alone (`claims.Claims.take`).

    Not where everybody is to see it, for measuring agreement, nor where it is looked at again.
    """
    return filters.reviewed == "todo" or filters.disputed


@dataclass(frozen=True)
class ReviewerActivity:
    """A reviewer, as the others see them.

    Attributes:
        who: name, "" for none.
        decisions: verdicts on labels that nobody took back.
        holds: faces they hold now, in all their browsers.
        per_minute: pace, None where it cannot be told.
        last: time of their last verdict (UTC, ISO 8601), "" for none.
    """

    who: str
    decisions: int
    holds: int
    per_minute: float | None
    last: str


def reviewer_activity(verdicts: pd.DataFrame, holders: Sequence[Holder] = ()) -> list[ReviewerActivity]:
    """Everybody who decided on labels or holds faces now: the most decisions first.

    Args:
        verdicts: from `verdicts.label_verdicts`.
        holders: from `claims.Claims.holders`.
    """
    holds: dict[str, int] = {}
    for holder in holders:
        holds[holder.who] = holds.get(holder.who, 0) + holder.images
    last = dict(
        zip(verdicts["who"].tolist(), verdicts["time"].tolist(), strict=True)
    )  # oldest first: the last one stays
    found = []
    for who in sorted({*last, *holds}):
        speed = pace(verdicts, who)
        found.append(
            ReviewerActivity(
                who, speed["decisions"], holds.get(who, 0), speed["per_minute"], last.get(who, "")
            )
        )
    return sorted(found, key=lambda person: -person.decisions)


def held_parts(queue: pd.DataFrame, held: Mapping[str, str]) -> list[tuple[str, int, int, int]]:
    """Who holds which part of a queue: (who, faces, first place, last place), from 1; the first part first.

    Args:
        queue: rows in its order.
        held: from `claims.Claims.held`.
    """
    found: dict[str, list[int]] = {}
    for place, image in enumerate(queue["image_id"], start=1):
        if image in held:
            found.setdefault(held[image], []).append(place)
    return sorted(((who, len(at), at[0], at[-1]) for who, at in found.items()), key=lambda part: part[2])


def of_pair(rows: pd.DataFrame, pair: str) -> pd.DataFrame:
    """The rows of one class pair, "given>suggested"; all of them with "all"."""
    if pair == ALL:
        return rows
    given, _, suggested = pair.partition(">")
    return rows[(rows["label"] == given) & (rows["suggested"] == suggested)]


class Pace(TypedDict):
    """Decisions of a reviewer, seconds for each and how many a minute; None where too few tell."""

    decisions: int
    seconds: float | None
    per_minute: float | None


def pace(verdicts: pd.DataFrame, who: str) -> Pace:
    """How fast a reviewer decides, from the journal's times; breaks of two minutes and more do not count.

    Decisions taken together (one batch, one time) count as many.

    Returns:
        decisions (of this reviewer), seconds (each, mean of the last ones), per_minute; the last two None with
        fewer than three gaps, or less than a second in all.
    """
    times = verdicts.loc[verdicts["who"] == who, "time"]
    stamps, many = np.unique(times.to_numpy(dtype=str), return_counts=True)
    recent = [datetime.fromisoformat(stamp).timestamp() for stamp in stamps[-_GAPS - 1 :]]
    together = many[-_GAPS - 1 :][1:]
    gaps = [(b - a, n) for (a, b), n in zip(pairwise(recent), together, strict=True) if b - a < _BREAK * n]
    # The mean: a decision that came in late is one gap too long and the next too short, which leaves their sum.
    worked = sum(gap for gap, _ in gaps)
    typical = worked / sum(int(n) for _, n in gaps) if len(gaps) >= 3 and worked >= _TELLS else None
    return {
        "decisions": len(times),
        "seconds": typical,
        "per_minute": 60 / typical if typical else None,
    }
