"""Ranks on the same images: who is better beyond doubt, with seeds of one recipe as one.

found = rank(runs, "val", version)
found.entries[("0041-compact",)]        # RankedEntry(rank=1, shared=True, accuracy=.853, low=.841, high=.865, sd=None)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.base.statistics import wilson_interval
from fer_core.data.manifest import readable
from fer_core.evaluation import scores, significance
from fer_core.runs.run import Run


@dataclass(frozen=True)
class RankedEntry:
    """One entry among the others: accuracies are 0..1; sd is over its runs, None for a single one.

    Attributes:
        rank: None where it was judged on its own clean part alone, so that nothing can be ranked.
        images: how many it was judged by.
    """

    rank: int | None
    shared: bool
    accuracy: float
    low: float
    high: float
    sd: float | None = None
    images: int = 0


@dataclass(frozen=True)
class Ranking:
    """Ranks on a common set.

    Attributes:
        entries: ids of the runs of each -> how it came out.
        images: how many those with a rank were judged by.
        seen: images left out of these because one of the ranked runs has learned from them.
        left_out: run -> why it is not ranked.
        whole: images of the split; those that are neither `images` nor `seen` have no answers, as of classes not known.
    """

    entries: Mapping[tuple[str, ...], RankedEntry] = field(default_factory=dict)
    images: int = 0
    seen: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    whole: int = 0

    @property
    def apart(self) -> int:
        """Entries judged on a part of their own."""
        return sum(entry.rank is None for entry in self.entries.values())


@dataclass(frozen=True)
class AlignedEntries:
    """Entries on the images that all of them can be judged by.

    Attributes:
        entries: ids of the runs of each.
        correct: share of an entry's runs that answer each image rightly, float32 (entries, images).
        groups: which picture each image shows; None where every image is a picture of its own.
        spread: deviation of the accuracy over the runs of each entry; None for a single run.
        seen, left_out: as in `Ranking`.
        apart: entries that have learned from other images than these, each lined up alone on its own clean part.
    """

    entries: tuple[tuple[str, ...], ...]
    correct: NDArray[np.float32]
    groups: NDArray[np.integer] | None = None
    spread: tuple[float | None, ...] = ()
    seen: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    apart: tuple[AlignedEntries, ...] = ()

    @property
    def images(self) -> int:
        return int(self.correct.shape[1])


def rank(
    entries: Sequence[Sequence[Run]],
    split: str,
    version: str,
    manifest: pd.DataFrame | None = None,
    *,
    common: bool = False,
) -> Ranking:
    """Rank entries by accuracy on a split, none by images it has learned from.

    An entry that has learned from some of the images is judged by the others, and has no rank: so it changes nothing
    about the rest.

    Args:
        entries: runs; several in one entry are seeds of one recipe and count with their mean.
        split, version: of which every run has predictions.
        manifest: of the version, for its copies; None takes every image for itself.
        common: rank all of them, on the images that none has learned from.
    """
    found = align_entries(entries, split, version, manifest, common=common)
    ranked = {}
    if found.images:
        ranks = significance.ranks(found.correct, found.groups)
        for name, scored, (rank, shared) in zip(found.entries, _scored(found), ranks, strict=True):
            ranked[name] = RankedEntry(rank, shared, *scored, found.images)
    for alone in found.apart:
        ranked[alone.entries[0]] = RankedEntry(None, False, *_scored(alone)[0], alone.images)
    listed = 0 if manifest is None or not ranked else int((readable(manifest)["split"] == split).sum())
    return Ranking(ranked, found.images, found.seen, found.left_out, max(listed, found.images + found.seen))


def _scored(found: AlignedEntries) -> list[tuple[float, float, float, float | None]]:
    """Accuracy, both ends of its interval, and spread of every entry."""
    low, high = _intervals(found.correct, found.groups)
    return [
        (float(right.mean()), float(low[i]), float(high[i]), found.spread[i])
        for i, right in enumerate(found.correct)
    ]


def align_entries(
    entries: Sequence[Sequence[Run]],
    split: str,
    version: str,
    manifest: pd.DataFrame | None = None,
    *,
    common: bool = False,
) -> AlignedEntries:
    """Entries image by image; arguments as `rank`. What cannot be lined up is in `left_out`."""
    ids, found, left_out = _answers(entries, split, version)
    if not found:
        return AlignedEntries((), np.empty((0, 0), np.float32), left_out=left_out)
    kept = {tuple(r.id for r in e if r.id in found): e for e in entries}
    seen = {name: np.any([found[run].seen for run in name], axis=0) for name in kept if name}
    pictures = None if manifest is None else scores.picture_ids(manifest, ids)
    if common:
        whole = np.any(list(seen.values()), axis=0)
        return replace(_on(tuple(seen), found, whole, pictures), left_out=left_out)
    # Those that can be judged by the most images set the part; whoever has learned from other ones stands alone.
    base = min(seen.values(), key=np.count_nonzero)
    same = tuple(name for name, own in seen.items() if np.array_equal(own, base))
    apart = []
    for name, own in seen.items():
        if name not in same and own.all():
            left_out |= dict.fromkeys(name, "It has learned from every image of this split")
        elif name not in same:
            apart.append(_on((name,), found, own, pictures))
    return replace(_on(same, found, base, pictures), left_out=left_out, apart=tuple(apart))


@dataclass(frozen=True)
class SplitAnswers:
    """Entries on a whole split, whatever they have learned from: for those that are held against each other two by two.

    Attributes:
        entries: ids of the runs of each.
        correct: share of an entry's runs that answer each image rightly, float32 (entries, images).
        seen: images that one of an entry's runs has learned from, bool (entries, images).
        pictures: which picture each image shows; None where every image counts for itself.
        left_out: as in `Ranking`.
    """

    entries: tuple[tuple[str, ...], ...]
    correct: NDArray[np.float32]
    seen: NDArray[np.bool_]
    pictures: NDArray[np.integer] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    def gain(self, first: int, second: int) -> tuple[significance.Gain, int] | None:
        """What the second is better by on the images that neither has learned from, and how many these are; None of none."""
        clean = ~(self.seen[first] | self.seen[second])
        if not clean.any():
            return None
        groups = None if self.pictures is None else self.pictures[clean]
        gain = significance.gain(self.correct[first, clean], self.correct[second, clean], groups)
        return gain, int(clean.sum())

    def accuracy(self, entry: int) -> tuple[float, int] | None:
        """Of an entry on the images it has not learned from, and how many these are; None of none."""
        clean = ~self.seen[entry]
        return (float(self.correct[entry, clean].mean()), int(clean.sum())) if clean.any() else None


def split_answers(
    entries: Sequence[Sequence[Run]], split: str, version: str, manifest: pd.DataFrame | None = None
) -> SplitAnswers:
    """Entries image by image on the whole split; arguments as `rank`."""
    ids, found, left_out = _answers(entries, split, version)
    names = [name for e in entries if (name := tuple(run.id for run in e if run.id in found))]
    correct, seen = np.empty((len(names), len(ids)), np.float32), np.empty((len(names), len(ids)), np.bool_)
    for i, name in enumerate(names):
        correct[i] = np.mean([found[run].correct for run in name], axis=0)
        seen[i] = np.any([found[run].seen for run in name], axis=0)
    pictures = None if manifest is None else significance.numbered(scores.picture_ids(manifest, ids))
    return SplitAnswers(tuple(names), correct, seen, pictures, left_out)


def _answers(
    entries: Sequence[Sequence[Run]], split: str, version: str
) -> tuple[pd.Series, dict[str, scores.Correctness], dict[str, str]]:
    """Image ids, and the answers of every run in their order; why some have none."""
    found: dict[str, scores.Correctness] = {}
    left_out: dict[str, str] = {}
    for run in (run for entry in entries for run in entry):
        try:
            found[run.id] = scores.correctness(run, split, version)
        except FerError as error:
            left_out[run.id] = str(error)
    if not found:
        return pd.Series(dtype="str"), found, left_out
    able = [run for entry in entries for run in entry if run.id in found]
    leader = _leader(able, found)
    usual, ids = found[leader.id].order, scores.predictions(leader, split, version)["image_id"]
    for run in able:
        if found[run.id].order != usual:
            aligned = _aligned(run, split, version, ids)
            if aligned is None:
                del found[run.id]
                left_out[run.id] = "Its predictions are for other images than those of the other runs"
            else:
                found[run.id] = aligned
    return ids, found, left_out


def _leader(runs: Sequence[Run], found: Mapping[str, scores.Correctness]) -> Run:
    """Whose images all are judged by: the most, then those of most runs. A file from elsewhere leads none that was trained."""
    number = Counter(found[run.id].order for run in runs)
    if len(number) > 1:
        runs = [run for run in runs if "judged" not in run.info] or runs
    return max(runs, key=lambda r: (len(found[r.id].correct), number[found[r.id].order], found[r.id].order))


def _on(
    names: tuple[tuple[str, ...], ...],
    found: Mapping[str, scores.Correctness],
    seen: NDArray[np.bool_],
    pictures: NDArray[np.object_] | None,
) -> AlignedEntries:
    """These entries on the images nobody of them has `seen`."""
    single = {run: answer.correct[~seen] if seen.any() else answer.correct for run, answer in found.items()}
    images, left = int((~seen).sum()), int(seen.sum())
    correct = np.empty((len(names), images), dtype=np.float32)
    if not images:
        return AlignedEntries(names, correct, seen=left)
    for i, name in enumerate(names):
        correct[i] = single[name[0]] if len(name) == 1 else np.mean([single[run] for run in name], axis=0)
    groups = None if pictures is None else significance.numbered(pictures[~seen])
    spread = tuple(
        float(np.std([single[run].mean() for run in name], ddof=1)) if len(name) > 1 else None
        for name in names
    )
    return AlignedEntries(names, correct, groups, spread, left)


def _aligned(run: Run, split: str, version: str, ids: pd.Series) -> scores.Correctness | None:
    """The answers of a run whose images are stored in another order; None where some are missing."""
    table = scores.predictions(run, split, version)
    rows = pd.Index(table["image_id"]).get_indexer(pd.Index(ids))
    if (rows < 0).any():
        return None
    own = scores.correctness(run, split, version)
    return scores.Correctness(scores.order(ids), own.correct[rows], own.seen[rows])


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
    number = np.where(variance > 0, mean * (1 - mean) / np.maximum(variance, 1e-12), len(size))
    return wilson_interval(mean, number)
