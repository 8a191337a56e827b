"""Everything known about the images of a version, as arrays to count and filter: one value per row of the manifest.

Three kinds of facts: *categories* (label, split, source, ...), *measures* (brightness, agreement of voters, ...) and
*flags* (dark, copy in another split, ...). Each is worked out when it is first asked for.

    facts = ImageFacts(dataset, version.id)
    dark = facts.flag("dark") & (facts.measure("sharpness") > 0.01)
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from fer_core.base.emotions import ordered_classes, ordered_splits
from fer_core.checks import checks, store
from fer_core.data.dataset import Dataset
from fer_core.data.manifest_columns import Codes, ManifestColumns
from fer_core.explore.vote_stats import DISAGREE, VoteStats, vote_stats

_T = TypeVar("_T")
Category = tuple[Codes, tuple[str, ...]]
"""Place of each image's name in the names; -1 for none."""
Flags = NDArray[np.bool_]
Measure = NDArray[np.float64]

MEASURES = ("brightness", "contrast", "sharpness", "side")
"""Measured of every readable image; `side` is the edge of a square of the same area, pixels."""
TEXTS = ("label", "split", "source", "mode", "format", "subject", "group", "pixel_hash")
AFFECT = ("valence", "arousal")
"""What a source says of images beside their class, -1 to 1; columns of the manifest where it does."""
VOTE_MEASURES = ("agreement", "entropy", "label_share")
NO_IMAGE_FLAGS = ("unreadable", "unlabelled")  # rows that are no image: not decoded, or without a class
COPY_FLAGS = ("copy", "copy_across_splits", "copy_other_label")
_CHECKS = frozenset(check.name for check in checks.CHECKS)
VOTE_FLAGS = ("humans_disagree", "humans_say_otherwise", "humans_unclear")


@dataclass(frozen=True)
class EqualImages:
    """Images with equal pixels.

    Attributes:
        group: int32 (n,), equal where pixels are.
        flags: of each of `COPY_FLAGS`, bool (n,).
        groups, extra_copies: how many of two and more, and images beyond the first of each.
    """

    group: Codes
    flags: dict[str, Flags]
    groups: int
    extra_copies: int


