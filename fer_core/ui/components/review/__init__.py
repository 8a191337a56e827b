"""The review component: a face, a grid of fifty, or a group of copies, answered by keys in the browser.

The browser holds what lies ahead and behind, draws, answers keys and moves on by itself; the server hands out more and
takes decisions in. A message of the server (`data`) has the next items with their faces on one sprite, and the receipt of the
last message of the browser (`BrowserMessage`). `desk.js` is the browser's side.

The component keeps unconfirmed decisions in the browser's storage, per workspace and dataset, whichever page they were made on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.data.dataset import Dataset
from fer_core.mislabels.lookup import finder, table
from fer_core.mislabels.store import ranking_path
from fer_core.review.journal import Journal
from fer_core.review.key_press import Receipt, parse, record_presses
from fer_core.review.session import AHEAD
from fer_core.ui.components.face_sheet import data_url, sprite

ReviewKind = Literal["face", "grid", "group", "quiet"]
_HERE = Path(__file__).parent
_SCRIPTS = ("outbox", "parts", "place", "desk", "face", "grid", "group", "main")
_COLUMNS = 16

_component = st.components.v2.component(
    "fer_review",
    html='<div class="review"></div>',
    css=(_HERE / "review.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS),
)


@dataclass(frozen=True)
class BrowserMessage:
    """The last message of the browser.

    Attributes:
        v: number of the message; 0 if there is none yet.
        visit: id of the visit whose items it has.
        have: the highest number handed out that it holds, -1 for none.
        need: how many items it wants to lie at the current one and after it.
        at: number of the current item, or of the first that comes.
        want: id of an item that it wants beside, or "".
        ops: decisions as JSON, see `key_press.parse`.
    """

    v: int = 0
    visit: str = ""
    have: int = -1
    need: int = AHEAD
    at: int = 0
    want: str = ""
    ops: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Batch:
    """Items handed to the browser.

    Attributes:
        items: JSON-ready, numbered `n` on end; what a view shows of each is in its script.
        faces: uint8 (n, 48, 48), which items name by number.
        near: the same, of the small pictures beside.
        end: whether nothing is left after them.
        gone: tickets of items that the browser has and need not show any more.
        extra: the item that was wanted, with `key`; `{"key": id, "missing": True}` where there is none.
        shared: whether others are dealt from this queue too, and may settle what is on screen.
    """

    items: Sequence[Mapping[str, Any]]
    faces: NDArray[np.uint8]
    near: NDArray[np.uint8]
    end: bool
    extra: Mapping[str, Any] | None = None
    gone: Sequence[str] = ()
    shared: bool = False


@dataclass(frozen=True)
class ReviewSetup:
    """What stays the same while a queue is reviewed.

    Attributes:
        kind: how it is shown.
        visit: its id; the browser begins anew where it changes.
        queue: what is on it, in words; keys that wait for a face are kept while it stays the same.
        begin: number of the item to begin at.
        meta: who, version, method, blind, final, closed, alone: goes into every decision.
        classes: (name, colour), in the order of the keys.
        done: (press id, tickets, image ids) of this reviewer's decisions that stand, oldest first: what Undo takes back.
        address: name of the query parameter that holds the current face, or "".
        advice: what to do where nothing is left.
    """

    kind: ReviewKind
    visit: str
    queue: str
    begin: int
    meta: Mapping[str, Any]
    classes: Sequence[tuple[str, str]] = ()
    done: Sequence[tuple[str, Sequence[str], Sequence[str]]] = field(default_factory=list)
    address: str = ""
    advice: str = ""


def read_message(key: str) -> BrowserMessage:
    """What the browser said last; fields of a kind that nobody sends are as if it had said nothing."""
    value = dict(st.session_state.get(key) or {}).get("message")
    if not isinstance(value, Mapping):
        return BrowserMessage()
    kinds = {"v": int, "visit": str, "have": int, "need": int, "at": int, "want": str, "ops": list}
    if any(not isinstance(value.get(name), kind) for name, kind in kinds.items()):
        return BrowserMessage()
    return BrowserMessage(**{name: value[name] for name in kinds})


def draw(
    dataset: Dataset,
    setup: ReviewSetup,
    batch: Batch,
    receipt: Receipt,
    v: int,
    *,
    key: str,
    left: int,
    any_: bool,
) -> None:
    """Say the next thing to the browser.

    Args:
        dataset: whose decisions these are.
        setup: of the visit.
        batch: items that the browser does not have yet.
        receipt: of the message `v`.
        key: unique on the page.
        left: how many wait on the queue, for the line above.
        any_: whether the filters let anything through at all.
    """
    data = {
        "kind": setup.kind,
        "store": store(dataset),
        "visit": setup.visit,
        "queue": setup.queue,
        "begin": setup.begin,
        "meta": dict(setup.meta),
        "classes": [{"name": name, "color": color} for name, color in setup.classes],
        "done": [list(step) for step in setup.done],
        "address": setup.address,
        "advice": setup.advice,
        "ahead": AHEAD,
        "left": left,
        "any": any_,
        "items": list(batch.items),
        "extra": batch.extra,
        "end": batch.end,
        "gone": list(batch.gone),
        "shared": batch.shared,
        "sheet": _sheet(batch.faces),
        "near": _sheet(batch.near, small=True),
        "receipt": {
            "v": v,
            "saved": list(receipt.saved),
            "refused": dict(receipt.refused),
            "problem": receipt.problem,
            "met": dict(receipt.met),
        },
    }
    _component(key=key, data=data, default={"message": None}, on_message_change=lambda: None)


def store(dataset: Dataset) -> str:
    """Name under which the browser keeps what is unconfirmed: of this workspace and dataset."""
    root = hashlib.blake2b(str(dataset.workspace.root).encode(), digest_size=6).hexdigest()
    return f"{root}/{dataset.name}"


def _sheet(faces: NDArray[np.uint8], small: bool = False) -> dict[str, Any] | None:
    if not len(faces):
        return None
    columns = min(len(faces), _COLUMNS)
    return {"src": data_url(sprite(faces, columns), small), "columns": columns, "side": int(faces.shape[1])}


@st.cache_resource(max_entries=6, show_spinner=False)
def _table(dataset: Dataset, version: str, method: str, changed: float) -> pd.DataFrame | None:
    return table(dataset, version, method)


def receive(dataset: Dataset, ops: Sequence[Mapping[str, Any]]) -> Receipt:
    """Record a batch; on the disk when this returns."""
    if not ops:
        return Receipt()

    def tables(version: str, method: str) -> pd.DataFrame | None:
        file = ranking_path(dataset, version, method) if method else dataset.folder
        changed = file.stat().st_mtime if method and file.is_file() else 0.0
        return _table(dataset, version, method, changed)

    presses, refused = [], {}
    for op in ops:
        try:
            presses.append(parse(op))
        except FerError as error:
            refused[str(op.get("id", ""))] = str(error)
    receipt = record_presses(Journal(dataset.journal_path), presses, finder(dataset, tables))
    return replace(receipt, refused={**receipt.refused, **refused})
