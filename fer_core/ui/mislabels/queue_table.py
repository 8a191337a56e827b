"""Beside the face: how far the review is, what stays if it ends here, the class pairs and the filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from fer_core.quality import mislabels
from fer_core.review import estimate, queues
from fer_core.review.queues import ALL, KINDS, ORDERS, REVIEWED, Filters
from fer_core.ui import html, rows
from fer_core.ui.faces import each
from fer_core.ui.mislabel_desk import Desk

_PAIRS = 8


def _choice(
    label: str, options: list[str], key: str, words: dict[str, str] | None = None, **more: Any
) -> str:
    """A selectbox kept in the address; an address that names no option shows the first."""
    said = words or {}
    chosen = st.selectbox(
        label, options, key=key, bind="query-params", format_func=lambda value: said.get(value, value), **more
    )
    return str(chosen or options[0])


def filters(desk: Desk) -> Filters:
    """The filter card; every choice is in the address."""
    people = sorted({str(who) for who in desk.said["who"] if who})
    sources = desk.ranked.sources
    with st.container(border=True):
        st.html(html.heading("Filter"))
        kind = _choice("Show", list(KINDS), "mis-kind", KINDS)
        reviewed = _choice("Reviewed", list(REVIEWED), "mis-reviewed", REVIEWED)
        by = _choice("Reviewer", [ALL, *people], "mis-by") if reviewed == "done" and people else ALL
        split = _choice("Split", [ALL, *desk.ranked.splits], "mis-split")
        source = _choice("Source", [ALL, *sources], "mis-source") if len(sources) > 1 else ALL
        most = st.slider("Score at most", 0.0, 1.0, 1.0, 0.05, key="mis-score", bind="query-params")
        order = _choice(
            "Order", list(ORDERS), "mis-order", ORDERS,
            help="At random finds fewer wrong labels per minute, but tells best how many are left",
        )  # fmt: skip
    return Filters(kind, _pair_in_use(), split, source, float(most), reviewed, by, order)


def _pair_in_use() -> str:
    """The pair on the queue: as clicked, else from the address."""
    return str(st.session_state.get("mis-queue-current") or st.query_params.get("pair") or ALL)


def progress(desk: Desk) -> str:
    """The review card: share done, pace, time left, what stays, and the pairs; returns the pair that is on."""
    every, waiting, chosen = desk.every, desk.open, desk.filters
    pairs = mislabels.pair_queues(waiting)
    listed = [rows.Row(ALL, "all pairs", f"{len(waiting):,}", muted=True)]
    listed += [
        rows.Row(f"{p['label']}>{p['suggested']}", f"{p['label']} → {p['suggested']}", f"{p['images']:,}")
        for p in each(pairs.head(_PAIRS))
    ]
    wanted = chosen.pair
    if wanted not in {row.id for row in listed} and ">" in wanted:  # finished, or one of the small ones
        left = len(queues.of_pair(waiting, wanted))
        listed.append(rows.Row(wanted, wanted.replace(">", " → "), f"{left:,}"))
    st.session_state.setdefault("mis-queue-current", wanted)
    with st.container(border=True):
        mine = queues.of_pair(every, wanted)
        left = len(queues.of_pair(waiting, wanted))
        done = len(mine) - left
        st.html(
            html.heading("Review")
            + html.progress(done / max(len(mine), 1))
            + f'<p class="fer-note"><b>{done:,}</b> of {len(mine):,}{_pace(desk, left)}</p>{effect(desk)}'
        )
        # Judging blind, there are no pairs to choose: they name the label.
        words = "Class pairs: given label and suggestion"
        pair = ALL if desk.blind else rows.choose(listed, key="mis-queue", label=words)
    if pair == ALL:
        st.query_params.pop("pair", None)
    else:
        st.query_params["pair"] = pair
    return pair


def _pace(desk: Desk, left: int) -> str:
    pace = queues.pace(desk.said, desk.who)
    if pace["seconds"] is None:
        return ""
    return f" · {pace['per_minute']:.0f} a minute · {html.duration(pace['seconds'] * left)} left"


@st.cache_data(max_entries=32, show_spinner=False)
def _left(dataset: str, version: str, method: str, pace: str, _desk: Desk) -> tuple[Any, Any]:
    """The estimate for the likely wrong labels, and for all, of those not reviewed."""
    known = estimate.outcomes(_desk.ranking, _desk.holding)
    scores, likely = _desk.ranking["score"].to_numpy(), _desk.ranking["likely_wrong"].to_numpy(bool)
    rest = np.ones(len(scores), dtype=bool)
    rest[_desk.places(_desk.holding["image_id"])] = False
    told = scores[_desk.places(known.index)]
    return estimate.estimate(told, known, scores[rest & likely]), estimate.estimate(told, known, scores[rest])


def effect(desk: Desk) -> str:
    """If you stop here: what stays among the likely wrong, and in the set, once enough is decided to tell."""
    name = f"{desk.scope.workspace.root}/{desk.scope.dataset.name}"
    likely, everything = _left(name, desk.scope.version.id, desk.method, desk.pace, desk)
    if likely is None or everything is None:
        words = f"How many stay if you stop is told after {estimate.MIN_DECISIONS} decisions."
    else:
        words = (
            f"If you stop here, about <b>{likely.wrong:,}</b> ({likely.low:,}–{likely.high:,}) wrong labels stay among the "
            f"{likely.images:,} likely ones; {everything.wrong:,} ({everything.low:,}–{everything.high:,}) in all "
            f"{everything.images:,} not reviewed."
        )
    return f'<p class="fer-muted" style="margin:.3rem 0 .5rem" title="95 % intervals from the decisions so far">{words}</p>'
