"""One group of copies: its faces, the proposed keeper with the reason, and the keys that settle it."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import median

import pandas as pd
import streamlit as st

from fer_core.emotions import ordered_splits
from fer_core.review import copies
from fer_core.review.copies import Proposal
from fer_core.review.journal import Journal
from fer_core.ui import cache, faces, html, page, verdicts
from fer_core.ui.faces import Face, each, file_name

_FACES = 24
_TIMES = "dup-times"


def settle(
    scope: page.Scope, journal: Journal, group: pd.DataFrame, place: tuple[int, int], done: bool
) -> None:
    """The current group and its verdict buttons.

    Args:
        group: its rows, from `copies.members`.
        place: position in its queue, and the queue's length.
        done: whether it is settled.
    """
    number, (position, total) = int(group["group"].iloc[0]), place
    chosen = f"dup-keep-{group['image_id'].iloc[0]}-{number}"
    proposal = copies.propose(group, keep=st.session_state.get(chosen))
    st.html(_head(group, position, total, done) + html.progress((position + 1) / total))
    clicked = _faces(scope, group, proposal, done)
    if clicked and clicked != proposal.keep and not done:
        st.session_state[chosen] = clicked
        st.rerun()
    path = group.set_index("image_id").loc[proposal.keep, "path"]
    if done:
        st.html('<p class="fer-note">Nothing is left to decide here. Undo brings the last verdict back.</p>')
    else:
        st.html(
            f'<p class="fer-note">Proposed: keep <b>{html.esc(path)}</b>, because {html.esc(proposal.reason)}. '
            '<span class="fer-muted">Click another face to keep that one.</span></p>'
        )

    def accept() -> None:
        journal.add_many(copies.settle(group, proposal, verdicts.reviewer()))
        _took()

    def refuse() -> None:
        journal.add_many(copies.reject(group, verdicts.reviewer()))
        _took()

    def other() -> None:
        images = list(group["image_id"])
        st.session_state[chosen] = images[(images.index(proposal.keep) + 1) % len(images)]

    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Accept", type="primary", shortcut="Enter", disabled=done, key="dup-accept", on_click=accept,
            help="Keep the green one, drop the rest",
        )  # fmt: skip
        st.button("Keep other", shortcut="K", disabled=done, key="dup-other", on_click=other)
        st.button("Not a copy", shortcut="N", disabled=done, key="dup-not", on_click=refuse)
        verdicts.undo_button(journal)
        verdicts.step_buttons("dup-place", total)


def _head(group: pd.DataFrame, position: int, total: int, done: bool) -> str:
    labels, splits = sorted(group["label"].unique()), ordered_splits(group["split"].unique())
    chips = [html.chip("bad", "labels differ")] if len(labels) > 1 else []
    chips += [html.chip("bad", " and ".join(splits))] if len(splits) > 1 else []
    chips += [html.chip("good", "settled")] if done else []
    kinds = set(group["kind"]) - {"exact"}
    same = f"{' and '.join(sorted(kinds))} copies" if kinds else "same pixels"
    pace = "" if done else _left(total - position)
    aside = f"{same}, labelled {' and '.join(labels)}{pace}"
    return html.heading(f"Group {position + 1:,} of {total:,}", aside, *chips)


def _faces(scope: page.Scope, group: pd.DataFrame, proposal: Proposal, done: bool) -> str | None:
    """Large faces with what is known of each; the id of the one just clicked."""
    shown = group.head(_FACES)
    words = []
    for r in each(shown):
        kept = r["image_id"] == proposal.keep
        fate = "" if done else ("keep · " if kept else "drop · ")
        alike = (
            "" if r["kind"] == "exact" else f" · {r['kind']}, {r['distance']} bits, r {r['correlation']:.2f}"
        )
        size = f"{r['width']}×{r['height']}"
        detail = f"{file_name(r['path'])} · {size}{alike}"
        words.append(
            Face(
                r["image_id"], f"{fate}{r['label']} · {r['split']}", detail,
                "" if done else ("keep" if kept else "flagged"),
            )
        )  # fmt: skip
    pixels = cache.faces(scope.dataset, shown["row"])
    clicked = faces.sheet(pixels, words, key="dup-faces", label="Copies; choose the one to keep", size=192)
    if len(group) > _FACES:
        st.html(f'<p class="fer-muted">and {len(group) - _FACES:,} more copies</p>')
    return clicked


def _took() -> None:
    """Remember when a verdict was given, to tell the pace."""
    st.session_state[_TIMES] = [*st.session_state.get(_TIMES, []), time.time()][-21:]


def _left(groups: int) -> str:
    """Time left at this reviewer's pace, once there is one; breaks do not count."""
    times = st.session_state.get(_TIMES, [])
    gaps = [b - a for a, b in pairwise(times) if b - a < 120]
    return f" · {html.duration(median(gaps) * groups)} left at your pace" if len(gaps) >= 3 else ""
