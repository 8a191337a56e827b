"""The reviewers: whose turn it is, blind mode, and how far they agree with each other and with themselves."""

from __future__ import annotations

import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.review import agreement, review_queue
from fer_core.review.claims import Claims
from fer_core.review.review_queue import ALL, Filters
from fer_core.ui.components import markup
from fer_core.ui.mislabels.queue_table import EVERY
from fer_core.ui.mislabels.state import MislabelsState, open_state
from fer_core.ui.shell import decisions
from fer_core.ui.shell.page import Scope

_WANTED = "mis-wanted"


def identity(dataset: Dataset) -> tuple[str, bool]:
    """The reviewer's name, as the journal spells it, and whether they judge blind; both are kept in the address."""
    with st.container(border=True):
        st.html(markup.heading("Reviewer"))
        who = st.text_input(
            "Your name",
            key="mis-who",
            bind="query-params",
            placeholder="kept with each decision",
            max_chars=60,
        )
        blind = st.toggle(
            "Blind",
            key="mis-blind",
            bind="query-params",
            help="Hide the label and the suggestion until you have judged",
        )
    st.session_state["fer-reviewer"] = who.strip()
    return decisions.reviewer(dataset), bool(blind)


@st.cache_data(max_entries=8, show_spinner=False)
def _report(dataset: str, pace: str, _state: MislabelsState) -> agreement.AgreementReport:
    return agreement.agreement(_state.label_verdicts)


@st.fragment(run_every=2 * EVERY)
def card(scope: Scope, method: str, filters: Filters) -> None:
    """Who is at work on which part of the queue, how far they agree, and the queue of disagreements."""
    if _WANTED in st.session_state:  # the run that was to follow a click was cut short
        st.rerun(scope="app")
    state = open_state(scope, method)
    if state is None:
        return
    _at_work(state, filters)
    _agreement(state)


def _at_work(state: MislabelsState, filters: Filters) -> None:
    """Everybody who decided or has faces before them now; nothing where that is one alone."""
    claims = Claims(state.scope.dataset.journal_path)
    holders = claims.holders()
    people = review_queue.reviewer_activity(state.label_verdicts, holders)
    if len(people) < 2 and len(holders) < 2:
        return
    state.choose(filters)
    waiting = review_queue.of_pair(state.open, filters.pair)
    where = {who: (first, last) for who, _, first, last in review_queue.held_parts(waiting, claims.held())}
    rows = []
    for person in people:
        place = where.get(person.who)
        part = f"{place[0]:,}–{place[1]:,}" if place else "others" if person.holds else "–"
        speed = f"{person.per_minute:.0f}" if person.per_minute else "–"
        rows.append([_name(person.who), f"{person.decisions:,}", speed, part])
    with st.container(border=True, key="mis-at-work"):
        st.html(
            markup.heading("At work", "nobody is shown what another has before them")
            + markup.table(
                ["reviewer", "decided", "a minute", "has"], rows, numeric=[1, 2],
                caption="Reviewers: decisions, pace, and which faces of the queue they have before them",
            )
        )  # fmt: skip


def _agreement(state: MislabelsState) -> None:
    if state.label_verdicts["who"].nunique() < 2 and not (state.label_verdicts["mode"] == "self_check").any():
        return
    found = _report(f"{state.scope.workspace.root}/{state.scope.dataset.name}", state.pace, state)
    lines = [
        f"{_name(pair['first'])} and {_name(pair['second'])}: κ {_kappa(pair['kappa'])}, "
        f"{pair['agreed']:,} of {pair['images']:,} alike"
        for pair in found["pairs"]
    ]
    if found["method"] == "fleiss" and found["images"]:
        lines.append(f"all: Fleiss’ κ {_kappa(found['kappa'])} on {markup.plural(found['images'], 'image')}")
    lines += [
        f"{_name(check['who'])} with themselves: κ {_kappa(check['kappa'])}, {check['agreed']} of {check['checks']} alike"
        for check in found["self_checks"]
    ]
    if not lines:
        return
    with st.container(border=True):
        st.html(
            markup.heading("Agreement")
            + "".join(f'<p class="fer-note">{markup.esc(line)}</p>' for line in lines)
            + _classes(found["classes"])
        )
        if count := len(state.journal.disagreements):
            words = f"See {markup.plural(count, 'disagreement')}"
            if st.button(words, key="mis-see-split", on_click=_see, icon=":material/call_split:"):
                st.rerun(scope="app")


def _see() -> None:
    st.session_state[_WANTED] = {
        "mis-reviewed": "split", "mis-kind": ALL, "mis-queue-current": ALL, "mis-view": "One face",
    }  # fmt: skip


def follow_click() -> None:
    """Put the choices that a click in a fragment asked for in place, before the page draws them.

    Set in the fragment they would be lost where the page's run takes along what another fragment's timer sent, which
    has the choices of before: on a busy machine that is every time.
    """
    for name, value in st.session_state.pop(_WANTED, {}).items():
        if st.session_state.get(name) != value:
            st.session_state[name] = value


def _classes(rows: list[agreement.ClassAgreement]) -> str:
    if not rows:
        return ""
    cells: list[list[markup.Cell]] = [[row["class"], row["images"], _kappa(row["kappa"])] for row in rows]
    return markup.table(["class", "images", "κ"], cells, numeric=[1, 2], caption="Agreement per class")


def _kappa(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("0.", ".")


def _name(who: str) -> str:
    return who or "(no name)"
