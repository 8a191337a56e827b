"""A ranking that carries over to a later version: rows of images whose picture, label and copies are what they were stay.

The model that ships judges each picture on its own, so where its word alone counts ("trusted"), what changed is judged anew,
as ranking everything again would judge it. Every other model has learned from all labels: its probabilities are kept as they
are, the scores of changed labels follow from them, and new pictures are not ranked until somebody ranks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fer_core.data.manifest import classes, readable
from fer_core.duplicates.near import stored_near_groups
from fer_core.mislabels.pool import logs
from fer_core.splits.groups import given_groups, joined_groups

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

AT_ONCE_UP_TO = 1_000
"""Pictures to judge anew that a page waits for, a few seconds; more are judged by a job."""


def groups_of(dataset: Dataset, version: str, progress: ProgressFn | None = None) -> np.ndarray:
    """Of each readable image in manifest order: images of equal value are copies and never judge each other."""
    near = stored_near_groups(dataset, version, progress=progress)
    table = readable(dataset.manifest(version))
    return joined_groups(table, given_groups(table, [] if near is None else [near]))


def carried(
    dataset: Dataset,
    version: str,
    before: str,
    ranking: pd.DataFrame,
    votes: pd.DataFrame | None = None,
    progress: ProgressFn | None = None,
    most: int | None = None,
) -> pd.DataFrame | None:
    """The ranking of an earlier version as that of a later one.

    Args:
        dataset, version, before: whose versions, ids of the later and the earlier one.
        ranking: of `before`.
        votes: people's votes on the later one, as `mislabels.rank`.
        progress: told (done, total, what).
        most: pictures that may be judged anew; None for any number.

    Returns:
        Columns as `mislabels.rank`; `attrs["about"]["carried"]`: version and number it is from (of other models: whose
        probabilities they are), images it has (`of`), judged anew, rescored (only their score, as their label or that of a
        copy changed), unranked (readable images without a row). None where it cannot be carried: other classes, a ranking
        of an older program, or more to judge than `most`.
    """
    from fer_core.mislabels import scores  # cleanlab and SciPy's solvers: only where a ranking is made

    names = classes(dataset.manifest(version))
    if names != classes(dataset.manifest(before)) or "told" not in ranking:
        return None
    table, copies, same, stays = _compared(dataset, version, before, names, progress)
    ranked = pd.Index(ranking["image_id"]).get_indexer(table["image_id"])
    stays &= (kept := same & (ranked >= 0))
    chances = ranking[[f"p_{name}" for name in names]].to_numpy(np.float64)[ranked]
    chances[~kept] = np.nan
    told = kept & ranking["told"].to_numpy(bool)[ranked]
    said, about = _votes(votes, table, names), dict(ranking.attrs["about"])
    labels = table["label"].map({name: i for i, name in enumerate(names)}).to_numpy(np.int64)
    anew = np.zeros(len(table), dtype=bool)
    alone = about["kind"] == "emotions" and about["trusted"]
    if alone:
        asked = ~same | (told & ~stays)
        if most is not None and asked.sum() > most:
            return None
        anew, model = _asked(dataset, version, table, asked, progress)
        chances[anew] = scores.combined(
            logs(model[anew]), copies[anew], np.eye(len(names))[labels[anew]], said[anew]
        )
        told = (told & ~asked) | anew
    has = np.isfinite(chances).all(axis=1)
    fresh = _scored(table, names, labels, groups_of(dataset, version, progress), chances, copies, said, told)
    result = _put_back(fresh, ranking, table["image_id"][stays])
    result.attrs = dict(ranking.attrs)
    source = dataset.version(before if alone else about.get("carried", {}).get("version", before))
    about["carried"] = {
        "version": source.id, "number": source.number, "of": len(result), "anew": int(anew.sum()),
        "rescored": int((has & ~stays & ~anew).sum()), "unranked": int((~has).sum()),
    }  # fmt: skip
    _tell(result, about, len(table), int((told & has).sum()))
    return result


def _scored(
    table: pd.DataFrame,
    names: tuple[str, ...],
    labels: np.ndarray,
    groups: np.ndarray,
    chances: np.ndarray,
    copies: np.ndarray,
    votes: np.ndarray,
    told: np.ndarray,
) -> pd.DataFrame:
    """The ranking that follows from probabilities, of the images that have them."""
    from fer_core.mislabels import scores

    has = np.isfinite(chances).all(axis=1)
    unseen = np.full((int(has.sum()), len(names)), np.nan)
    known = scores.Opinions(chances[has], unseen, copies[has], votes[has], chances[has], told[has])
    apart = np.unique(groups[has], return_inverse=True)[1]
    return scores.ranking(table[has].reset_index(drop=True), names, labels[has], apart, known)


def _tell(result: pd.DataFrame, about: Mapping[str, Any], images: int, told: int) -> None:
    """Keep with a ranking how it was made, of so many images, so many judged by the model itself."""
    known = {**about, "images": images, "judged": len(result), "told": told}
    if about["kind"] == "emotions":
        known["learned"] = len(result) - told - about["unknown"]
    result.attrs |= {"told": told, "about": known}


def _compared(
    dataset: Dataset, version: str, before: str, names: tuple[str, ...], progress: ProgressFn | None
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """The readable rows of a version with the labels of their copies, and which of them have the same picture as before, and
    which also the same label and the same labels of copies; bool (n,)."""
    table, copies = _with_copies(dataset, version, names, progress)
    old, old_copies = _with_copies(dataset, before, names, progress)
    place = pd.Index(old["image_id"]).get_indexer(table["image_id"])
    same = (place >= 0) & (old["pixel_hash"].to_numpy()[place] == table["pixel_hash"].to_numpy())
    stays = same & (old["label"].to_numpy()[place] == table["label"].to_numpy())
    return table, copies, same, stays & (old_copies[place] == copies).all(axis=1)


def _votes(votes: pd.DataFrame | None, table: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    if votes is None:
        return np.zeros((len(table), len(names)))
    given: np.ndarray = np.nan_to_num(votes[list(names)].reindex(table["image_id"]).to_numpy(np.float64))
    return given


def _with_copies(
    dataset: Dataset,
    version: str,
    names: tuple[str, ...],
    progress: ProgressFn | None,
) -> tuple[pd.DataFrame, np.ndarray]:
    """The readable rows, and how many copies of each carry each label, float64 (n, classes)."""
    from fer_core.mislabels.scores import other_labels_of_group

    table = readable(dataset.manifest(version)).reset_index(drop=True)
    own = (table["label"].to_numpy()[:, None] == np.array(names, dtype=object)).astype(np.float64)
    return table, other_labels_of_group(
        own, np.unique(groups_of(dataset, version, progress), return_inverse=True)[1]
    )


def _asked(
    dataset: Dataset, version: str, table: pd.DataFrame, asked: np.ndarray, progress: ProgressFn | None
) -> tuple[np.ndarray, np.ndarray]:
    """Which of these images the model that ships answered, bool (n,), and what: float64 (n, classes), NaN elsewhere."""
    from fer_core.mislabels import emotions

    model = np.full((len(table), len(classes(dataset.manifest(version)))), np.nan)
    if asked.any():
        answer = emotions.judge_images(dataset, version, progress, images=table["image_id"][asked])
        model[asked] = answer.probabilities.reindex(table["image_id"][asked]).to_numpy(np.float64)
    return np.isfinite(model).all(axis=1), model


def _put_back(fresh: pd.DataFrame, ranking: pd.DataFrame, stays: pd.Series) -> pd.DataFrame:
    """The rows that stay as they were, but for where they are now; in order."""
    where = ["image_id", "path", "split"]
    old = (
        ranking[ranking["image_id"].isin(stays)]
        .drop(columns=["path", "split"])
        .merge(fresh[where], on="image_id")
    )
    new = fresh[~fresh["image_id"].isin(stays)]
    both = pd.concat([old, new], ignore_index=True)[list(fresh)] if len(new) else old[list(fresh)]
    return both.sort_values(["score", "path"], kind="stable").reset_index(drop=True)
