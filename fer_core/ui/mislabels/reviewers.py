"""The reviewers: whose turn it is, blind mode, and how far they agree with each other and with themselves."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer_core.review import agreement
from fer_core.review.queues import ALL
from fer_core.ui import html
from fer_core.ui.mislabel_desk import Desk


def identity() -> tuple[str, bool]:
    """The reviewer's name and whether they judge blind; both are kept in the address."""
    with st.container(border=True):
        st.html(html.heading("Reviewer"))
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
    return who.strip(), bool(blind)


@st.cache_data(max_entries=8, show_spinner=False)
def _report(dataset: str, pace: str, _desk: Desk) -> dict[str, Any]:
    return agreement.agreement(_desk.said)


def card(desk: Desk) -> None:
    """Agreement between reviewers, the queue of disagreements, and self-checks; nothing before there is anything."""
    if desk.said["who"].nunique() < 2 and not (desk.said["mode"] == "self_check").any():
        return
    found = _report(f"{desk.scope.workspace.root}/{desk.scope.dataset.name}", desk.pace, desk)
    lines = [
        f"{_name(pair['first'])} and {_name(pair['second'])}: κ {_kappa(pair['kappa'])}, "
        f"{pair['agreed']:,} of {pair['images']:,} alike"
        for pair in found["pairs"]
    ]
    if found["method"] == "fleiss" and found["images"]:
        lines.append(f"all: Fleiss’ κ {_kappa(found['kappa'])} on {html.plural(found['images'], 'image')}")
    lines += [
        f"{_name(check['who'])} with themselves: κ {_kappa(check['kappa'])}, {check['agreed']} of {check['checks']} alike"
        for check in found["self_checks"]
    ]
    if not lines:
        return
    with st.container(border=True):
        st.html(
            html.heading("Agreement")
            + "".join(f'<p class="fer-note">{html.esc(line)}</p>' for line in lines)
            + _classes(found["classes"])
        )
        count = found["disagreements"]
        if count:
            words = f"See {html.plural(count, 'disagreement')}"
            st.button(words, key="mis-see-split", on_click=_see, icon=":material/call_split:")


def _see() -> None:
    wanted = {"mis-reviewed": "split", "mis-kind": ALL, "mis-queue-current": ALL, "mis-view": "One face"}
    for name, value in wanted.items():
        st.session_state[name] = value


def _classes(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    cells = [[row["class"], row["images"], _kappa(row["kappa"])] for row in rows]
    return html.table(["class", "images", "κ"], cells, numeric=[1, 2], caption="Agreement per class")


def _kappa(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("0.", ".")


def _name(who: str) -> str:
    return who or "(no name)"
