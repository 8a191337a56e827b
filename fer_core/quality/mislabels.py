"""Which labels are likely wrong: every image ranked, worst first, with a suggestion and the reason.

Three opinions are combined: a quick model that has not seen the picture or any copy of it (a copy among what it
learned from would hide its own wrong label), the labels of the nearest faces, and the labels of equal pictures. The
score is cleanlab's label quality (self-confidence, Northcutt et al. 2021) of the combined probabilities.

    table = rank(dataset.manifest(), dataset.pixels())
    likely_wrong(table)[["path", "label", "suggested", "why"]].head()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fer_core.data.records import classes, readable
from fer_core.errors import FerError, TooFewImages

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset
    from fer_core.jobs import ProgressFn

METHODS = ("quick",)
MIN_PICTURES = 12
"""Different pictures below which no model can judge a label."""


def rank(
    manifest: pd.DataFrame,
    pixels: np.ndarray,
    method: str = "quick",
    seed: int = 0,
    groups: np.ndarray | None = None,
    progress: ProgressFn | None = None,
) -> pd.DataFrame:
    """Every readable image, the label that is most likely wrong first.

    Args:
        manifest: a version.
        pixels: uint8 (rows, 48, 48) gray, indexed by the manifest's `row`.
        method: "quick".
        seed: of everything random in the model.
        groups: of each readable image, in manifest order: images of equal value never judge each other. By default
            equal pictures are a group.
        progress: told (done, total, what).

    Returns:
        columns image_id, path, split, label, suggested (the likeliest class), score (float64, 0..1, low is bad),
        p_<class> (probabilities out of fold), likely_wrong (bool), why (a sentence fragment).

    Raises:
        FerError: an unknown method.
        TooFewImages: fewer than two classes with at least two pictures, or fewer than 12 pictures.
    """
    if method not in METHODS:
        raise FerError("method must be one of {" + ", ".join(METHODS) + "}", received=method)
    table = readable(manifest).reset_index(drop=True)
    names = classes(manifest)
    sizes = table.groupby("label")["pixel_hash"].nunique()
    if (sizes >= 2).sum() < 2:
        raise TooFewImages(
            "Wrong labels are found by comparing classes: at least two need two different pictures each",
            received=", ".join(f"{name}: {sizes[name]}" for name in names) or "no images",
        )
    if table["pixel_hash"].nunique() < MIN_PICTURES:
        hint = f"At least {MIN_PICTURES} different pictures are needed"
        raise TooFewImages("There are too few images to judge labels", received=len(table), hint=hint)
    from fer_core.quality import label_scores  # cleanlab and SciPy's solvers: only where a ranking is made

    labels = table["label"].map({name: i for i, name in enumerate(names)}).to_numpy(np.int64)
    pictures = np.unique(table["pixel_hash"].to_numpy(str), return_inverse=True)[1]
    apart = pictures if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    faces = pixels[table["row"].to_numpy()]
    known = label_scores.opinions(faces, labels, len(names), pictures, apart, seed, progress)
    return label_scores.ranking(table, names, labels, apart, known)


def likely_wrong(ranking: pd.DataFrame) -> pd.DataFrame:
    """The rows of a ranking whose label is probably wrong, worst first."""
    return ranking[ranking["likely_wrong"]]


def summary(ranking: pd.DataFrame) -> dict[str, Any]:
    """`likely_wrong` (int) and `pairs`: [{label, suggested, images}] of those, the largest first."""
    wrong = likely_wrong(ranking)
    pairs = wrong.groupby(["label", "suggested"]).size().reset_index(name="images")
    pairs = pairs.sort_values("images", ascending=False, kind="stable")
    listed = pairs.to_dict("records")
    return {"likely_wrong": len(wrong), "pairs": listed}


def ranking_path(dataset: Dataset, version: str, method: str = "quick", seed: int = 0) -> Path:
    """Where the ranking of a version (by id) is kept."""
    return dataset.quality_dir / f"mislabels-{version}-{method}-{seed}.parquet"


def save(dataset: Dataset, version: str, method: str, ranking: pd.DataFrame, seed: int = 0) -> None:
    """Keep a ranking with its dataset; a reader sees the old one or the new one whole."""
    path = ranking_path(dataset, version, method, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{id(ranking):x}.tmp")
    try:
        ranking.to_parquet(temporary, index=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(dataset: Dataset, version: str, method: str = "quick", seed: int = 0) -> pd.DataFrame | None:
    """The ranking kept for a version, or None where there is none or its file is damaged."""
    path = ranking_path(dataset, version, method, seed)
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        return None