class ImageFacts:
    """The facts of one version. Safe to share between threads; never write into its arrays."""

    def __init__(self, dataset: Dataset, version: str) -> None:
        self.dataset, self.version = dataset, version
        self.columns = ManifestColumns(dataset, version)
        self.vote_classes = tuple(dataset.about.get("vote_classes", ()))
        self._lock = threading.RLock()
        self._known: dict[str, Any] = {}
        self._categories: dict[str, Category] = {}
        self._measures: dict[str, Measure] = {}
        self._flags: dict[str, Flags] = {}

    def __len__(self) -> int:
        return len(self.columns)

    def also(
        self,
        *,
        categories: Mapping[str, Category] | None = None,
        measures: Mapping[str, Measure] | None = None,
        flags: Mapping[str, Flags] | None = None,
    ) -> ImageFacts:
        """The same facts and some more, such as decisions; what is worked out is shared with the original."""
        more = copy.copy(self)
        more._categories = {**self._categories, **(categories or {})}
        more._measures = {**self._measures, **(measures or {})}
        more._flags = {**self._flags, **(flags or {})}
        return more

    @property
    def extra_measures(self) -> tuple[str, ...]:
        """Measures that came by `also`."""
        return tuple(self._measures)

    def _once(self, name: str, make: Callable[[], _T]) -> _T:
        with self._lock:
            if name not in self._known:
                self._known[name] = make()
            return cast(_T, self._known[name])

    @property
    def readable(self) -> Flags:
        """The images that decoded and have a class."""

        def make() -> Flags:
            codes, names = self.columns.codes("error")
            return np.asarray(codes == names.index("") if "" in names else np.zeros(len(self), bool))

        return self._once("readable", make)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of the readable images, in canonical order."""
        return self.category("label")[1]

    @property
    def splits(self) -> tuple[str, ...]:
        """Split names of the readable images: train, val, test, then others."""
        return self.category("split")[1]

    def category(self, name: str) -> Category:
        """A category by name; classes and splits of readable images come in their usual order.

        Nobody has one that is not known of this version, such as a subject where the manifest has none.
        """
        if name in self._categories:
            return self._categories[name]
        return self._once(f"category {name}", lambda: self._category(name))

    def _category(self, name: str) -> Category:
        if name == "voted":
            stats = self.votes
            none = np.full(len(self), -1, np.int32)
            return (none, ()) if stats is None else (stats.majority.astype(np.int32), stats.classes)
        if name not in TEXTS or name not in self.columns:
            return np.full(len(self), -1, np.int32), ()
        codes, names = self.columns.codes(name)
        used = np.bincount(codes[self.readable], minlength=len(names)) > 0
        order = ordered_splits if name == "split" else ordered_classes
        shown = order(n for n, u in zip(names, used, strict=True) if u)
        rest = tuple(n for n, u in zip(names, used, strict=True) if not u)
        position = {n: i for i, n in enumerate((*shown, *rest))}
        moved = np.array([position[n] for n in names], np.int32)[codes] if names else codes
        moved = np.where(moved < len(shown), moved, -1) if rest else moved
        return np.asarray(moved, np.int32), tuple(shown)

    def measure(self, name: str) -> Measure:
        """A measure by name, or the score of a check (`<check>_score`); float64 (n,), NaN where it is not known: all of
        it for a name that means nothing here."""
        if name in self._measures:
            return self._measures[name]
        return self._once(f"measure {name}", lambda: self._measure(name))

    def _measure(self, name: str) -> Measure:
        if name in VOTE_MEASURES:
            stats = self.votes
            return np.full(len(self), np.nan) if stats is None else np.asarray(getattr(stats, name))
        if name == "side":
            width, height = self.columns.numbers("width"), self.columns.numbers("height")
            values = np.sqrt(width.astype(np.float64) * height)
        elif name.removesuffix("_score") in _CHECKS:
            return self._spread(self.checked()[name].to_numpy(np.float64), np.nan)
        elif name in MEASURES or (name in AFFECT and name in self.columns):
            values = self.columns.numbers(name).astype(np.float64)
        else:
            return np.full(len(self), np.nan)
        return np.where(self.readable, values, np.nan)

    def flag(self, name: str) -> Flags:
        """A flag by name: of `NO_IMAGE_FLAGS`, a check, one of `COPY_FLAGS` or of `VOTE_FLAGS`; bool (n,). Nobody has another."""
        if name in self._flags:
            return self._flags[name]
        return self._once(f"flag {name}", lambda: self._flag(name))

    def _flag(self, name: str) -> Flags:
        if name in NO_IMAGE_FLAGS:
            codes, hashes = self.columns.codes("pixel_hash")
            decoded = np.array([bool(h) for h in hashes], bool)[codes]
            return np.asarray(~self.readable & (decoded == (name == "unlabelled")))
        if name in COPY_FLAGS:
            return self.copies.flags[name]
        if name in VOTE_FLAGS:
            return self._vote_flag(name)
        if name not in _CHECKS:
            return np.zeros(len(self), bool)
        return self._spread(self.checked()[f"is_{name}_issue"].to_numpy(bool), False).astype(bool)

    def _vote_flag(self, name: str) -> Flags:
        stats = self.votes
        if stats is None:
            return np.zeros(len(self), bool)
        if name == "humans_unclear":
            return stats.unclear
        if name == "humans_disagree":
            return np.asarray(stats.agreement <= DISAGREE)
        own = self.vote_labels
        return np.asarray((stats.majority >= 0) & (own >= 0) & (stats.majority != own) & ~stats.unclear)

    def _spread(self, values: NDArray[Any], empty: Any) -> NDArray[Any]:
        """Values of the readable rows at their places among all rows."""
        result = np.full(len(self), empty)
        result[self.readable] = values
        return result

    @property
    def has_votes(self) -> bool:
        return bool(self.vote_classes) and "votes" in self.columns

    @property
    def vote_labels(self) -> NDArray[np.int64]:
        """Place of each image's label among the classes voted for; -1 for a class nobody could vote for."""
        codes, names = self.category("label")
        code_of = [self.vote_classes.index(n) if n in self.vote_classes else -1 for n in names]
        return np.asarray(np.array([*code_of, -1], np.int64)[codes])

    @property
    def votes(self) -> VoteStats | None:
        """What people said, None where the dataset has no votes; unreadable images have none."""
        if not self.has_votes:
            return None

        def make() -> VoteStats | None:
            counts = self.columns.vectors("votes")
            if counts.shape[1] != len(self.vote_classes):
                return None
            counts[~self.readable] = np.nan
            return vote_stats(counts, self.vote_classes, self.vote_labels)

        return self._once("votes", make)

    def votes_of(self, position: int) -> dict[str, int]:
        """What people voted for one image, most votes first; {} where nobody did."""
        if not self.has_votes:
            return {}
        given = self.columns.array("votes")[position].as_py()
        if given is None or len(given) != len(self.vote_classes):
            return {}
        told = sorted(zip(self.vote_classes, given, strict=True), key=lambda pair: -pair[1])
        return {name: int(n) for name, n in told if n}

    @property
    def copies(self) -> EqualImages:
        """Images with equal pixels."""

        def make() -> EqualImages:
            codes, names = self.columns.codes("pixel_hash")
            good = np.flatnonzero(self.readable)
            size = np.bincount(codes[good], minlength=len(names))
            several = good[size[codes[good]] > 1]
            group = codes[several]
            flags = {flag: np.zeros(len(self), bool) for flag in COPY_FLAGS}
            flags["copy"][several] = True
            groups = int((size > 1).sum())
            for flag, column in (("copy_across_splits", "split"), ("copy_other_label", "label")):
                kind, kinds = self.category(column)
                pairs = np.unique(group.astype(np.int64) * (len(kinds) + 1) + kind[several])
                mixed = np.bincount(pairs // (len(kinds) + 1), minlength=len(names)) > 1
                flags[flag][several] = mixed[group]
            extra = int(size[size > 1].sum()) - groups
            return EqualImages(codes, flags, groups, extra)

        return self._once("copies", make)

    def counts(self) -> pd.DataFrame:
        """Readable images per split (index) and class (columns), int64; as `manifest.counts`."""

        def make() -> pd.DataFrame:
            (label, classes), (split, splits) = self.category("label"), self.category("split")
            good = self.readable
            flat = split[good].astype(np.int64) * len(classes) + label[good]
            table = np.bincount(flat, minlength=len(splits) * len(classes)).reshape(len(splits), len(classes))
            return pd.DataFrame(
                table.astype(np.int64), pd.Index(splits, name="split"), pd.Index(classes, name="label")
            )

        return self._once("counts", make)

    def unmeasured(self) -> int:
        """Pictures that `checked` would have to measure first; 0 where its answer costs little."""
        if not (stamp := store.changed_at(self.dataset)):
            return int(self.readable.sum())

        def make() -> int:
            hashes = self.columns.array("pixel_hash").filter(pa.array(self.readable))
            return store.count_unmeasured(self.dataset, hashes)

        return self._once(f"unmeasured {stamp}", make)

    def checked(self) -> pd.DataFrame:
        """Scores and flags of all checks, one row per readable image, in order; measures the pictures if need be."""

        def make() -> pd.DataFrame:
            columns = ["image_id", "pixel_hash", "row", "source", "path", "mode", "width", "height"]
            rows = self.columns.frame(np.flatnonzero(self.readable), columns)
            return checks.score_checks(rows, store.measure_images(self.dataset, rows)).reset_index(drop=True)

        return self._once("checked", make)
