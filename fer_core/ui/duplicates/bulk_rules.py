"""Settling by rule: a policy per queue, its outcome before it is applied, and one undo."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from fer_core.data import records
from fer_core.emotions import ordered_splits
from fer_core.review.journal import Journal
from fer_core.review.policies import DEFAULTS, POLICIES, Plan, plan_policy
from fer_core.ui import cache, faces, html, page, verdicts
from fer_core.ui.faces import Face, each

_BATCH = "dup-batch"


def card(
    scope: page.Scope,
    journal: Journal,
    found: pd.DataFrame,
    queues: Mapping[str, list[int]],
    names: Mapping[str, str],
) -> None:
    """A policy for each queue that has open groups, what they would do together, preview and undo."""
    waiting = [queue for queue in DEFAULTS if queues[queue]]
    if not waiting and _BATCH not in st.session_state:
        return
    with st.container(border=True):
        st.html(html.heading("Do the rest by rule", "preview first, undo after"))
        choose, outcome = st.columns([1, 1.1], gap="medium")
        with choose:
            chosen = {
                queue: st.selectbox(
                    f"{names[queue]} ({len(queues[queue]):,})",
                    list(POLICIES),
                    index=list(POLICIES).index(DEFAULTS[queue]),
                    format_func=POLICIES.__getitem__,
                    key=f"dup-policy-{queue}",
                )
                for queue in waiting
            }
        plan = plan_policy(found, chosen, queues)
        about = plan.summary()
        with outcome:
            _outcome(scope, plan)
            with st.container(horizontal=True):
                if st.button(
                    f"Preview {html.plural(about['groups'], 'group')}",
                    disabled=not about["groups"],
                    key="dup-rule",
                    type="primary",
                ):
                    _preview(scope, journal, plan)
                if (batch := st.session_state.get(_BATCH)) and st.button(
                    "Undo the rule", icon=":material/undo:"
                ):
                    journal.undo_batch(batch, verdicts.reviewer())
                    del st.session_state[_BATCH]
                    st.rerun()


def _outcome(scope: page.Scope, plan: Plan) -> None:
    about = plan.summary()
    before = records.counts(scope.manifest).sum()
    rows: list[list[html.Cell]] = [
        ["groups settled", about["groups"]],
        ["groups left for you", about["left"]],
    ]
    rows += [[f"images dropped from {s}", about["splits"][s]] for s in ordered_splits(about["splits"])]
    rows += [
        [f"{name} after", f"{-dropped / max(int(before.get(name, 0)), 1):+.1%}"]
        for name, dropped in list(about["classes"].items())[:4]
    ]
    st.html(html.table(["the rule would do", ""], rows, numeric=[1], caption="Outcome of the rule"))


@st.dialog("Settle open groups by rule", width="medium")
def _preview(scope: page.Scope, journal: Journal, plan: Plan) -> None:
    """Faces that would go, and the button that records it."""
    about, gone = plan.summary(), plan.dropped
    st.html(
        f'<p class="fer-note">{about["dropped"]:,} images of {html.plural(about["groups"], "group")} would be dropped '
        f"from the next version; {about['left']:,} groups stay for you. The files stay where they are.</p>"
    )
    some = gone.head(24)
    words = [Face(r["image_id"], r["label"], f"{r['split']} · {r['kind']}") for r in each(some)]
    pixels = cache.faces(scope.dataset, some["row"])
    faces.sheet(
        pixels, words, key="rule-faces", label="Faces that would be dropped", size=72, clickable=False
    )
    if len(gone) > len(some):
        st.html(f'<p class="fer-muted">and {len(gone) - len(some):,} more</p>')
    label = f"Record: drop {about['dropped']:,} images of {about['groups']:,} groups"
    if st.button(label, type="primary", key="dup-record"):
        st.session_state[_BATCH] = journal.add_many(plan.decisions(verdicts.reviewer()))
        st.rerun()
