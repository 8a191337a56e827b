"""The review component on this page: takes decisions in, hands faces out, one or fifty at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from fer_core.base.emotions import emotion_colors
from fer_core.data.notes import read_notes
from fer_core.review import review_queue
from fer_core.review.decisions import VERDICTS
from fer_core.review.key_press import ticket
from fer_core.review.review_queue import Filters
from fer_core.review.session import AHEAD
from fer_core.ui.components import review
from fer_core.ui.components.review import Batch, BrowserMessage, ReviewKind
from fer_core.ui.mislabels import items, visits
from fer_core.ui.mislabels.state import MislabelsState, open_state
from fer_core.ui.mislabels.visits import Visit
from fer_core.ui.shell.page import Scope

KEY = "mis-review"
_UNDO = 200
"""Decisions of before this visit that Undo can take back, one after the other."""
_MOST = 60
"""Faces in one message: more at once would keep the browser from drawing while it reads them."""
_NOTHING = np.zeros((0, 48, 48), np.uint8)


@st.fragment
def draw(scope: Scope, method: str, who: str, blind: bool, filters: Filters, kind: ReviewKind) -> None:
    """One round of the conversation with the browser; runs again with each of its messages, without the page."""
    message = review.read_message(KEY)
    last = visits.before()
    handled = last is not None and last.v == message.v
    receipt = last.receipt if last is not None and handled else review.receive(scope.dataset, message.ops)
    state = open_state(scope, method)
    if state is None:
        return
    state.who, state.blind = who, blind
    state.choose(filters)
    state.take(filters.pair)
    visit = visits.current(state, kind)
    visit.v, visit.receipt = message.v, receipt
    if message.visit != visit.id:
        message = BrowserMessage(
            v=message.v, at=visit.begin, need=2 * AHEAD if kind == "face" else 2 * AHEAD + 20
        )
    batch = _batch(state, visit, message, kind)
    review.draw(
        scope.dataset, _setup(state, visit, kind), batch, receipt, message.v,
        key=KEY, left=len(state.waiting), any_=bool(len(state.candidates)),
    )  # fmt: skip


@st.fragment
def save_only(scope: Scope) -> None:
    """Nothing to decide here; what the browser has not saved yet is saved all the same."""
    message = review.read_message(KEY)
    receipt = review.receive(scope.dataset, message.ops)
    setup = review.ReviewSetup("quiet", "quiet", "", 0, {"who": ""})
    batch = Batch([], _NOTHING, _NOTHING, True)
    review.draw(scope.dataset, setup, batch, receipt, message.v, key=KEY, left=0, any_=True)


def _batch(state: MislabelsState, visit: Visit, message: BrowserMessage, kind: ReviewKind) -> Batch:
    """What the browser does not have yet, up to what it needs."""
    need = min(max(message.need, AHEAD), 6 * AHEAD)
    queue = visits.waiting(state, checks=kind == "face")
    visits.deal(state, visit, queue, need, max(message.at, 0))
    first = max(message.have + 1, 0)
    every = visit.session.turns
    turns = every[first:] if kind == "grid" else every[first : first + _MOST]
    end = len(every) - message.at < need and first + len(turns) == len(every)
    shared = review_queue.is_exclusive(state.filters)
    gone = visit.session.gone(queue, max(message.at, 0)) if shared else []
    if kind == "grid":
        batch = items.grid(state, turns, first, end)
    else:
        tell = items.cues_of(read_notes(state.scope.dataset))
        batch = items.batch(state, turns, first, end, message.want, tell)
    return replace(batch, gone=gone, shared=shared)


def _setup(state: MislabelsState, visit: Visit, kind: ReviewKind) -> review.ReviewSetup:
    palette = emotion_colors([*state.classes])
    meta = {
        "who": state.who,
        "version": state.scope.version.id,
        "method": state.method,
        "blind": state.blind,
        "final": state.filters.disputed,
        "alone": state.filters.reviewed == "todo" and not state.blind,  # blind opinions stay apart
    }
    return review.ReviewSetup(
        kind, visit.id, visit.queue, visit.begin, meta, [(name, palette[name]) for name in state.classes], _done(state),
        address="image" if kind == "face" else "",
    )  # fmt: skip


def _done(state: MislabelsState) -> list[tuple[str, list[str], list[str]]]:
    """This reviewer's last steps that stand: id, tickets, images; those taken together are one step."""
    entries = state.journal.entries
    mine = entries[(entries["who"] == state.who) & ~entries["undone"].astype(bool)].tail(20 * _UNDO)
    table = mine[mine["action"].isin(VERDICTS) & (mine["other"] == "")]  # copies have an Undo of their own
    steps: dict[str, tuple[str, list[str], list[str]]] = {}
    columns = (table[name].tolist() for name in ("key", "batch", "image_id", "shown"))
    for key, batch, image, shown in zip(*columns, strict=True):
        name = batch or key
        step = steps.setdefault(name, (name, [], []))
        step[1].append(ticket(image, str((shown or {}).get("self_check", ""))))
        step[2].append(image)
    return list(steps.values())[-_UNDO:]
