"""What a reviewer has before them: ranking, journal, filters and queue of one visit, read once per draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from fer_core import mislabels
from fer_core.data import manifest
from fer_core.data.dataset import Dataset
from fer_core.review import remaining_errors, review_queue
from fer_core.review.review_queue import Filters
from fer_core.review.snapshot import JournalSnapshot
from fer_core.ui.shell import cache
from fer_core.ui.shell.page import Scope

_MANY, _FEW = 60, 5  # decisions


@dataclass(frozen=True)
class Ranked:
    """A ranking and what never changes about it; shared by every visit.

    Attributes:
        table: worst first, with source, pixel_hash, row and error of each image.
        index: of the image ids of `table`, to find rows by.
        classes, splits, sources: names that occur.
        likely: rows that are likely wrong; pairs: their pairs of classes; ambiguous: how many are.
        rows: int64, where the pixels of each image are.
        checks: every image in the order of spot checks.
    """

    table: pd.DataFrame
    index: pd.Index
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    sources: tuple[str, ...]
    likely: pd.DataFrame
    pairs: pd.DataFrame
    ambiguous: int
    rows: NDArray[np.int64]
    checks: tuple[str, ...]


@dataclass
class MislabelsState:
    """What the cards of the page share.

    Attributes:
        scope: dataset and version.
        method: of the ranking.
        ranked: the ranking.
        journal: every decision, up to its newest entry.
        who: the reviewer's name.
        blind: whether label and suggestion are hidden.
        filters: of the queue.
        every: rows of the ranking that the filters on the image let through, of any pair, in order.
        open: those of them on the queue.
        candidates, waiting: the same, of the pair that is chosen.
    """

    scope: Scope
    method: str
    ranked: Ranked
    journal: JournalSnapshot
    who: str = ""
    blind: bool = False
    filters: Filters = field(default_factory=Filters)
    every: pd.DataFrame = field(default_factory=pd.DataFrame)
    open: pd.DataFrame = field(default_factory=pd.DataFrame)
    candidates: pd.DataFrame = field(default_factory=pd.DataFrame)
    waiting: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def ranking(self) -> pd.DataFrame:
        return self.ranked.table

    @property
    def index(self) -> pd.Index:
        return self.ranked.index

    @property
    def classes(self) -> tuple[str, ...]:
        return self.ranked.classes

    @property
    def newest(self) -> str:
        """Key of the journal's newest entry: what was derived from it stays true while it is the same."""
        return self.journal.newest

    @property
    def pace(self) -> str:
        """Stays the same for a few decisions once there are many: for what a single one hardly moves."""
        count = len(self.label_verdicts)
        return self.newest if count < _MANY else f"{count // _FEW} x {_FEW}"

    @property
    def current_verdicts(self) -> pd.DataFrame:
        """The verdicts that hold, as `verdicts.current_verdicts`."""
        return self.journal.current_verdicts

    @property
    def label_verdicts(self) -> pd.DataFrame:
        """Verdicts on labels by reviewer, as `verdicts.label_verdicts`."""
        return self.journal.label_verdicts

    def pixels(self, images: Iterable[str]) -> NDArray[np.uint8]:
        """uint8 (n, 48, 48): the pictures of those of these images that are ranked."""
        return cache.faces(self.scope.dataset, self.ranked.rows[self.positions(images)])

    def positions(self, images: Iterable[str]) -> np.ndarray:
        """int64: rows of the ranking of these images, in their order, without those that are not ranked."""
        found = self.index.get_indexer(pd.Index(list(images), dtype=object))
        return found[found >= 0]

    def rows_of(self, images: Iterable[str]) -> pd.DataFrame:
        """The ranked rows of these images, in their order; those that are not ranked are left out."""
        return self.ranking.iloc[self.positions(images)]

    def choose(self, filters: Filters) -> None:
        """Find the rows that these filters let through, of any pair."""
        self.filters = filters
        self.every = review_queue.candidates(self.ranking, filters, self.ranked.checks)
        self.open = review_queue.by_review_state(
            self.every, self.label_verdicts, self.current_verdicts, filters, self.who
        )

    def take(self, pair: str) -> None:
        """Put the rows of one pair, or of all, on the queue."""
        self.filters = self.filters.of(pair)
        self.candidates = review_queue.of_pair(self.every, pair)
        self.waiting = review_queue.of_pair(self.open, pair)


@st.cache_resource(max_entries=4, show_spinner=False)
def _ranking(dataset: Dataset, version: str, method: str, changed: float) -> Ranked | None:
    found = mislabels.load(dataset, version, method)
    if found is None:
        return None
    images = manifest.readable(cache.manifest(dataset, version))
    extra = images[["image_id", "pixel_hash", "row", "source", "error"]]
    table = found.merge(extra, on="image_id", how="inner", validate="one_to_one")
    # Looked up and gone through with every draw: many times as fast as in Arrow's strings.
    table["image_id"] = table["image_id"].astype(object)
    table.attrs = dict(found.attrs)
    likely = mislabels.likely_wrong(table)
    return Ranked(
        table,
        pd.Index(table["image_id"].to_numpy(dtype=object)),
        mislabels.class_names(table),
        manifest.splits(images),
        tuple(sorted(table["source"].unique())),
        likely,
        mislabels.pair_queues(likely),
        len(mislabels.ambiguous(table)),
        table["row"].to_numpy(np.int64),
        tuple(remaining_errors.spot_checks(table)),
    )


def open_state(scope: Scope, method: str) -> MislabelsState | None:
    """Everything of a version ranked by a method; None where its ranking is not there or damaged."""
    file = mislabels.ranking_path(scope.dataset, scope.version.id, method)
    if not file.is_file():
        return None
    ranked = _ranking(scope.dataset, scope.version.id, method, file.stat().st_mtime)
    if ranked is None:
        return None
    return MislabelsState(scope, method, ranked, cache.journal(scope.dataset))
