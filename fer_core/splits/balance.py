"""Sizes of splits and classes against what they should be, and whether the class mix differs between splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from fer_core.base.emotions import SPLITS, UNASSIGNED
from fer_core.base.statistics import chi2_p_value

BalanceLevel = Literal["good", "warn", "bad"]
TOLERANCE = 2.0
"""Percentage points by which a split may miss its target and still be called good."""
EVEN_RATIO, UNEVEN_RATIO = 1.25, 1.5
"""Largest class over smallest, up to which a split counts as balanced, and from which it does not."""
EVEN_POINTS = 5.0
"""Percentage points by which a class may miss an even share."""
_SURE = 0.01
DRIFT_SMALL, DRIFT_LARGE = 0.05, 0.1
"""Cramér's V of class against split: below the first there is no drift to speak of, from the second it is strong."""
DRIFT_WORDS: dict[BalanceLevel, str] = {"good": "no drift", "warn": "drift", "bad": "strong drift"}
SMALL = 500
"""Images below which a split cannot rank models: at 82 % the 95 % interval is wider than 3.4 points each way."""


def split_shares(counted: pd.DataFrame, target: Sequence[float] = (80, 10, 10)) -> pd.DataFrame:
    """Share of every split against its target.

    Args:
        counted: images per split (index) and class (columns), as `data.manifest.counts`.
        target: percent for train, val and test.

    Returns:
        Index split; columns images (int64), share (0..1), target (0..1, NaN for a split without one), verdict
        (good, warn or bad) and words for it.
    """
    images = counted.sum(axis=1)
    wanted = pd.Series(dict(zip(SPLITS, np.asarray(target, float) / 100, strict=True)))
    table = pd.DataFrame({"images": images.astype("int64"), "share": images / max(int(images.sum()), 1)})
    table["target"] = wanted.reindex(table.index)
    judged = [_verdict(row["share"], row["target"], int(row["images"])) for _, row in table.iterrows()]
    table["verdict"] = [verdict for verdict, _ in judged]
    table["words"] = [words for _, words in judged]
    return table


def _verdict(share: float, target: float, images: int) -> tuple[str, str]:
    if np.isnan(target):
        return "warn", "no target"
    off = 100 * (share - target)
    if abs(off) <= TOLERANCE:
        return ("warn", "few images") if images < SMALL and target < 0.5 else ("good", "on target")
    words = f"{abs(off):.1f} points too {'many' if off > 0 else 'few'}"
    return ("warn" if abs(off) <= 3 * TOLERANCE else "bad"), words


def class_balance(counted: pd.DataFrame) -> pd.DataFrame:
    """Images per class against an even share, from images per split (index) and class (columns).

    Returns:
        Index class; columns images (int64), share (0..1), ideal (0..1: one over the number of classes) and weight:
        the class weight that balances them, n / (classes * images), as scikit-learn's `compute_class_weight`.
    """
    images = counted.sum(axis=0).astype("int64")
    total = max(int(images.sum()), 1)
    table = pd.DataFrame({"images": images, "share": images / total})
    table["ideal"] = 1 / max(len(images), 1)
    table["weight"] = total / (max(len(images), 1) * images.clip(lower=1))
    return table


def share_verdict(share: float, ideal: float) -> str:
    """What a class's share (0..1) is against an even one: "within 5 points", "low" or "high"."""
    off = round(100 * (share - ideal), 6)  # 30 % against 25 % is 5 points, not 4.999999999999999
    return f"within {EVEN_POINTS:g} points" if abs(off) <= EVEN_POINTS else "low" if off < 0 else "high"


def drift_level(cramers_v: float) -> BalanceLevel:
    """What a Cramér's V of class against split means; `DRIFT_WORDS` has the words."""
    return "good" if cramers_v < DRIFT_SMALL else "warn" if cramers_v < DRIFT_LARGE else "bad"


