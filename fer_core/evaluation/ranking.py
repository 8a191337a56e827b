"""Ranks on one common set of images: who is better beyond doubt, with seeds of one recipe as one.

found = rank(runs, "val", version)
found.places[("0041-compact",)]        # Place(rank=1, shared=True, accuracy=.853, low=.841, high=.865, sd=None)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.errors import FerError
from fer_core.evaluation import scores, significance
from fer_core.runs.run import Run


@dataclass(frozen=True)
class Place:
    """One entry among the others: accuracies are 0..1; sd is over its runs, None for a single one."""

    rank: int
    shared: bool
    accuracy: float
    low: float
    high: float
    sd: float | None = None


@dataclass(frozen=True)
class Ranking:
    """Ranks on a common set.

    Attributes:
        places: entry (ids of its runs) -> place.
        images: how many of them all were judged by.
        seen: images left out because one of the runs has learned from them.
        left_out: run -> why it is not ranked.
    """

    places: Mapping[tuple[str, ...], Place] = field(default_factory=dict)
    images: int = 0
    seen: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lineup:
    """Entries on the images that all of them can be judged by.

    Attributes:
        entries: ids of the runs of each.
        correct: share of an entry's runs that answer each image rightly, float32 (entries, images).
        groups: which picture each image shows; None where every image is a picture of its own.
        spread: deviation of the accuracy over the runs of each entry; None for a single run.
        seen, left_out: as in `Ranking`.
    """

    entries: tuple[tuple[str, ...], ...]
    correct: NDArray[np.float32]
    groups: NDArray[np.integer] | None = None
    spread: tuple[float | None, ...] = ()
    seen: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def images(self) -> int:
        return int(self.correct.shape[1])


def rank(
    entries: Sequence[Sequence[Run]], split: str, version: str, manifest: pd.DataFrame | None = None
) -> Ranking:
    """Rank entries by accuracy on the images of a split that none of them has learned from.

    Args:
        entries: runs; several in one entry are seeds of one recipe and count with their mean.
        split, version: of which every run has predictions.
        manifest: of the version, for its copies; None takes every image for itself.
    """
    found = line_up(entries, split, version, manifest)
    if not found.images:
        return Ranking(seen=found.seen, left_out=found.left_out)
    low, high = _intervals(found.correct, found.groups)
    ranks = significance.ranks(found.correct, found.groups)
    places = {
        name: Place(*ranks[i], float(found.correct[i].mean()), float(low[i]), float(high[i]), found.spread[i])
        for i, name in enumerate(found.entries)
    }
    return Ranking(places, found.images, found.seen, found.left_out)


def line_up(
    entries: Sequence[Sequence[Run]], split: str, version: str, manifest: pd.DataFrame | None = None
) -> Lineup:
    """Entries image by image; arguments as `rank`. What cannot be lined up is in `left_out`."""
    found: dict[str, scores.Answers] = {}
    left_out: dict[str, str] = {}
    for run in (run for entry in entries for run in entry):
        try:
            found[run.id] = scores.answers(run, split, version)
        except FerError as error:
            left_out[run.id] = str(error)
    if not found:
        return Lineup((), np.empty((0, 0), np.float32), left_out=left_out)
    usual = Counter(answer.order for answer in found.values()).most_common(1)[0][0]
    leader = next(
        run for entry in entries for run in entry if run.id in found and found[run.id].order == usual
    )
    ids = scores.predictions(leader, split, version)["image_id"]
    for run in (run for entry in entries for run in entry):
        if run.id in found and found[run.id].order != usual:
            aligned = _aligned(run, split, version, ids)
            if aligned is None:
                del found[run.id]
                left_out[run.id] = "Its predictions are for other images than those of the other runs"
            else:
                found[run.id] = aligned
    kept = {tuple(r.id for r in e if r.id in found): e for e in entries}
    names = tuple(name for name in kept if name)
    seen = np.zeros(len(ids), dtype=bool)
    for answer in found.values():
        seen |= answer.seen
    single = {run: answer.correct[~seen] if seen.any() else answer.correct for run, answer in found.items()}
    images = int((~seen).sum())
    correct = np.empty((len(names), images), dtype=np.float32)
    if not images:
        return Lineup(names, correct, seen=int(seen.sum()), left_out=left_out)
    for i, name in enumerate(names):
        correct[i] = single[name[0]] if len(name) == 1 else np.mean([single[run] for run in name], axis=0)
    groups = None if manifest is None else pd.factorize(scores.pictures(manifest, ids)[~seen])[0]
    if groups is not None and int(groups.max()) + 1 == images:
        groups = None  # every image is a picture of its own
    spread = tuple(
        float(np.std([single[run].mean() for run in name], ddof=1)) if len(name) > 1 else None
        for name in names
    )
    return Lineup(names, correct, groups, spread, int(seen.sum()), left_out)


def _aligned(run: Run, split: str, version: str, ids: pd.Series) -> scores.Answers | None:
    """The answers of a run whose images are stored in another order; None where some are missing."""
    table = scores.predictions(run, split, version)
    place = pd.Index(table["image_id"]).get_indexer(pd.Index(ids))
    if (place < 0).any():
        return None
    own = scores.answers(run, split, version)
    return scores.Answers(scores.order(ids), own.correct[place], own.seen[place])


def _intervals(
    correct: NDArray[np.float32], groups: NDArray[np.integer] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % intervals of the accuracy of every row: Wilson's, for the effective number of pictures.

    That is as many independent images as would spread like these, with copies counted together. Hundreds of rows
    cost one pass, where a bootstrap of each would take a second.
    """
    images = correct.shape[1]
    if groups is None:
        total, size = correct, np.ones(images, dtype=np.float32)
    else:
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(groups[order]) > 0))
        total = np.add.reduceat(correct[:, order], starts, axis=1)
        size = np.diff(np.append(starts, images)).astype(np.float32)
    mean = total.sum(axis=1, dtype=np.float64) / images
    # The sum of (total - mean * size)^2 over groups, without a table of its terms.
    squares = np.einsum("ij,ij->i", total, total, dtype=np.float64)
    residual = squares - 2 * mean * (total @ size).astype(np.float64) + mean**2 * float(size @ size)
    variance = np.maximum(residual, 0) / images**2
    simple = mean * (1 - mean)
    number = np.where(variance > 0, simple / np.maximum(variance, 1e-12), len(size))
    z = 1.959964
    middle = (mean + z**2 / (2 * number)) / (1 + z**2 / number)
    half = z * np.sqrt(simple / number + z**2 / (4 * number**2)) / (1 + z**2 / number)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
