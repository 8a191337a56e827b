"""What the browser is told of each face; judging blind, nothing that could give the label away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from fer_core.base.tables import row_dicts
from fer_core.data.dataset import Dataset
from fer_core.data.notes import Notes
from fer_core.explore import cues
from fer_core.explore.neighbours import Neighbourhood, neighbourhood
from fer_core.review import decisions
from fer_core.review.session import HandedFace
from fer_core.ui.components.review import Batch
from fer_core.ui.mislabels.state import MislabelsState
from fer_core.ui.shell import cache

_NEAR = 5
_DONE = {"keep": "kept", "delete": "deleted", "ambiguous": "ambiguous"}


class CueText(TypedDict):
    """Cues as the browser shows them: of one class, or what tells two apart."""

    title: str
    lines: list[str]


CuesFn = Callable[[Mapping[str, Any]], Sequence[CueText]]
"""Row of the ranking -> what tells its labels apart."""


@st.cache_resource(max_entries=4, show_spinner=False)
def _alike(
    dataset: Dataset, version: str, method: str, pixels: tuple[int, int], _ranking: pd.DataFrame
) -> Neighbourhood:
    return neighbourhood(_ranking, cache.signatures(dataset))


def alike(state: MislabelsState) -> Neighbourhood:
    """Who looks like whom in this ranking; made once."""
    dataset, version = state.scope.dataset, state.scope.version.id
    return _alike(dataset, version, state.method, cache.pixels_state(dataset), state.ranking)


@dataclass
class _Near:
    """Rows of the pixels of the small faces, in the order in which items name them."""

    rows: list[int] = field(default_factory=list)

    def add(self, rows: NDArray[np.int64], similarities: NDArray[np.float32]) -> list[list[Any]]:
        start = len(self.rows)
        self.rows += [int(row) for row in rows]
        return [[start + i, f"{similarity:.2f}"] for i, similarity in enumerate(similarities)]


def batch(
    state: MislabelsState,
    turns: Sequence[HandedFace],
    first: int,
    end: bool,
    want: str = "",
    tell: CuesFn | None = None,
) -> Batch:
    """Items of faces, with their neighbours.

    Args:
        state: with its queue chosen.
        turns: handed out and not known to the browser; `first` is the number of the first.
        end: whether nothing is left after them.
        want: id of a face that is wanted beside, or "".
        tell: see `CuesFn`; not asked while blind.
    """
    extra = [HandedFace(want)] if want in state.index else []
    listed = [*turns, *extra]
    rows = row_dicts(state.rows_of(turn.image_id for turn in listed))
    faces = cache.faces(state.scope.dataset, [row["row"] for row in rows])
    near = _Near()
    said = {} if state.blind else _said(state, {turn.image_id for turn in listed if not turn.check_of})
    items = [
        {"n": first + i, "face": i, "id": row["image_id"], "ticket": turn.ticket}
        | ({"said": said[row["image_id"]]} if row["image_id"] in said and not turn.check_of else {})
        for i, (turn, row) in enumerate(zip(listed, rows, strict=True))
    ]
    if not state.blind:
        names = [list(dict.fromkeys([row["label"], row["suggested"]])) for row in rows]
        found = alike(state).nearest([row["row"] for row in rows], names, _NEAR) if rows else []
        for item, row, both, neighbours in zip(items, rows, names, found, strict=True):
            item["nearest"] = [
                {"name": name, "faces": near.add(where, how)}
                for name, (where, how) in zip(both, neighbours, strict=True)
            ]
            item |= _evidence(state, row) | ({"cues": list(tell(row))} if tell else {})
        _disputed(state, items)
    one = None
    if want:
        one = {**items.pop(), "n": -1, "key": want} if extra else {"key": want, "missing": True}
    pixels = cache.faces(state.scope.dataset, near.rows) if near.rows else np.zeros((0, 48, 48), np.uint8)
    return Batch(items, faces, pixels, end, one)


def grid(state: MislabelsState, turns: Sequence[HandedFace], first: int, end: bool) -> Batch:
    """Items of faces for a grid: label and suggestion, no neighbours."""
    rows = row_dicts(state.rows_of(turn.image_id for turn in turns))
    items = [
        {
            "n": first + i,
            "face": i,
            "id": row["image_id"],
            "ticket": turn.ticket,
            "label": row["label"],
            "suggested": row["suggested"],
            "score": f"{row['score']:.3f}",
        }
        for i, (turn, row) in enumerate(zip(turns, rows, strict=True))
    ]
    faces = cache.faces(state.scope.dataset, [row["row"] for row in rows])
    return Batch(items, faces, np.zeros((0, 48, 48), np.uint8), end)


def _evidence(state: MislabelsState, row: Mapping[str, Any]) -> dict[str, Any]:
    seen = decisions.probabilities(row, state.classes)
    offered = decisions.proposed_soft_label(row, state.classes)
    soft = sorted(offered.items(), key=lambda pair: -pair[1])
    return {
        "label": row["label"],
        "suggested": row["suggested"],
        "p": [round(seen.get(name, 0.0), 3) for name in state.classes],
        "offered": [round(offered.get(name, 0.0), 3) for name in state.classes],
        "softly": "Recorded as " + ", ".join(f"{name} {p:.0%}" for name, p in soft if round(p, 2) > 0),
        "reasons": [
            *_on_purpose(state, row),
            *str(row["why"]).split("; "),
            f"score {row['score']:.3f} by {state.method} (low is bad)",
        ],
        "votes": _votes(state, row),
        "where": f"{row['split']} · {row['path']}",
    }


def _on_purpose(state: MislabelsState, row: Mapping[str, Any]) -> list[str]:
    spot = state.filters.has_checks and not row["likely_wrong"]
    return ["spot check: not likely wrong, shown to tell how many wrong labels are left"] if spot else []


def cues_of(notes: Notes) -> CuesFn:
    """The signs of the given and of the suggested label, and what separates the two.

    Args:
        notes: of the dataset, whose own words come first.
    """

    def cues_for(row: Mapping[str, Any]) -> list[CueText]:
        found: list[CueText] = []
        if apart := cues.difference_between(row["label"], row["suggested"], notes):
            look = f": {apart.look}" if apart.look else ""
            found.append({"title": f"{' or '.join(apart.labels)}{look}", "lines": [apart.how]})
        for name in dict.fromkeys([row["label"], row["suggested"]]):
            if signs := cues.cues_for(name, notes):
                lines = [signs.note] if signs.note else [f"{k}: {v}" for k, v in signs.signs.items()]
                found.append({"title": name, "lines": lines})
        return found

    return cues_for


def _votes(state: MislabelsState, row: Mapping[str, Any]) -> str:
    votes = row.get("votes")
    if votes is None or not sum(votes):
        return ""
    by_votes = sorted(zip(state.classes, votes, strict=True), key=lambda pair: -pair[1])
    return "people: " + ", ".join(f"{name} {int(n)}" for name, n in by_votes if n)


def _said(state: MislabelsState, images: set[str]) -> dict[str, str]:
    """Image -> the verdict that holds, in words."""
    held = state.current_verdicts[state.current_verdicts["image_id"].isin(images)]
    return {row["image_id"]: f"{words(row)} by {row['who'] or 'someone'}" for row in row_dicts(held)}


def words(row: Mapping[str, Any]) -> str:
    """What a verdict did, in a word or two: `→ neutral`, `kept`, `deleted`, `ambiguous`."""
    return f"→ {row['label']}" if row["action"] == "relabel" else _DONE[row["action"]]


def _disputed(state: MislabelsState, items: Sequence[dict[str, Any]]) -> None:
    """Where the queue is of disagreements, who said what comes first."""
    if not state.filters.disputed:
        return
    split = state.journal.disagreements.set_index("image_id")["said"]
    for item in items:
        if item["id"] in split.index:
            item["reasons"].insert(0, str(split[item["id"]]))
