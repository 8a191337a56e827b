"""Settling by rule: a policy per queue, its outcome before it is applied, and one undo."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from fer_core.base.emotions import ordered_splits
from fer_core.base.tables import row_dicts
from fer_core.data import manifest
from fer_core.duplicates.reach import SURE_DISTANCE
from fer_core.review.journal import Journal
from fer_core.review.policies import DEFAULTS, POLICIES, PolicyPlan, plan_policy
from fer_core.splits.open_copies import GroupsAfter
from fer_core.ui.components import face_sheet, markup
from fer_core.ui.components.face_sheet import SheetFace
from fer_core.ui.duplicates.open_groups import Open, look
from fer_core.ui.shell import cache, decisions, page

_BATCH, _ASKED = "dup-batch", "dup-rule-asked"
ANEW = (
    "Groups form anew where a picture that stays is also a copy of one outside its group: every picture of a group is a copy "
    "of every other, so it could be in one alone. Use the rule again for them."
)


@st.fragment(run_every=3)
def card(scope: page.Scope, distance: int, names: Mapping[str, str]) -> None:
    """A policy for each queue that has open groups, what they would do together, preview and undo."""
    state = look(scope, distance)
    queues = state.queues
    waiting = [queue for queue in DEFAULTS if queues[queue]]
    if not waiting and _BATCH not in st.session_state:
        return
    with st.container(border=True, key="dup-rules"):
        st.html(markup.heading("Do the rest by rule", "preview first, undo after"))
        choose, outcome = st.columns([1, 1.1], gap="medium")
        with choose:
            chosen = {
                queue: st.selectbox(
                    f"{names[queue]} ({len(queues[queue]):,})",
                    list(POLICIES),
                    index=list(POLICIES).index(DEFAULTS[queue]),
                    format_func=POLICIES.__getitem__,
                    key=f"dup-policy-{queue}",
                    persist_state="session",
                )
                for queue in waiting
            }
        plan, after = _plan(scope, state, chosen)
        about = plan.summary()
        with outcome:
            _outcome(scope, plan, after)
            with st.container(horizontal=True):
                if st.button(
                    f"Preview {markup.plural(about['groups'], 'group')}",
                    disabled=not about["groups"],
                    key="dup-rule",
                    type="primary",
                ):
                    st.session_state[_ASKED] = (scope.dataset.name, scope.version.id, plan, after)
                    st.rerun(scope="app")
                if (batch := st.session_state.get(_BATCH)) and st.button(
                    "Undo the rule", icon=":material/undo:"
                ):
                    Journal(scope.dataset.journal_path).undo_batch(batch, decisions.reviewer(scope.dataset))
                    del st.session_state[_BATCH]
                    st.rerun()


def _plan(scope: page.Scope, state: Open, chosen: Mapping[str, str]) -> tuple[PolicyPlan, GroupsAfter]:
    """The plan for these choices and what is open after it, made once while nothing changes."""
    known = st.session_state.get("dup-plan")
    if known is None or known[0] is not state or known[1] != chosen:
        plan = plan_policy(state.found, chosen, state.queues, SURE_DISTANCE)
        known = (state, dict(chosen), plan, state.after(scope, plan))
        st.session_state["dup-plan"] = known
    plan, after = known[2:]
    return plan, after


def _outcome(scope: page.Scope, plan: PolicyPlan, after: GroupsAfter) -> None:
    about = plan.summary()
    before = manifest.counts(scope.manifest).sum()
    rows: list[list[markup.Cell]] = [
        ["groups settled", about["groups"]],
        ["groups left to ask you", about["left"]],
        ["groups open after Apply", after["open"]],
    ]
    if after["anew"]:
        rows.append(["of these, formed anew", after["anew"]])
    rows += [[f"images dropped from {s}", about["splits"][s]] for s in ordered_splits(about["splits"])]
    rows += [
        [f"{name}, images", f"{-dropped / max(int(before.get(name, 0)), 1):+.1%}"]
        for name, dropped in list(about["classes"].items())[:4]
    ]
    st.html(
        markup.table(["the rule would do", ""], rows, numeric=[1], caption="Outcome of the rule")
        + f'<p class="fer-note">Rules drop pictures up to {SURE_DISTANCE} bits apart: beyond, some pairs are two faces in the '
        "same light, so those groups are left for you.</p>"
        + (f'<p class="fer-note">{ANEW}</p>' if after["anew"] else "")
    )


def show_preview(scope: page.Scope) -> None:
    """Draw the preview if it was asked for: by the page, since a dialog within a fragment that is drawn every few
    seconds loses a press made at that moment."""
    *of, plan, after = st.session_state.get(_ASKED, (None, None, None))
    if plan is not None and of == [scope.dataset.name, scope.version.id]:
        st.dialog("Settle open groups by rule", width="medium", on_dismiss=_close)(_preview)(
            scope, plan, after
        )


def _close() -> None:
    st.session_state.pop(_ASKED, None)


def _preview(scope: page.Scope, plan: PolicyPlan, after: GroupsAfter) -> None:
    """Faces that would go, and the button that records it."""
    about, gone = plan.summary(), plan.dropped
    formed = f", {after['anew']:,} of which form anew" if after["anew"] else ""
    st.html(
        f'<p class="fer-note">{about["dropped"]:,} images of {markup.plural(about["groups"], "group")} would be dropped '
        f"from the next version; {about['left']:,} groups stay for you. "
        f"After Apply {after['open']:,} are open{formed}. The files stay where they are.</p>"
    )
    some = gone.head(24)
    words = [SheetFace(r["image_id"], r["label"], f"{r['split']} · {r['kind']}") for r in row_dicts(some)]
    pixels = cache.faces(scope.dataset, some["row"])
    face_sheet.sheet(
        pixels, words, key="rule-faces", label="Faces that would be dropped", size=72, clickable=False
    )
    if len(gone) > len(some):
        st.html(f'<p class="fer-muted">and {len(gone) - len(some):,} more</p>')
    label = f"Record: drop {about['dropped']:,} images of {about['groups']:,} groups"
    if st.button(label, type="primary", key="dup-record"):
        with st.spinner(f"Recording {markup.plural(about['groups'], 'group')}"):
            made = plan.decisions(decisions.reviewer(scope.dataset))
            st.session_state[_BATCH] = Journal(scope.dataset.journal_path).add_many(made)
        _close()
        st.rerun()
