"""Quality checks of single pictures, in cleanvision's meaning: a score in 0..1 (low is bad) and a flag each.

    table = run_checks(dataset)
    table[table["is_dark_issue"]].sort_values("dark_score")

Scores, thresholds and column names are those of cleanvision 0.3 (Apache-2.0). Two things differ: a picture
whose channels are equal is gray, however it is stored; and gray pictures are flagged only among colour ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data.dataset import Dataset
from fer_core.data.records import readable
from fer_core.jobs import ProgressFn
from fer_core.quality.checks_store import measures

Scores = NDArray[np.float64]
_IQRS = 3.0
_BLUR_SCALE = 0.01
_LEVELS_FROM = 0.18  # below this an uneven histogram does not speak against blur


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: fixed; columns are `is_<name>_issue` and `<name>_score`.
        title: for people.
        words: what is flagged.
        threshold: scores below it are flagged.
        score: scores of all rows, float64 (n,), from the readable rows and their measures.
    """

    name: str
    title: str
    words: str
    threshold: float
    score: Callable[[pd.DataFrame, pd.DataFrame], Scores]


def _dark(rows: pd.DataFrame, raw: pd.DataFrame) -> Scores:
    return raw["brightness_p99"].to_numpy()


def _light(rows: pd.DataFrame, raw: pd.DataFrame) -> Scores:
    return 1 - raw["brightness_p5"].to_numpy()


def _low_information(rows: pd.DataFrame, raw: pd.DataFrame) -> Scores:
    return np.minimum(raw["entropy"].to_numpy() / 10, 1)


def _blurry(rows: pd.DataFrame, raw: pd.DataFrame) -> Scores:
    sharp = 1 - np.exp(-_BLUR_SCALE * raw["edges"].to_numpy())
    uneven = 1 - np.exp(-_BLUR_SCALE * raw["histogram_std"].to_numpy())
    return np.minimum(sharp + np.where(uneven <= _LEVELS_FROM, 0, uneven), 1)


def _odd_aspect_ratio(rows: pd.DataFrame, raw: pd.DataFrame) -> Scores:
    width, height = rows["width"].to_numpy(np.float64), rows["height"].to_numpy(np.float64)
    return np.minimum(width / height, height / width)


def _odd_size(rows: pd.DataFrame, raw: pd.DataFrame) -> Scores:
    """Distance of the side from the middle of the usual ones; .5 is three interquartile ranges off."""
    if not len(rows):
        return np.zeros(0)
    side = np.sqrt(rows["width"].to_numpy(np.float64)) * np.sqrt(rows["height"].to_numpy(np.float64))
    quarter, three = np.percentile(side, (25, 75))
    low, high = quarter - _IQRS * (three - quarter), three + _IQRS * (three - quarter)
    middle, gap = (low + high) / 2, high - low
    if gap > 0:
        score: Scores = 1 - np.clip(np.abs(side - middle) / gap, 0, 1)
        return score
    # All usual sizes are equal: any other is odd. cleanvision says the same with a threshold of 1.
    off = 1 - np.clip(np.abs(side - middle) / middle, 0, 1)
    return np.where(side == middle, 1.0, off * 0.499)


def _grayscale(rows: pd.DataFrame, raw: pd.DataFrame) -> Scores:
    gray = (rows["mode"] == "gray").to_numpy()
    return np.where(gray & (gray.mean() < 0.5), 0.0, 1.0) if len(rows) else np.zeros(0)


CHECKS: tuple[Check, ...] = (
    Check("dark", "Dark", "even the brightest parts are dark", 0.32, _dark),
    Check("light", "Bright", "even the darkest parts are bright", 0.05, _light),
    Check("blurry", "Blurry", "few edges", 0.29, _blurry),
    Check("low_information", "Low information", "blank, or of few gray levels", 0.3, _low_information),
    Check("odd_size", "Odd size", "far from the usual size", 0.5, _odd_size),
    Check(
        "odd_aspect_ratio", "Odd aspect ratio", "much wider or taller than a square", 0.35, _odd_aspect_ratio
    ),
    Check("grayscale", "Gray among colour", "without colour where most have it", 0.5, _grayscale),
)


def run_checks(
    dataset: Dataset, version: str | None = None, progress: ProgressFn | None = None
) -> pd.DataFrame:
    """All checks on the readable images of a version. What is measured is kept; the next call is quick.

    Args:
        dataset: the dataset.
        version: id, start of an id or number; None for the newest.
        progress: told how many pictures are measured.

    Returns:
        Index image_id; for each check `<name>_score` (float64, 0..1, low is bad, NaN where the file is gone and
        its pixels are needed) and `is_<name>_issue` (bool).
    """
    rows = readable(dataset.manifest(version))
    return score(rows, measures(dataset, rows, progress))


def score(rows: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """`run_checks` of readable rows whose measures (`checks_measure.MEASURES`) are known, in the same order."""
    table: dict[str, Any] = {}
    for check in CHECKS:
        found = check.score(rows, raw)
        table[f"{check.name}_score"] = found
        table[f"is_{check.name}_issue"] = found < check.threshold
    return pd.DataFrame(table, index=pd.Index(rows["image_id"], name="image_id"))


def summary(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Check -> flagged (images), threshold, mean_score, missing (images that could not be measured); JSON-ready."""
    return {
        check.name: {
            "flagged": int(table[f"is_{check.name}_issue"].sum()),
            "threshold": check.threshold,
            "mean_score": float(table[f"{check.name}_score"].mean()) if len(table) else None,
            "missing": int(table[f"{check.name}_score"].isna().sum()),
        }
        for check in CHECKS
    }
