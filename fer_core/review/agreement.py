"""How far reviewers agree beyond chance: Cohen's kappa for two, Fleiss' for more, overall and per class.

Cohen (1960), A coefficient of agreement for nominal scales; Fleiss (1971), Measuring nominal scale agreement among
many raters. Kappa is 1 where all agree, 0 where they agree as often as chance would, and not defined where everybody
gives everything one and the same class.

    >>> round(cohen(["sad", "sad", "happy", "happy"], ["sad", "happy", "happy", "happy"]), 2)
    0.5
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypedDict

import numpy as np
import pandas as pd

from fer_core.base.emotions import ordered_classes
from fer_core.review.verdicts import AMBIGUOUS, DELETE, disagreements, label_verdicts, ratings


def cohen(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of two reviewers on the same images; None of no image, or where only one class occurs.

    Args:
        first: class per image by one reviewer.
        second: by the other, in the same order.
    """
    a, b = np.asarray(first, dtype=str), np.asarray(second, dtype=str)
    if not len(a):
        return None
    names = np.unique(np.concatenate([a, b]))
    shares = [((a == name).mean(), (b == name).mean()) for name in names]
    chance = float(sum(p * q for p, q in shares))
    return None if chance >= 1 - 1e-12 else float(((a == b).mean() - chance) / (1 - chance))


def fleiss(counts: np.ndarray) -> float | None:
    """Fleiss' kappa; None of no image, of fewer than two reviewers, or where only one class occurs.

    Args:
        counts: int (images, classes): how many reviewers gave each class; every row has the same sum.
    """
    table = np.asarray(counts, dtype=float)
    if not len(table) or table[0].sum() < 2:
        return None
    raters = table[0].sum()
    agreed = ((table * (table - 1)).sum(axis=1) / (raters * (raters - 1))).mean()
    chance = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    return None if chance >= 1 - 1e-12 else float((agreed - chance) / (1 - chance))


class ReviewerNumbers(TypedDict):
    """Decisions of a reviewer, and how many of them were made blind."""

    who: str
    decisions: int
    blind: int


class PairAgreement(TypedDict):
    """Two reviewers on the images both have seen; kappa is None where it is undefined."""

    first: str
    second: str
    images: int
    agreed: int
    kappa: float | None


ClassAgreement = TypedDict("ClassAgreement", {"class": str, "images": int, "kappa": float | None})
"""A class against the rest, on the images that anybody gave it."""


class SelfAgreement(TypedDict):
    """A reviewer with themselves, from what they were shown again."""

    who: str
    checks: int
    agreed: int
    kappa: float | None


class AgreementReport(TypedDict):
    """Agreement of all reviewers.

    Attributes:
        pairs: of those who have images in common.
        images: seen by all of two or more reviewers; `method` is "cohen", "fleiss" or "", `kappa` that of all.
        disagreements: images still open.
    """

    reviewers: list[ReviewerNumbers]
    pairs: list[PairAgreement]
    images: int
    method: str
    kappa: float | None
    classes: list[ClassAgreement]
    disagreements: int
    self_checks: list[SelfAgreement]


def agreement_report(entries: pd.DataFrame) -> AgreementReport:
    """Agreement of all reviewers of a journal: `agreement` of what they said.

    Args:
        entries: all of it, `Journal.decisions(active_only=False)`.
    """
    return agreement(label_verdicts(entries))


def agreement(table: pd.DataFrame) -> AgreementReport:
    """Agreement of all reviewers.

    Args:
        table: from `verdicts.label_verdicts`.

    Returns:
        JSON-ready.
    """
    wide = ratings(table)
    names = [str(name) for name in wide.columns]
    common = wide.dropna()
    own = table[table["mode"] == ""]
    kinds = [*ordered_classes({*own["verdict"]} - {DELETE, AMBIGUOUS}), AMBIGUOUS, DELETE]
    return {
        "reviewers": [
            {
                "who": name,
                "decisions": int(wide[name].notna().sum()),
                "blind": int(own.loc[own["who"] == name, "blind"].sum()),
            }
            for name in names
        ],
        "pairs": [pair for a, b in combinations(names, 2) if (pair := _pair(wide, a, b))["images"]],
        "images": len(common) if len(names) > 1 else 0,
        "method": "" if len(names) < 2 else "cohen" if len(names) == 2 else "fleiss",
        "kappa": _kappa(common),
        "classes": _per_class(common, kinds),
        "disagreements": len(disagreements(table)),
        "self_checks": self_checks(table),
    }


def _pair(wide: pd.DataFrame, first: str, second: str) -> PairAgreement:
    both = wide[[first, second]].dropna()
    return {
        "first": first,
        "second": second,
        "images": len(both),
        "agreed": int((both[first] == both[second]).sum()),
        "kappa": cohen(both[first].tolist(), both[second].tolist()),
    }


def _kappa(common: pd.DataFrame) -> float | None:
    """Of the images that all reviewers saw."""
    if common.shape[1] < 2:
        return None
    values = common.to_numpy(dtype=str)
    if values.shape[1] == 2:
        return cohen(values[:, 0].tolist(), values[:, 1].tolist())
    names = np.unique(values)
    return fleiss((values[:, :, None] == names).sum(axis=1))


def _per_class(common: pd.DataFrame, names: Sequence[str]) -> list[ClassAgreement]:
    if common.shape[1] < 2:
        return []
    rows: list[ClassAgreement] = []
    for name in names:
        given = common == name
        images = int(given.any(axis=1).sum())
        if images:
            rows.append({"class": name, "images": images, "kappa": _kappa(given.astype(str))})
    return rows


def self_checks(table: pd.DataFrame) -> list[SelfAgreement]:
    """Each reviewer with themselves, from what they were shown again: who, checks, agreed, kappa.

    Args:
        table: from `verdicts.label_verdicts`.
    """
    if not (table["mode"] == "self_check").any():
        return []
    first = table.set_index("key")["verdict"]
    again = table[(table["mode"] == "self_check") & table["check_of"].isin(first.index)]
    result: list[SelfAgreement] = []
    for who, rows in again.groupby("who", sort=True):
        before, after = first.reindex(rows["check_of"]).tolist(), rows["verdict"].tolist()
        agreed = sum(a == b for a, b in zip(before, after, strict=True))
        result.append({"who": str(who), "checks": len(rows), "agreed": agreed, "kappa": cohen(before, after)})
    return result
