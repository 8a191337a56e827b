"""Ranks on the same images: who is better beyond doubt, with seeds of one recipe as one.

found = rank(runs, "val", version)
found.entries[("0041-compact",)]        # RankedEntry(rank=1, shared=True, accuracy=.853, low=.841, high=.865, sd=None)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.statistics import wilson_interval
from fer_core.data.manifest import readable
from fer_core.evaluation import scores, significance
from fer_core.evaluation.run_answers import RunAnswers, read_answers, seen_by
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
        correct: share of an entry's runs that answer each image rightly, (entries, images): bool where each is a single run,
            else float32.
        answers, members: which images each run answers rightly, bool (runs, images), and which entry it is one of; None
            where each is one of its own.
        groups: which picture each image shows; None where every image is a picture of its own.
        spread: deviation of the accuracy over the runs of each entry; None for a single run.
        seen, left_out: as in `Ranking`.
        apart: entries that have learned from other images than these, each lined up alone on its own clean part.
    """

    entries: tuple[tuple[str, ...], ...]
    correct: NDArray[np.float32] | NDArray[np.bool_]
    answers: NDArray[np.bool_]
    members: NDArray[np.intp] | None = None
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
    answers: RunAnswers | None = None,
) -> Ranking:
    """Rank entries by accuracy on a split, none by images it has learned from.

    An entry that has learned from some of the images is judged by the others, and has no rank: so it changes nothing
    about the rest.

    Args:
        entries: runs; several in one entry are seeds of one recipe and count with their mean.
        split, version: of which every run has predictions.
        manifest: of the version, for its copies; None takes every image for itself.
        common: rank all of them, on the images that none has learned from.
        answers: `read_answers` of all these runs, where somebody has them; None reads them.
    """
    found = align_entries(entries, split, version, manifest, common=common, answers=answers)
    ranked = {}
    if found.images:
        ranks = significance.ranks(found.answers, found.groups, found.members)
        for name, scored, (rank, shared) in zip(found.entries, _scored(found), ranks, strict=True):
            ranked[name] = RankedEntry(rank, shared, *scored, found.images)
    for alone in found.apart:
        ranked[alone.entries[0]] = RankedEntry(None, False, *_scored(alone)[0], alone.images)
    listed = 0 if manifest is None or not ranked else int((readable(manifest)["split"] == split).sum())
    return Ranking(ranked, found.images, found.seen, found.left_out, max(listed, found.images + found.seen))


def _scored(found: AlignedEntries) -> list[tuple[float, float, float, float | None]]:
    """Accuracy, both ends of its interval, and spread of every entry."""
    shares = found.correct.mean(axis=1, dtype=np.float64)
    ends = _intervals(found.correct, found.groups)
    return [
        (float(share), float(low), float(high), spread)
        for share, low, high, spread in zip(shares, *ends, found.spread, strict=True)
    ]


def align_entries(
    entries: Sequence[Sequence[Run]],
    split: str,
    version: str,
    manifest: pd.DataFrame | None = None,
    *,
    common: bool = False,
    answers: RunAnswers | None = None,
) -> AlignedEntries:
    """Entries image by image; arguments as `rank`. What cannot be lined up is in `left_out`."""
    ids, found, unable = answers or read_answers([run for entry in entries for run in entry], split, version)
    left_out = dict(unable)
    if not found:
        none = np.empty((0, 0), np.bool_)
        return AlignedEntries((), none, none, left_out=left_out)
    kept = dict.fromkeys(tuple(r.id for r in e if r.id in found) for e in entries)
    seen = {name: seen_by(name, found) for name in kept if name}
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
    ids, found, left_out = read_answers([run for entry in entries for run in entry], split, version)
    names = [name for e in entries if (name := tuple(run.id for run in e if run.id in found))]
    correct, seen = np.empty((len(names), len(ids)), np.float32), np.empty((len(names), len(ids)), np.bool_)
    for i, name in enumerate(names):
        correct[i] = np.mean([found[run].correct for run in name], axis=0)
        seen[i] = seen_by(name, found)
    pictures = None if manifest is None else significance.numbered(scores.picture_ids(manifest, ids))
    return SplitAnswers(tuple(names), correct, seen, pictures, left_out)


def _on(
    names: tuple[tuple[str, ...], ...],
    found: Mapping[str, scores.Correctness],
    seen: NDArray[np.bool_],
    pictures: NDArray[np.object_] | None,
) -> AlignedEntries:
    """These entries on the images nobody of them has `seen`."""
    kept = ~seen
    answers = np.array([found[run].correct[kept] for name in names for run in name], dtype=np.bool_)
    if not kept.any():
        return AlignedEntries(names, answers, answers, seen=len(seen))
    size = [len(name) for name in names]
    correct: NDArray[np.float32] | NDArray[np.bool_] = answers
    members: NDArray[np.intp] | None = None
    spread: tuple[float | None, ...] = (None,) * len(names)
    if max(size) > 1:
        members = np.repeat(np.arange(len(names)), size)
        several = np.split(answers, np.cumsum(size)[:-1])
        correct = np.array([part.mean(axis=0, dtype=np.float32) for part in several])
        spread = tuple(
            float(np.std(part.mean(axis=1), ddof=1)) if len(part) > 1 else None for part in several
        )
    groups = None if pictures is None else significance.numbered(pictures[kept])
    return AlignedEntries(names, correct, answers, members, groups, spread, int(seen.sum()))


def _intervals(
    correct: NDArray[np.float32] | NDArray[np.bool_], groups: NDArray[np.integer] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % intervals of the accuracy of every row: Wilson's, for the effective number of pictures.

    That is as many independent images as would spread like these, with copies counted together. Hundreds of rows
    cost one pass, where a bootstrap of each would take a second.
    """
    images = pictures = correct.shape[1]
    right = correct.sum(axis=1, dtype=np.float64)
    mean = right / images
    # The sum of (total - mean * size)^2 over pictures, without a table of its terms.
    if groups is None and correct.dtype == np.bool_:
        residual = right - right * mean
    elif groups is None:
        residual = np.einsum("ij,ij->i", correct, correct, dtype=np.float64) - right * mean
    else:
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(groups[order]) > 0))
        total = np.add.reduceat(correct[:, order].astype(np.float32), starts, axis=1)
        size = np.diff(np.append(starts, images)).astype(np.float32)
        squares = np.einsum("ij,ij->i", total, total, dtype=np.float64)
        residual = squares - 2 * mean * (total @ size).astype(np.float64) + mean**2 * float(size @ size)
        pictures = len(size)
    variance = np.maximum(residual, 0) / images**2
    number = np.where(variance > 0, mean * (1 - mean) / np.maximum(variance, 1e-12), pictures)
    return wilson_interval(mean, number)
