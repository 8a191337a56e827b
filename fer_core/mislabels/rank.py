"""Which labels are likely wrong: every image ranked, worst first, with a suggestion and the reason.

Several opinions are combined: a model that has not seen the picture or any copy of it (a copy among what it learned
from would hide its own wrong label), the labels of the nearest faces, the labels of its copies, and people's votes
where there are any. The model is a quick one that is made here, unless probabilities of another one are given. The
score says how likely the label is right: what the picture looks like, and how labels go wrong in this set, as
confident learning counts it (`noise`).

    table = rank(dataset.manifest(), dataset.pixels())
    likely_wrong(table)[["path", "label", "suggested", "why"]].head()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.base.errors import TooFewImages
from fer_core.data.manifest import classes, readable

if TYPE_CHECKING:
    from fer_core.explore.features import Features
    from fer_core.jobs.reporter import ProgressFn

MIN_PICTURES = 12
"""Different pictures below which no model can judge a label."""


def rank(
    manifest: pd.DataFrame,
    pixels: np.ndarray,
    given: pd.DataFrame | None = None,
    seed: int = 0,
    groups: np.ndarray | None = None,
    votes: pd.DataFrame | None = None,
    progress: ProgressFn | None = None,
    sight: Features | None = None,
) -> pd.DataFrame:
    """Every readable image, the label that is most likely wrong first.

    Args:
        manifest: a version.
        pixels: uint8 (rows, 48, 48) gray, indexed by the manifest's `row`.
        given: probabilities of a model that has not seen the images it judges: index image_id, columns the classes,
            rows sum to 1. Only the images it judges are ranked. None: the quick model judges all.
        seed: of everything random in the quick model.
        groups: of each readable image, in manifest order: images of equal value never judge each other, but as
            copies. By default equal pictures are a group.
        votes: people's votes: index image_id, columns the classes.
        progress: told (done, total, what).
        sight: what the model of `given` sees in each readable image, in manifest order, NaN where it was not asked: then
            the quick model judges the rest, and all are ranked.

    Returns:
        columns image_id, path, split, label, suggested (the likeliest class), score (float64, 0..1, low is bad),
        given_p and suggested_p (probabilities of the label and of the suggestion), p_<class> (probabilities out of
        sample), votes (int64 (classes,), where there are any), issue (bool: among cleanlab's candidates, or most people
        say another class), ambiguous (bool: no class has more than half of the probability, or of the votes),
        likely_wrong (bool: an issue that is not ambiguous), told (bool: judged by the model of `given`, or by the quick
        one where that is the only one), why (a sentence fragment). `attrs["weights"]` holds the weight of each opinion,
        `attrs["told"]` how many images the model of `given` judged.

    Raises:
        TooFewImages: fewer than two classes with at least two pictures, or fewer than 12 pictures.
    """
    table = readable(manifest).reset_index(drop=True)
    names = classes(manifest)
    _check(table, names)
    from fer_core.mislabels import scores  # cleanlab and SciPy's solvers: only where a ranking is made

    labels = table["label"].map({name: i for i, name in enumerate(names)}).to_numpy(np.int64)
    pictures = np.unique(table["pixel_hash"].to_numpy(str), return_inverse=True)[1]
    apart = pictures if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    known = scores.opinions(
        pixels[table["row"].to_numpy()],
        labels,
        len(names),
        pictures,
        apart,
        seed,
        progress,
        None if given is None else _of(table, given, names),
        None if votes is None else np.nan_to_num(_of(table, votes, names)),
        sight,
    )
    return scores.ranking(table, names, labels, apart, known)


def _of(table: pd.DataFrame, values: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """float64 (n, classes), NaN where an image has none."""
    return values[list(names)].reindex(table["image_id"]).to_numpy(np.float64)


def _check(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    sizes = table.groupby("label")["pixel_hash"].nunique()
    if (sizes >= 2).sum() < 2:
        raise TooFewImages(
            "Wrong labels are found by comparing classes: at least two need two different pictures each",
            received=", ".join(f"{name}: {sizes[name]}" for name in names) or "no images",
        )
    if table["pixel_hash"].nunique() < MIN_PICTURES:
        hint = f"At least {MIN_PICTURES} different pictures are needed"
        raise TooFewImages("There are too few images to judge labels", received=len(table), hint=hint)
