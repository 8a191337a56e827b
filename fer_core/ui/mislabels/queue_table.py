"""Beside the face: how far the review is, what stays if it ends here, the class pairs and the filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from fer_core import mislabels
from fer_core.base.tables import row_dicts
from fer_core.review import remaining_errors, review_queue
from fer_core.review.review_queue import ALL, KINDS, ORDERS, REVIEWED, Filters
from fer_core.ui.components import choice_list, markup
from fer_core.ui.mislabels.state import MislabelsState, open_state
from fer_core.ui.shell.page import Scope

_PAIRS = 8
EVERY = 3.0
"""Seconds between two looks at the journal of what stands beside the face."""


def _choice(
    label: str, options: list[str], key: str, words: dict[str, str] | None = None, **more: Any
) -> str:
    """A selectbox kept in the address; an address that names no option shows the first."""
    said = words or {}
    chosen = st.selectbox(
        label, options, key=key, bind="query-params", format_func=lambda value: said.get(value, value), **more
    )
    return str(chosen or options[0])


def filters(state: MislabelsState) -> Filters:
    """The filter card; every choice is in the address."""
    people = sorted({str(who) for who in state.label_verdicts["who"] if who})
    sources = state.ranked.sources
    with st.container(border=True):
        st.html(markup.heading("Filter"))
        kind = _choice("Show", list(KINDS), "mis-kind", KINDS)
        reviewed = _choice("Reviewed", list(REVIEWED), "mis-reviewed", REVIEWED)
        by = _choice("Reviewer", [ALL, *people], "mis-by") if reviewed == "done" and people else ALL
        split = _choice("Split", [ALL, *state.ranked.splits], "mis-split")
        source = _choice("Source", [ALL, *sources], "mis-source") if len(sources) > 1 else ALL
        most = st.slider("Score at most", 0.0, 1.0, 1.0, 0.05, key="mis-score", bind="query-params")
        order = _choice(
            "Order", list(ORDERS), "mis-order", ORDERS,
            help="At random finds fewer wrong labels per minute. Spot checks alone, of every image, tell best how many are left",
        )  # fmt: skip
        checked = st.toggle(
            "Spot checks", key="mis-spot", bind="query-params", disabled=kind != "wrong" or order != "worst",
            help=f"One face in {remaining_errors.SPOT_EVERY} comes from the rest of the set, taken at random: they tell how many "
            "wrong labels are left",
        )  # fmt: skip
    return Filters(kind, _pair_in_use(), split, source, float(most), reviewed, by, order, bool(checked))


def _pair_in_use() -> str:
    """The pair on the queue: as clicked, else from the address."""
    return str(st.session_state.get("mis-queue-current") or st.query_params.get("pair") or ALL)


@st.fragment(run_every=EVERY)
def progress(scope: Scope, method: str, who: str, blind: bool, chosen: Filters) -> None:
    """The review card, as it is now: share done, pace, time left, what stays, and the pairs."""
    state = open_state(scope, method)
    if state is None:
        return
    state.who = who
    state.choose(chosen)
    wanted = chosen.pair
    listed = _pairs(state, wanted)
    st.session_state.setdefault("mis-queue-current", wanted)
    with st.container(border=True):
        mine = review_queue.of_pair(state.every, wanted)
        left = len(review_queue.of_pair(state.open, wanted))
        done = len(mine) - left
        spots = int((~mine["likely_wrong"].to_numpy(bool)).sum()) if chosen.has_checks else 0
        said = f", {spots:,} of them spot checks" if spots else ""
        st.html(
            markup.heading("Review")
            + markup.progress(done / max(len(mine), 1))
            + f'<p class="fer-note"><b>{done:,}</b> of {len(mine):,}{said}{_pace(state, left)}</p>{effect(state)}'
        )
        # Judging blind, there are no pairs to choose: they name the label.
        words = "Class pairs: given label and suggestion"
        pair = ALL if blind else choice_list.choose(listed, key="mis-queue", label=words)
    if pair == ALL:
        st.query_params.pop("pair", None)
    else:
        st.query_params["pair"] = pair
    if pair != wanted:
        st.rerun(scope="app")


def _pairs(state: MislabelsState, wanted: str) -> list[choice_list.ChoiceRow]:
    """All pairs together, the largest ones, and the one that is on."""
    waiting = state.open
    listed = [choice_list.ChoiceRow(ALL, "all pairs", f"{len(waiting):,}", muted=True)]
    listed += [
        choice_list.ChoiceRow(
            f"{p['label']}>{p['suggested']}", f"{p['label']} → {p['suggested']}", f"{p['images']:,}"
        )
        for p in row_dicts(mislabels.pair_queues(waiting).head(_PAIRS))
    ]
    if wanted not in {row.id for row in listed} and ">" in wanted:  # finished, or one of the small ones
        left = len(review_queue.of_pair(waiting, wanted))
        listed.append(choice_list.ChoiceRow(wanted, wanted.replace(">", " → "), f"{left:,}"))
    return listed


def _pace(state: MislabelsState, left: int) -> str:
    pace = review_queue.pace(state.label_verdicts, state.who)
    if pace["seconds"] is None:
        return ""
    return f" · {pace['per_minute']:.0f} a minute · {markup.duration(pace['seconds'] * left)} left"


@st.cache_data(max_entries=32, show_spinner=False)
def _left(dataset: str, version: str, method: str, pace: str, _state: MislabelsState) -> tuple[Any, Any]:
    """The estimate for the likely wrong labels, and for all, of those not reviewed."""
    known = remaining_errors.wrong_labels(_state.ranking, _state.current_verdicts)
    scores, likely = _state.ranking["score"].to_numpy(), _state.ranking["likely_wrong"].to_numpy(bool)
    rest = np.ones(len(scores), dtype=bool)
    rest[_state.positions(_state.current_verdicts["image_id"])] = False
    decided = scores[_state.positions(known.index)]
    return remaining_errors.estimate_remaining(
        decided, known, scores[rest & likely]
    ), remaining_errors.estimate_remaining(
        decided, known, scores[rest], expected=float(_state.ranking["issue"].sum())
    )


def effect(state: MislabelsState) -> str:
    """If you stop here: what stays among the likely wrong, and in the set, once enough is decided to tell."""
    name = f"{state.scope.workspace.root}/{state.scope.dataset.name}"
    likely, everything = _left(name, state.scope.version.id, state.method, state.pace, state)
    if likely is None or everything is None:
        words = (
            f"After {remaining_errors.MIN_DECISIONS} decisions you see here how many wrong labels would remain "
            "if you stopped."
        )
    else:
        words = (
            f"If you stop here, about <b>{likely.wrong:,}</b> ({likely.low:,}–{likely.high:,}) wrong labels stay among the "
            f"{likely.images:,} likely ones; {everything.wrong:,} ({everything.low:,}–{everything.high:,}) in all "
            f"{everything.images:,} not reviewed."
        )
    return f'<p class="fer-muted" style="margin:.3rem 0 .5rem" title="90 % intervals from the decisions so far">{words}</p>'
