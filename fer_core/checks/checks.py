"""Quality checks of single pictures, in cleanvision's meaning: a score in 0..1 (low is bad) and a flag each.

    table = run_checks(dataset)
    table[table["is_dark_issue"]].sort_values("dark_score")

Scores, thresholds and column names are those of cleanvision 0.3 (Apache-2.0), `no_face` apart, which is ours. Two things
differ: a picture whose channels are equal is gray, however it is stored; and gray pictures are flagged only among colour ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.arrays import Floats
from fer_core.checks.face import EVEN_SHARE
from fer_core.checks.store import measure_images
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.jobs.reporter import ProgressFn

WORST = 5
"""Flagged images that are named of each check."""
BLANK_CONTRAST = 0.02
"""Standard deviation of gray levels (0..1) below which a picture shows nothing."""
FEW = 0.01
"""Share of a set below which flagged pictures are worth a look, but no fault of the set."""
_IQRS = 3.0
_BLUR_SCALE = 0.01
_LEVELS_FROM = 0.18  # below this an uneven histogram does not speak against blur


@dataclass(frozen=True)
class ImageCheck:
    """One check.

    Attributes:
        name: fixed; columns are `is_<name>_issue` and `<name>_score`.
        title: for people.
        description: what is flagged.
        threshold: scores below it are flagged.
        score: scores of all rows, float64 (n,), from the readable rows and their measures.
    """

    name: str
    title: str
    description: str
    threshold: float
    score: Callable[[pd.DataFrame, pd.DataFrame], Floats]


def _dark(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    return raw["brightness_p99"].to_numpy()


def _light(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    return 1 - raw["brightness_p5"].to_numpy()


def _low_information(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    return np.minimum(raw["entropy"].to_numpy() / 10, 1)


def _blurry(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    sharp = 1 - np.exp(-_BLUR_SCALE * raw["edges"].to_numpy())
    uneven = 1 - np.exp(-_BLUR_SCALE * raw["histogram_std"].to_numpy())
    return np.asarray(np.minimum(sharp + np.where(uneven <= _LEVELS_FROM, 0, uneven), 1))


def _no_face(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    return 1 - raw["even_without_face"].to_numpy()


def _odd_aspect_ratio(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    width, height = rows["width"].to_numpy(np.float64), rows["height"].to_numpy(np.float64)
    return np.asarray(np.minimum(width / height, height / width))


def _odd_size(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    """How usual each picture's size is among those of its source: merged sets differ in size as wholes."""
    side = np.sqrt(rows["width"].to_numpy(np.float64)) * np.sqrt(rows["height"].to_numpy(np.float64))
    score = np.zeros(len(rows))
    for rows_of_source in rows.groupby("source").indices.values():
        score[rows_of_source] = _closeness_to_usual(side[rows_of_source])
    return score


def _closeness_to_usual(side: Floats) -> Floats:
    """Distance of each side from the middle of the usual ones, 0..1; .5 is three interquartile ranges off."""
    quarter, three = np.percentile(side, (25, 75))
    low, high = quarter - _IQRS * (three - quarter), three + _IQRS * (three - quarter)
    middle, gap = (low + high) / 2, high - low
    if gap > 0:
        score: Floats = 1 - np.clip(np.abs(side - middle) / gap, 0, 1)
        return score
    # All usual sizes are equal: any other is odd. cleanvision says the same with a threshold of 1.
    off = 1 - np.clip(np.abs(side - middle) / middle, 0, 1)
    return np.where(side == middle, 1.0, off * 0.499)


def _grayscale(rows: pd.DataFrame, raw: pd.DataFrame) -> Floats:
    gray = (rows["mode"] == "gray").to_numpy()
    return np.where(gray & (gray.mean() < 0.5), 0.0, 1.0) if len(rows) else np.zeros(0)


CHECKS: tuple[ImageCheck, ...] = (
    ImageCheck("dark", "Dark", "even the brightest parts are dark", 0.32, _dark),
    ImageCheck("light", "Bright", "even the darkest parts are bright", 0.05, _light),
    ImageCheck("blurry", "Blurry", "few edges", 0.29, _blurry),
    ImageCheck("low_information", "Low information", "blank, or of few gray levels", 0.3, _low_information),
    ImageCheck(
        "no_face", "No face found", "much of it even, and no face found in it", 1 - EVEN_SHARE, _no_face
    ),
    ImageCheck("odd_size", "Odd size", "far from the usual size of its source", 0.5, _odd_size),
    ImageCheck(
        "odd_aspect_ratio", "Odd aspect ratio", "much wider or taller than a square", 0.35, _odd_aspect_ratio
    ),
    ImageCheck("grayscale", "Gray among colour", "without colour where most have it", 0.5, _grayscale),
)


def is_blank(manifest: pd.DataFrame) -> pd.Series:
    """bool per row: read, but of one even gray. Known from the import; nothing is measured."""
    return (manifest["error"] == "") & (manifest["contrast"] < BLANK_CONTRAST)


def severity(found: int, total: int) -> Literal["good", "warn", "bad"]:
    """What so many flagged pictures of a set mean."""
    return "good" if not found else "warn" if found / max(total, 1) < FEW else "bad"


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
    return score_checks(rows, measure_images(dataset, rows, progress))


def score_checks(rows: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """`run_checks` of readable rows whose measures (`store.COLUMNS`) are known, in the same order."""
    table: dict[str, NDArray[np.float64] | NDArray[np.bool_]] = {}
    for check in CHECKS:
        found = check.score(rows, raw)
        table[f"{check.name}_score"] = found
        table[f"is_{check.name}_issue"] = found < check.threshold
    return pd.DataFrame(table, index=pd.Index(rows["image_id"], name="image_id"))


class WorstImage(TypedDict):
    """A flagged image and its score."""

    image_id: str
    path: str
    score: float


def worst_images(table: pd.DataFrame, check: str, paths: Mapping[str, str]) -> list[WorstImage]:
    """The images a check flags, the lowest score first.

    Args:
        table: from `run_checks`.
        check: its name.
        paths: image_id -> path.
    """
    flagged = table.loc[table[f"is_{check}_issue"], f"{check}_score"].sort_values(kind="stable").head(WORST)
    return [WorstImage(image_id=str(i), path=paths[str(i)], score=float(s)) for i, s in flagged.items()]


class CheckSummary(TypedDict):
    """A check in numbers: images below the threshold, and images that could not be measured."""

    flagged: int
    threshold: float
    mean_score: float | None
    missing: int


def summary(table: pd.DataFrame) -> dict[str, CheckSummary]:
    """What each check found, JSON-ready."""
    return {
        check.name: {
            "flagged": int(table[f"is_{check.name}_issue"].sum()),
            "threshold": check.threshold,
            "mean_score": float(table[f"{check.name}_score"].mean()) if len(table) else None,
            "missing": int(table[f"{check.name}_score"].isna().sum()),
        }
        for check in CHECKS
    }