def drift(counted: pd.DataFrame) -> dict[str, float] | None:
    """Pearson's chi-square test of class against split, with Cramér's V (0..1) as its effect size.

    Args:
        counted: images per split (index) and class (columns); images in no split do not count.

    Returns:
        chi2, dof, p and cramers_v; None where there are fewer than two splits or two classes.
    """
    table = counted.drop(index=UNASSIGNED, errors="ignore")
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    if min(table.shape, default=0) < 2:
        return None
    # As scipy.stats.chi2_contingency, whose import alone would take a third of a page's first draw.
    observed = table.to_numpy().astype(np.float64)
    total = observed.sum()
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / total
    chi2 = float(((observed - expected) ** 2 / expected).sum())
    dof = (table.shape[0] - 1) * (table.shape[1] - 1)
    return {
        "chi2": chi2,
        "dof": dof,
        "p": chi2_p_value(chi2, dof),
        "cramers_v": float(np.sqrt(chi2 / (total * (min(table.shape) - 1)))),
    }


def class_mix(counted: pd.DataFrame) -> pd.DataFrame:
    """How even the classes of every split are.

    Args:
        counted: images per split (index) and class (columns).

    Returns:
        Index split, without images in no split; columns ratio (images of the largest class over those of the
        smallest, infinite where one is missing), largest and smallest (classes), p (of Pearson's chi-square test
        against even classes) and mix: "balanced" (ratio up to `EVEN_RATIO`, or below `UNEVEN_RATIO` and no more than
        chance makes it), "nearly" (up to `UNEVEN_RATIO`), "uneven" (beyond, and not by chance), or "unclear" (beyond,
        but too few images to tell).
    """
    table = counted.drop(index=UNASSIGNED, errors="ignore")
    table = table.loc[table.sum(axis=1) > 0]
    rows = []
    for _, row in table.iterrows():
        images = row.to_numpy(np.float64)
        expected = images.mean()
        p = (
            chi2_p_value(float(((images - expected) ** 2 / expected).sum()), len(images) - 1)
            if len(images) > 1
            else 1.0
        )
        ratio = float(images.max() / images.min()) if images.min() > 0 else float("inf")
        by_chance = p >= _SURE
        if ratio <= EVEN_RATIO or (by_chance and ratio < UNEVEN_RATIO):
            mix = "balanced"
        elif ratio < UNEVEN_RATIO:
            mix = "nearly"
        else:
            mix = "unclear" if by_chance else "uneven"
        rows.append((ratio, str(row.idxmax()), str(row.idxmin()), p, mix))
    return pd.DataFrame(rows, index=table.index, columns=["ratio", "largest", "smallest", "p", "mix"])


def callouts(counted: pd.DataFrame) -> list[str]:
    """What the class mix of the splits does to training and testing, one sentence each.

    Said where a split that a model learns from is balanced and one that judges it is not, or the other way round:
    merging more data into train alone does that.
    """
    mix = class_mix(counted)
    if "train" not in mix.index or len(counted.columns) < 2:
        return []
    rows = {str(row["split"]): row for row in mix.rename_axis("split").reset_index().to_dict("records")}
    train, said = rows.pop("train"), []
    for split, other in rows.items():
        if train["mix"] == "balanced" and other["mix"] == "uneven":
            said.append(
                f"train is balanced, {split} is not ({_ratio(other)}): accuracy on {split} mostly counts "
                f"{other['largest']}, and what a balanced train teaches is not what {split} asks."
            )
        elif train["mix"] in ("uneven", "nearly") and other["mix"] == "balanced":
            said.append(
                f"{split} is balanced, train is not ({_ratio(train)}): a model learns to expect {train['largest']} "
                f"more often than {split} shows it. Weight the classes, or balance train."
            )
    return said


def _ratio(row: Mapping[Any, Any]) -> str:
    if np.isinf(row["ratio"]):
        return f"no {row['smallest']}"
    return f"{row['largest']} {row['ratio']:.1f} times {row['smallest']}"
