"""The desk of a reviewer: ranking, journal, filters and queue of one visit, read once per draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import streamlit as st

from fer_core.data import records
from fer_core.data.datasets import open_dataset
from fer_core.errors import FerError
from fer_core.quality import mislabels
from fer_core.review import labels as review
from fer_core.review import opinions, queues
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.review.queues import Filters
from fer_core.ui import cache
from fer_core.ui.page import Scope
from fer_core.workspace import Workspace


@dataclass
class Desk:
    """What the cards of the page share.

    Attributes:
        scope: dataset and version.
        method: of the ranking.
        ranking: worst first, with source, pixel_hash and row of each image.
        index: of the image ids of `ranking`, to find rows by.
        classes: of the version.
        journal: where decisions go.
        newest: key of its newest entry: what was derived from the journal stays true while it is the same.
        entries: everything ever decided, from `Journal.decisions`.
        holding: the verdicts that hold, from `opinions.holding`.
        said: verdicts on labels by reviewer, from `opinions.said`.
        who: the reviewer's name.
        blind: whether label and suggestion are hidden.
        filters: of the queue.
        candidates: rows of the ranking that the image filters let through, in order.
        waiting: those of them on the queue.
    """

    scope: Scope
    method: str
    ranking: pd.DataFrame
    index: pd.Index
    classes: tuple[str, ...]
    journal: Journal
    newest: str
    entries: pd.DataFrame
    holding: pd.DataFrame
    said: pd.DataFrame
    who: str = ""
    blind: bool = False
    filters: Filters = field(default_factory=Filters)
    candidates: pd.DataFrame = field(default_factory=pd.DataFrame)
    waiting: pd.DataFrame = field(default_factory=pd.DataFrame)

    def rows_of(self, images: Iterable[str]) -> pd.DataFrame:
        """The ranked rows of these images, in their order; those that are not ranked are left out."""
        places = self.index.get_indexer(pd.Index(list(images), dtype=object))
        return self.ranking.iloc[places[places >= 0]]

    def choose(self, filters: Filters) -> None:
        """Put the rows on the queue that these filters let through."""
        self.filters = filters
        self.candidates = queues.of_pair(queues.candidates(self.ranking, filters), filters.pair)
        self.waiting = queues.unreviewed(self.candidates, self.said, self.holding, filters, self.who)

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
def _ranking(
    root: str, name: str, version: str, method: str, changed: float
) -> tuple[pd.DataFrame, pd.Index] | None:
    dataset = open_dataset(Workspace(Path(root)), name)
    found = mislabels.load(dataset, version, method)
    if found is None:
        return None
    extra = records.readable(cache.manifest(dataset, version))[
        ["image_id", "pixel_hash", "row", "source", "error"]
    ]
    joined = found.merge(extra, on="image_id", how="inner", validate="one_to_one")
    joined.attrs = dict(found.attrs)
    return joined, pd.Index(joined["image_id"].to_numpy(dtype=object))


@st.cache_resource(max_entries=4, show_spinner=False)
def _journal(path: str, newest: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    entries = Journal(Path(path)).decisions(active_only=False)
    return entries, opinions.holding(entries), opinions.said(entries)


def open_desk(scope: Scope, method: str) -> Desk | None:
    """Everything of a version ranked by a method; None where its ranking is not there or damaged."""
    file = mislabels.ranking_path(scope.dataset, scope.version.id, method)
    if not file.is_file():
        return None
    root, name = str(scope.workspace.root), scope.dataset.name
    known = _ranking(root, name, scope.version.id, method, file.stat().st_mtime)
    if known is None:
        return None
    ranking, index = known
    journal = Journal(scope.dataset.journal_path)
    newest = journal.newest()
    entries, holding, said = _journal(str(journal.path), newest)
    names = mislabels.class_names(ranking)
    return Desk(scope, method, ranking, index, names, journal, newest, entries, holding, said)
