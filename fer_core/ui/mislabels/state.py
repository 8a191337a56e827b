"""The desk of a reviewer: ranking, journal, filters and queue of one visit, read once per draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from fer_core.data import records
from fer_core.data.datasets import open_dataset
from fer_core.errors import FerError
from fer_core.quality import mislabels
from fer_core.review import labels as review
from fer_core.review import queues
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.review.queues import Filters
from fer_core.review.reading import Reading
from fer_core.ui import cache
from fer_core.ui.page import Scope
from fer_core.workspace import Workspace

_MANY, _FEW = 60, 5  # decisions


@dataclass(frozen=True)
class Ranked:
    """A ranking and what never changes about it; shared by every visit.

    Attributes:
        table: worst first, with source, pixel_hash, row and error of each image.
        index: of the image ids of `table`, to find rows by.
        classes, splits, sources: names that occur.
        likely: rows that are likely wrong; pairs: their pairs of classes; ambiguous: how many are.
        suspects: ids of `likely`.
        rows: int64, where the pixels of each image are.
    """

    table: pd.DataFrame
    index: pd.Index
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    sources: tuple[str, ...]
    likely: pd.DataFrame
    pairs: pd.DataFrame
    ambiguous: int
    suspects: frozenset[str]
    rows: NDArray[np.int64]


@dataclass
class Desk:
    """What the cards of the page share.

    Attributes:
        scope: dataset and version.
        method: of the ranking.
        ranked: the ranking.
        journal: where decisions go.
        known: what is in it.
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
    journal: Journal
    known: Reading
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
        return self.known.newest

    @property
    def pace(self) -> str:
        """Stays the same for a few decisions once there are many: for what a single one hardly moves."""
        count = len(self.said)
        return self.newest if count < _MANY else f"{count // _FEW} x {_FEW}"

    @property
    def holding(self) -> pd.DataFrame:
        """The verdicts that hold, as `opinions.holding`."""
        return self.known.holding

    @property
    def said(self) -> pd.DataFrame:
        """Verdicts on labels by reviewer, as `opinions.said`."""
        return self.known.said

    def pixels(self, images: Iterable[str]) -> NDArray[np.uint8]:
        """uint8 (n, 48, 48): the pictures of those of these images that are ranked."""
        return cache.faces(self.scope.dataset, self.ranked.rows[self.places(images)])

    def places(self, images: Iterable[str]) -> np.ndarray:
        """int64: rows of the ranking of these images, in their order, without those that are not ranked."""
        found = self.index.get_indexer(pd.Index(list(images), dtype=object))
        return found[found >= 0]

    def rows_of(self, images: Iterable[str]) -> pd.DataFrame:
        """The ranked rows of these images, in their order; those that are not ranked are left out."""
        return self.ranking.iloc[self.places(images)]

    def choose(self, filters: Filters) -> None:
        """Find the rows that these filters let through, of any pair."""
        self.filters = filters
        self.every = queues.candidates(self.ranking, filters)
        self.open = queues.unreviewed(self.every, self.said, self.holding, filters, self.who)

    def take(self, pair: str) -> None:
        """Put the rows of one pair, or of all, on the queue."""
        self.filters = self.filters.of(pair)
        self.candidates = queues.of_pair(self.every, pair)
        self.waiting = queues.of_pair(self.open, pair)

    def record(
        self,
        rows: list[dict[str, object]],
        action: str,
        label: str | None,
        batch: str,
        shown: dict[str, object],
        soft: dict[str, float] | None = None,
    ) -> bool:
        """Write verdicts on ranked rows, all or none, and return whether they are on the disk; says so if not."""
        seen = {"version": self.scope.version.id, "method": self.method} | shown
        seen |= {"blind": True} if self.blind else {}
        seen |= {"final": True} if self.filters.reviewed == "split" else {}
        try:
            decisions: list[Decision] = [
                review.verdict(
                    row,
                    action,
                    classes=self.classes,
                    label=label,
                    soft=soft,
                    who=self.who,
                    shown=seen,
                    key=f"{batch}-{number}",
                )
                for number, row in enumerate(rows)
            ]
            self.journal.add_many(decisions, batch=batch)
        except (FerError, OSError) as error:
            st.toast(f"Not recorded. {error}", icon=":material/error:")
            return False
        return True


@st.cache_resource(max_entries=4, show_spinner=False)
def _ranking(root: str, name: str, version: str, method: str, changed: float) -> Ranked | None:
    dataset = open_dataset(Workspace(Path(root)), name)
    found = mislabels.load(dataset, version, method)
    if found is None:
        return None
    images = records.readable(cache.manifest(dataset, version))
    extra = images[["image_id", "pixel_hash", "row", "source", "error"]]
    table = found.merge(extra, on="image_id", how="inner", validate="one_to_one")
    table.attrs = dict(found.attrs)
    likely = mislabels.likely_wrong(table)
    return Ranked(
        table,
        pd.Index(table["image_id"].to_numpy(dtype=object)),
        mislabels.class_names(table),
        records.splits(images),
        tuple(sorted(table["source"].unique())),
        likely,
        mislabels.pair_queues(likely),
        len(mislabels.ambiguous(table)),
        frozenset(likely["image_id"]),
        table["row"].to_numpy(np.int64),
    )


def open_desk(scope: Scope, method: str) -> Desk | None:
    """Everything of a version ranked by a method; None where its ranking is not there or damaged."""
    file = mislabels.ranking_path(scope.dataset, scope.version.id, method)
    if not file.is_file():
        return None
    root, name = str(scope.workspace.root), scope.dataset.name
    ranked = _ranking(root, name, scope.version.id, method, file.stat().st_mtime)
    if ranked is None:
        return None
    return Desk(scope, method, ranked, Journal(scope.dataset.journal_path), cache.journal(scope.dataset))
