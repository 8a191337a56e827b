"""Which face is on screen: a trail of those seen in this visit, and the next one of the queue at its end."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

import streamlit as st

from fer_core.review import self_check
from fer_core.ui.mislabel_desk import Desk

_STATE = "mis-trail"
_LOOKED_AT = 60.0
"""Seconds for which a face that somebody has on screen is not offered to others."""


@dataclass
class Trail:
    """Faces seen, and where the reviewer is among them.

    Attributes:
        queue: which filters it belongs to.
        ids: image ids in the order seen.
        at: the current one; `len(ids)` where the next is still to be picked.
        skipped: passed over; they come again when nothing else is left.
        checks: image id -> key of the decision that is being asked again.
        nonce: identity of the decision the next key press makes.
    """

    queue: str
    ids: list[str] = field(default_factory=list)
    at: int = 0
    skipped: set[str] = field(default_factory=set)
    checks: dict[str, str] = field(default_factory=dict)
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def current(self) -> str:
        return self.ids[self.at]

    def step(self, by: int) -> None:
        """To the face seen before, or the one after; behind the last the next of the queue is picked."""
        self.at = max(self.at + by, 0)
        self.nonce = uuid.uuid4().hex

    def skip(self) -> None:
        """On to another face; this one comes again at the end."""
        self.skipped.add(self.current)
        self.step(1)

    def show(self, image_id: str) -> None:
        """Put a face on screen, after the current one."""
        self.ids.insert(min(self.at + 1, len(self.ids)), image_id)
        self.at = min(self.at + 1, len(self.ids) - 1)
        self.nonce = uuid.uuid4().hex


def trail(desk: Desk) -> Trail | None:
    """The trail with a current face; None when nothing is left in the queue."""
    name = f"{desk.scope.dataset.name}/{desk.scope.version.id}/{desk.method}/{desk.filters}/{desk.who}"
    known: Trail | None = st.session_state.get(_STATE)
    if known is None or known.queue != name:
        fresh = Trail(name)
        wanted = str(st.query_params.get("image", ""))
        due = _check(desk, fresh)
        # A reload goes on where the reviewer was; with new filters the first of the queue comes.
        if known is None and wanted and due != wanted and wanted in desk.index:
            fresh.ids.append(wanted)
        st.session_state[_STATE] = known = fresh
    if known.at < len(known.ids) and known.current not in desk.index:
        known.ids, known.at = [i for i in known.ids if i in desk.index], len(known.ids)
    if known.at >= len(known.ids):
        known.at = len(known.ids)
        chosen = _check(desk, known) or _next(desk, known)
        if chosen is None:
            st.query_params.pop("image", None)
            return None
        known.ids.append(chosen)
    st.query_params["image"] = known.current
    on_screen()[desk.who, st.session_state.setdefault("mis-visit", uuid.uuid4().hex)] = (
        known.current,
        time.time(),
    )
    return known


@st.cache_resource(show_spinner=False)
def on_screen() -> dict[tuple[str, str], tuple[str, float]]:
    """(reviewer, visit) -> the face on their screen and since when, of everybody whom this server serves."""
    return {}


def _others(who: str) -> set[str]:
    """Faces that other reviewers have on screen now."""
    recent = time.time() - _LOOKED_AT
    seen = list(on_screen().items())
    for key, (_, since) in seen:
        if since < recent:
            on_screen().pop(key, None)
    return {image for (name, _), (image, since) in seen if name != who and since >= recent}


def _check(desk: Desk, known: Trail) -> str | None:
    """The reviewer's own earlier decision that is to be asked again now; noted on the trail."""
    if desk.filters.reviewed not in ("todo", "mine") or not desk.who:
        return None
    found = self_check.due(desk.said, desk.who, set(desk.candidates["image_id"]))
    if found is None or found["image_id"] in known.skipped:
        return None
    known.checks[found["image_id"]] = found["key"]
    return str(found["image_id"])


def _next(desk: Desk, known: Trail) -> str | None:
    """The first waiting face after the last one seen, then from the start, then what was skipped.

    What another reviewer has on screen is left to them, unless both are to see everything.
    """
    left = desk.waiting["image_id"].tolist()
    if desk.filters.reviewed == "todo":
        taken = _others(desk.who)
        left = [image for image in left if image not in taken] or left
    if not left:
        return None
    place = {image: i for i, image in enumerate(desk.candidates["image_id"])}
    seen = [place[image] for image in reversed(known.ids) if image in place and image not in known.checks]
    after = seen[0] if seen else -1
    last = known.ids[-1] if known.ids else ""
    open_ = [image for image in left if image not in known.skipped and (image != last or len(left) == 1)]
    if not open_:
        known.skipped.clear()
        open_ = [image for image in left if image != last] or left
    return next((image for image in open_ if place[image] > after), open_[0])
