"""Sizes of splits and classes against what they should be, and whether the class mix differs between splits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from fer_core.data.records import counts
from fer_core.emotions import SPLITS, UNASSIGNED

TOLERANCE = 2.0
"""Percentage points by which a split may miss its target and still be called good."""
SMALL = 500
"""Images below which a split cannot rank models: at 82 % the 95 % interval is wider than 3.4 points each way."""


def split_shares(manifest: pd.DataFrame, target: Sequence[float] = (80, 10, 10)) -> pd.DataFrame:
    """Share of every split against its target.

    Args:
        manifest: a version.
        target: percent for train, val and test.

    Returns:
        Index split; columns images (int64), share (0..1), target (0..1, NaN for a split without one), verdict
        (good, look or bad) and words for it.
    """
    images = counts(manifest).sum(axis=1)
    wanted = pd.Series(dict(zip(SPLITS, np.asarray(target, float) / 100, strict=True)))
    table = pd.DataFrame({"images": images.astype("int64"), "share": images / max(int(images.sum()), 1)})
    table["target"] = wanted.reindex(table.index)
    judged = [_verdict(row["share"], row["target"], int(row["images"])) for _, row in table.iterrows()]
    table["verdict"] = [verdict for verdict, _ in judged]
    table["words"] = [words for _, words in judged]
    return table


def _verdict(share: float, target: float, images: int) -> tuple[str, str]:
    if np.isnan(target):
        return "look", "no target"
    off = 100 * (share - target)
    if abs(off) <= TOLERANCE:
        return ("look", "few images") if images < SMALL and target < 0.5 else ("good", "on target")
    words = f"{abs(off):.1f} points too {'many' if off > 0 else 'few'}"
    return ("look" if abs(off) <= 3 * TOLERANCE else "bad"), words


def class_balance(manifest: pd.DataFrame) -> pd.DataFrame:
    """Images per class against an even share.

    Returns:
        Index class; columns images (int64), share (0..1), ideal (0..1: one over the number of classes) and weight:
        the class weight that balances them, n / (classes * images), as scikit-learn's `compute_class_weight`.
    """
    images = counts(manifest).sum(axis=0).astype("int64")
    total = max(int(images.sum()), 1)
    table = pd.DataFrame({"images": images, "share": images / total})
    table["ideal"] = 1 / max(len(images), 1)
    table["weight"] = total / (max(len(images), 1) * images.clip(lower=1))
    return table


def drift(manifest: pd.DataFrame) -> dict[str, float] | None:
    """Pearson's chi-square test of class against split, with Cramér's V (0..1) as its effect size.

    Images in no split do not count.

    Returns:
        chi2, dof, p and cramers_v; None where there are fewer than two splits or two classes.
    """
    table = counts(manifest).drop(index=UNASSIGNED, errors="ignore")
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
        "p": float(chdtrc(dof, chi2)),
        "cramers_v": float(np.sqrt(chi2 / (total * (min(table.shape) - 1)))),
    }
