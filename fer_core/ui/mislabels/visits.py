"""Visits of a queue: what was handed out to this browser, and what others hold meanwhile."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field

import streamlit as st

from fer_core.review import review_queue
from fer_core.review.claims import Claims
from fer_core.review.key_press import Receipt
from fer_core.review.session import ReviewSession, Waiting
from fer_core.ui.mislabels.state import MislabelsState

_STATE = "mis-visit"


@dataclass
class Visit:
    """One visit of one queue in one browser.

    Attributes:
        queue: which filters, reviewer and view it belongs to.
        id: as the browser knows it.
        session: the turns handed out.
        begin: where the browser begins.
        v, receipt: number of the browser's last message, and what became of its decisions.
    """

    queue: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    session: ReviewSession = field(default_factory=ReviewSession)
    begin: int = 0
    v: int = 0
    receipt: Receipt = field(default_factory=Receipt)


def waiting(state: MislabelsState, checks: bool) -> Waiting:
    """What may be handed out to this reviewer now.

    Args:
        state: with its queue chosen.
        checks: whether self-checks may come.
    """
    asks = checks and state.filters.reviewed in ("todo", "mine") and state.who
    return Waiting(
        state.candidates,
        state.waiting,
        state.label_verdicts if asks else state.label_verdicts.iloc[:0],
        state.who,
        _held(state),
    )


def before() -> Visit | None:
    """The visit of before this draw."""
    found: Visit | None = st.session_state.get(_STATE)
    return found


def current(state: MislabelsState, view: str) -> Visit:
    """The visit of the queue on screen; a new one where queue, reviewer or view have changed."""
    queue = "/".join(
        [state.scope.dataset.name, state.method, str(state.filters), state.who, view]
        + (["blind"] if state.blind else [])
        + [state.scope.version.id]  # last: by the rest the browser knows the queue again on the next version
    )
    last = before()
    if last is not None and last.queue == queue:
        return last
    fresh = Visit(queue)
    # A reload goes on where the reviewer was; with new filters the first of the queue comes.
    wanted = str(st.query_params.get("image", "")) if last is None and view == "face" else ""
    everything = Waiting(state.candidates, state.waiting, state.label_verdicts, state.who)
    image = wanted if wanted in state.index else ""
    fresh.begin = fresh.session.begin(everything, image) if view == "face" else 0
    st.session_state[_STATE] = fresh
    return fresh


def deal(state: MislabelsState, visit: Visit, queue: Waiting, need: int, at: int) -> None:
    """Hand out until `need` faces lie before this reviewer, which nobody else is dealt meanwhile.

    A person is known by their name, in whatever browser; without a name, by the browser.
    """
    seat = _seat(state.who)
    if seat is None or not review_queue.is_exclusive(state.filters):
        visit.session.extend(need, queue, at)
        return
    claims = Claims(state.scope.dataset.journal_path)

    def claim(images: list[str]) -> list[str]:
        return claims.take(state.who, images, len(images), seat=seat, disputed=state.filters.disputed)

    visit.session.deal(need, queue, at, claim)


def _held(state: MislabelsState) -> set[str]:
    """Faces that others have before them now."""
    if not review_queue.is_exclusive(state.filters):
        return set()
    mine = (state.who, _seat(state.who) or "")
    return set(Claims(state.scope.dataset.journal_path).held(by_others_than=mine))


def _seat(who: str) -> str | None:
    """Tells people without a name apart, by Streamlit's own cookie, which outlives a reload; "" of a name.

    None where there is no cookie: then nothing is held, for a reload would be another one.
    """
    if who:
        return ""
    parts = str(st.context.cookies.get("_streamlit_xsrf", "")).strip("\"'").split("|")
    try:
        _, mask, masked, _ = parts  # the token is written with another mask each time
        by = bytes.fromhex(mask)
        token = bytes(byte ^ by[i % len(by)] for i, byte in enumerate(bytes.fromhex(masked)))
    except (ValueError, ZeroDivisionError):
        return None
    return hashlib.blake2b(token, digest_size=8).hexdigest()
