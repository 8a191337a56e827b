"""The review component on this page: groups handed out, verdicts on them taken in."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.base.emotions import ordered_splits
from fer_core.base.tables import row_dicts
from fer_core.review import copies
from fer_core.review.decisions import PAIRS
from fer_core.review.key_press import Receipt, ticket
from fer_core.review.review_queue import pace
from fer_core.review.session import AHEAD, HandedFace, ReviewSession, Waiting
from fer_core.ui.components import markup, review
from fer_core.ui.components.face_sheet import file_name
from fer_core.ui.components.review import Batch, BrowserMessage
from fer_core.ui.duplicates.open_groups import Open, look, name_of
from fer_core.ui.shell import cache, decisions, page

KEY = "dup-review"
_FACES, _STEPS = 24, 200
_VISIT = "dup-visit"


@dataclass
class _Visit:
    """One visit of one queue in one browser; as `mislabels.visits.Visit`."""

    queue: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    session: ReviewSession = field(default_factory=ReviewSession)
    v: int = 0
    receipt: Receipt = field(default_factory=Receipt)


@st.fragment
def draw(scope: page.Scope, distance: int, queue: str, advice: str) -> None:
    """One round of the conversation with the browser; runs again with each of its messages, without the page."""
    message = review.read_message(KEY)
    known: _Visit | None = st.session_state.get(_VISIT)
    handled = known is not None and known.v == message.v
    receipt = known.receipt if known is not None and handled else review.receive(scope.dataset, message.ops)
    state = look(scope, distance)
    name = f"{scope.dataset.name}/{scope.version.id}/{distance}/{queue}/{decisions.reviewer(scope.dataset)}"
    visit = known if known is not None and known.queue == name else _Visit(name)
    st.session_state[_VISIT] = visit
    visit.v, visit.receipt = message.v, receipt
    if message.visit != visit.id:
        message = BrowserMessage(v=message.v)
    numbers = state.queues[queue]
    table = pd.DataFrame({"image_id": [state.names[number] for number in numbers]}, dtype=object)
    need = min(max(message.need, AHEAD), 4 * AHEAD)
    visit.session.extend(need, Waiting(table, table), max(message.at, 0))
    first = max(message.have + 1, 0)
    end = len(visit.session.turns) - message.at < need
    batch = _batch(scope, state, visit.session.turns[first:], first, end, message.want)
    meta = {
        "who": decisions.reviewer(scope.dataset),
        "version": scope.version.id,
        "closed": queue == "settled",
        "alone": queue != "settled",
    }
    setup = review.ReviewSetup("group", visit.id, visit.queue, 0, meta, done=_done(scope), advice=advice)
    review.draw(
        scope.dataset, setup, batch, receipt, message.v, key=KEY, left=len(numbers), any_=len(state.found) > 0
    )


def left(scope: page.Scope, groups: int) -> str:
    """Time left at this reviewer's pace, once there is one."""
    entries = cache.journal(scope.dataset).entries
    mine = entries[entries["action"].isin(PAIRS)].drop_duplicates("time")
    seconds = pace(mine, decisions.reviewer(scope.dataset))["seconds"]
    return f"{markup.duration(seconds * groups)} left at your pace" if seconds and groups else ""


def _batch(
    scope: page.Scope, state: Open, turns: Sequence[HandedFace], first: int, end: bool, want: str
) -> Batch:
    numbers = [state.by_ticket.get(turn.ticket) for turn in turns]
    wanted = state.by_ticket.get(want)
    rows: list[int] = []
    items = [
        _item(state, number, turn.ticket, rows) | {"n": first + i}
        # A group may have changed since it was handed out: its number is taken, and the browser passes over it.
        if number is not None
        else {"n": first + i, "gone": True, "ticket": turn.ticket}
        for i, (number, turn) in enumerate(zip(numbers, turns, strict=True))
    ]
    extra: dict[str, Any] | None = {"key": want, "missing": True} if want else None
    if wanted is not None:
        extra = _item(state, wanted, want, rows) | {"n": -1, "key": want}
    faces = cache.faces(scope.dataset, rows) if rows else np.zeros((0, 48, 48), np.uint8)
    return Batch(items, faces, np.zeros((0, 48, 48), np.uint8), end, extra)


def _item(state: Open, number: int, name: str, rows: list[int]) -> dict[str, Any]:
    """One group for the browser; the rows of its faces are added to `rows`."""
    group = state.rows(number)
    proposal = copies.propose(group)
    listed = row_dicts(group)
    short = [file_name(row["path"]) for row in listed]
    names = {
        row["image_id"]: file if short.count(file) == 1 else row["path"]
        for row, file in zip(listed, short, strict=True)
    }
    shown = sorted(listed, key=lambda row: row["image_id"] != proposal.keep)[:_FACES]
    start = len(rows)
    rows += [int(row["row"]) for row in shown]
    labels, splits = sorted(group["label"].unique()), ordered_splits(group["split"].unique())
    chips = [("bad", "labels differ")] if len(labels) > 1 else []
    chips += [("bad", " and ".join(splits))] if len(splits) > 1 else []
    kinds = sorted(set(group["kind"]) - {"exact"})
    framed = ", in another frame" if group["framed"].any() else ""
    same = f"{' and '.join(kinds)} copies{framed}" if kinds else "same pixels"
    return {
        "id": name,
        "ticket": name,
        "images": [row["image_id"] for row in listed],
        "names": names,
        "keep": proposal.keep,
        "reason": proposal.reason,
        "head": f"{same[0].upper()}{same[1:]}, labelled {' and '.join(labels)}",
        "chips": chips,
        "more": len(listed) - len(shown),
        "faces": [_face(row, names, start + i) for i, row in enumerate(shown)],
    }


def _face(row: dict[str, Any], names: dict[str, str], number: int) -> dict[str, Any]:
    alike = (
        ""
        if row["kind"] == "exact"
        else f" · {row['kind']}{', in another frame' * row['framed']}, {row['distance']} bits, r {row['correlation']:.2f}"
    )
    return {
        "id": row["image_id"],
        "face": number,
        "words": f"{row['label']} · {row['split']}",
        "detail": f"{names[row['image_id']]} · {row['width']}×{row['height']}{alike}",
    }


def _done(scope: page.Scope) -> list[tuple[str, list[str], list[str]]]:
    """This reviewer's last steps about copies that stand: id, tickets of the groups, images."""
    entries = cache.journal(scope.dataset).entries
    mine = entries[(entries["who"] == decisions.reviewer(scope.dataset)) & ~entries["undone"].astype(bool)]
    table = mine[mine["action"].isin(PAIRS) | (mine["other"] != "")]
    steps: dict[str, dict[str, None]] = {}
    columns = (table[name].tolist() for name in ("key", "batch", "shown"))
    for key, batch, shown in zip(*columns, strict=True):
        steps.setdefault(batch or key, {})[ticket(name_of((shown or {}).get("group", [])))] = None
    return [(step, list(tickets), []) for step, tickets in list(steps.items())[-_STEPS:]]
